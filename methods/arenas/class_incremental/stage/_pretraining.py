"""The network that class-incremental learning starts from: trained once on pictures that never come in the stream."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.class_incremental.stage.nets import Net, only, spelled
from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import data as datasets
from methods.kit.stage.seeding import derive, seeded, torch_generator
from methods.kit.stage.sources import QUICKDRAW

PRETRAINED = 1          # raise when pretraining changes
CAPTIONS = 15           # pictures of a stream class that only the pretraining on captions may see
WRONG_CAPTIONS = 0.3


@dataclass(frozen=True)
class Sizes:
    """All that pretraining depends on."""

    source: str
    backbone: str
    width: int
    layers: int
    heads: int
    classes: int
    shift: int
    pretrain: int
    pretrain_weak: int
    pretrain_captions: int


def sizes_of(o) -> Sizes:
    return Sizes(**{name: getattr(o, name) for name in Sizes.__dataclass_fields__})


@reads(QUICKDRAW)
def pretrained(o: Sizes, on_progress=None) -> dict[str, np.ndarray]:
    """The network's weights by name, without a head, trained once for these sizes; the same for every seed."""
    if o.backbone == "none":
        return {}
    if o.source == "digits":
        return _small_pretrained(o)
    name = f"class-incremental-{derive(0, repr(o)):x}"
    return decoded(name, PRETRAINED, (QUICKDRAW,), lambda *_: pretrain(o, on_progress), on_progress)


@cache
def _small_pretrained(o: Sizes) -> dict[str, np.ndarray]:
    return pretrain(o)


def pretrain(o: Sizes, on_progress=None) -> dict[str, np.ndarray]:
    """Train on classes that are not in the stream to name them and to agree with their names; one thread, one seed."""
    images, labels, names = pictures(o.source, on_progress)
    others = roles(len(names))[:-o.classes]
    others = others[:max(2, len(names) // 11)] if o.backbone == "weak" else others
    steps = o.pretrain_weak if o.backbone == "weak" else o.pretrain
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad(), seeded(0, torch.device("cpu")):
            net = Net(images.shape[-1], o.width, o.layers, o.heads, len(names))
            rows = np.flatnonzero(np.isin(labels, others))
            _fit(net, images[rows], labels[rows], names, others, steps, o, on_progress)
            if o.backbone == "captions":
                rng, stream = np.random.default_rng(0), roles(len(names))[-o.classes:]
                told = np.concatenate([np.flatnonzero(labels == c)[:CAPTIONS] for c in stream])
                said = np.where(rng.random(len(told)) < WRONG_CAPTIONS, rng.choice(stream, len(told)), labels[told])
                both = np.concatenate([rows[::4], told])
                _fit(net, images[both], np.concatenate([labels[rows[::4]], said]), names, np.arange(len(names)),
                     o.pretrain_captions, o, on_progress)
    finally:
        torch.set_num_threads(threads)
    return {name: value.numpy().copy() for name, value in net.state_dict().items() if not name.startswith("head.")}


def _fit(net, images, labels, names, classes, steps, o, on_progress) -> None:
    generator, words = torch_generator(0, "pretraining"), spelled(names)
    x, y = as_input(images), torch.from_numpy(np.asarray(labels))
    allowed = torch.from_numpy(np.sort(classes))
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.05)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / (0.05 * steps)) * 0.5 * (1 + math.cos(math.pi * step / steps))
        at = torch.randint(len(y), (64,), generator=generator)
        z = net.features(shifted(x[at], o.shift, generator))
        agree = 16 * F.normalize(z, dim=1) @ F.normalize(net.text(words), dim=1).T
        loss = sum(F.cross_entropy(only(logits, allowed), y[at]) for logits in (net.head(z), agree))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if on_progress and step % 50 == 0:
            on_progress(step / steps, "pretraining the network")


def roles(classes: int) -> np.ndarray:
    """The classes in a fixed random order: the last ones are the stream's, the others pretrain the network."""
    return np.random.default_rng(345).permutation(classes)


def pictures(source: str, on_progress=None) -> tuple[np.ndarray, np.ndarray, list[str]]:
    if source == "quickdraw":
        return datasets.quickdraw(on_progress)
    images, labels = datasets.digits()
    return images, labels, ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def as_input(images: np.ndarray) -> Tensor:
    """(N, 1, H, W) of mean about 0."""
    x = torch.from_numpy(np.array(images)).float()[:, None]
    return (x / (255 if images.dtype == np.uint8 else 1) - 0.25) / 0.35


def shifted(x: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Every picture of x (B, 1, H, W) moved by up to `most` pixels each way."""
    corner = torch.randint(0, 2 * most + 1, (2, len(x), 1), generator=generator)
    rows, columns = (corner + torch.arange(x.shape[-1])).to(x.device)
    padded = F.pad(x, (most,) * 4, mode="replicate")[:, 0]
    which = torch.arange(len(x), device=x.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]][:, None]
