"""The source model of the arena of parameter-efficient adaptation: what it learns, and its pretraining."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.peft.stage.examples import Examples, plain
from methods.kit.adapters import PatchStem, SentenceEncoder, Transformer
from methods.kit.engine.archives import decoded
from methods.kit.stage import sentence_encoder
from methods.kit.stage.data import QUICKDRAW, digits, fashion_mnist, quickdraw, stdlib_source
from methods.kit.stage.seeding import derive, seeded, torch_generator

SYMBOLS = 97                         # newline, 95 printable characters, and one for all others
PRETRAINED = 1                       # raise when pretraining changes
UNSEEN = ((1, 1), (3, 0))            # pairs of look and question kept for the test


class Sizes(NamedTuple):
    """What pretraining depends on."""

    small: bool
    width: int
    hidden: int
    heads: int
    layers: int
    patch: int
    context: int
    pretrain: int
    windows: int
    characters: int


def sizes_of(o) -> Sizes:
    return Sizes(*(getattr(o, name) for name in Sizes._fields))


def source_of(o) -> str:
    """What the source model has learnt: "doodles", "programs" or "sentences"."""
    return "sentences" if o.sentences else "programs" if o.text or o.modality else "doodles"


def build(o: Sizes, source: str) -> Transformer:
    """The untrained source model: doodles (or small digits) to kinds, characters to the next, sentences to topics."""
    sizes = (o.width, o.hidden, o.heads, o.layers)
    if source == "sentences":
        return SentenceEncoder(o.context, *sizes, 4 if o.small else sentence_encoder.TOPICS)
    if source == "programs":
        return Transformer(nn.Embedding(SYMBOLS, o.width), o.context, *sizes, SYMBOLS, True)
    tokens, kinds = ((8 // o.patch)**2, 10) if o.small else ((28 // o.patch)**2, 345)
    return Transformer(PatchStem(o.patch, o.width), tokens, *sizes, kinds, False)


def pretrained(o: Sizes, source: str, on_progress=None) -> dict[str, np.ndarray]:
    """The source model's weights by name, trained once for these sizes; the same for every seed.

    Those of the sentence encoder come in a package; its classifier of topics is fitted once.
    """
    if source == "sentences":
        found, lower = stories_of(o, on_progress), sentence_encoder.LAYERS - o.layers
        return {"head.weight": found.head, "head.bias": found.bias} | {
            f"blocks.{i}.{name}": value.numpy() for i in range(o.layers)
            for name, value in sentence_encoder.layer_weights(lower + i).items()}
    if o.small:
        return _small_pretrained(o, source)
    name = f"peft-{'text' if source == 'programs' else 'doodles'}-{derive(0, repr(o)):x}"
    sources = () if source == "programs" else (QUICKDRAW,)
    return decoded(name, PRETRAINED, sources, lambda *_: pretrain(o, source, on_progress), on_progress)


def stories_of(o: Sizes, on_progress=None) -> sentence_encoder.Stories:
    return sentence_encoder.stories(o.small, o.context, sentence_encoder.LAYERS - o.layers, on_progress)


@cache
def _small_pretrained(o: Sizes, source: str) -> dict[str, np.ndarray]:
    return pretrain(o, source)


def pretrain(o: Sizes, source: str, on_progress=None) -> dict[str, np.ndarray]:
    """Train the source model of doodles or programs on nine tenths of the source; one thread, fixed seed."""
    text = source == "programs"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.enable_grad(), seeded(0, torch.device("cpu")):
        net, generator = build(o, source), torch_generator(0, "pretraining")
        optimizer = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.05)
        if text:
            symbols = program_symbols(o.characters)
            symbols = symbols[:len(symbols) * 9 // 10]
        else:
            images, labels = pictures(o.small, "source", on_progress)
            kept = np.flatnonzero(np.arange(len(labels)) % 10 != 9)
            x, y = tensor(images[kept]), torch.from_numpy(np.array(labels[kept]))
        for step in range(o.pretrain):
            for group in optimizer.param_groups:
                group["lr"] = 2e-3 * min(1, (step + 1) / (0.05 * o.pretrain)) * 0.5 * (
                    1 + math.cos(math.pi * step / o.pretrain))
            if text:
                at = torch.randint(len(symbols) - o.context - 1, (o.windows, 1), generator=generator)
                window = symbols[at + torch.arange(o.context + 1)]
                loss = F.cross_entropy(net(window[:, :-1]), window[:, 1:].flatten())
            else:
                at = torch.randint(len(y), (o.windows,), generator=generator)
                h, hidden = net.hide(x[at])
                h = net.encode(h)
                loss = F.cross_entropy(net.head(net.pool(net.norm(h))), y[at]) + net.restore_loss(h, x[at], hidden)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            if on_progress and step % 50 == 0:
                on_progress(step / o.pretrain, "pretraining the source model")
    torch.set_num_threads(threads)
    return {name: value.numpy().copy() for name, value in net.state_dict().items()}


def pictures(small: bool, part: str, on_progress=None) -> tuple[np.ndarray, np.ndarray]:
    """Images in 0..1 or 0..255 and labels of the source or the target; small: upright digits, and turned ones."""
    if not small:
        return quickdraw(on_progress)[:2] if part == "source" else fashion_mnist(on_progress)
    images, labels = digits()
    if part == "source":
        return images[:900], labels[:900]
    return 1 - np.rot90(images[900:], axes=(1, 2)), labels[900:]


def tensor(images: np.ndarray) -> Tensor:
    """(N, 1, H, W) of mean about 0."""
    x = torch.from_numpy(np.array(images)).float()[:, None]
    return (x / (255 if images.dtype == np.uint8 else 1) - 0.3) / 0.35


@cache
def program_symbols(characters: int) -> Tensor:
    return symbols_of(stdlib_source(characters))


def symbols_of(text: np.ndarray) -> Tensor:
    """Bytes (N,) as symbols: newline 0, printable characters 1 to 95, all others 96."""
    codes = torch.from_numpy(text.astype("int64"))
    return torch.where((codes >= 32) & (codes < 127), codes - 31, torch.where(codes == 10, 0, SYMBOLS - 1))


def permuted(x: Tensor, patch: int, generator: torch.Generator) -> Tensor:
    """The pixels inside every patch dealt out anew, in the same way for all patches and pictures."""
    order = torch.randperm(patch * patch, generator=generator)
    patches = F.unfold(x, patch, stride=patch)[:, order]
    return F.fold(patches, x.shape[2:], patch, stride=patch)


def seen_as(x: Tensor, y: Tensor, o, draw: torch.Generator, permutation: torch.Generator) -> Examples:
    """Pictures in the setting's looks and under its questions."""
    if o.permute:
        x = permuted(x, o.patch, permutation)
    found = plain(x, y)
    if o.questions > 1:
        question = torch.randint(o.questions, (len(x),), generator=draw)
        found = replace(found, y=torch.where(question == 1, y // 2, y), question=question)
    if o.looks > 1:
        look = torch.randint(o.looks, (len(x),), generator=draw)
        noisy = x + torch.randn(x.shape, generator=draw)
        looks = torch.stack([x, -x + 1.0, x.rot90(1, (2, 3)), noisy])
        found = replace(found, x=looks[look, torch.arange(len(x))], look=look)
    return found


def split_pairs(part: Examples, unseen: bool) -> Examples:
    kept = torch.zeros(len(part.y), dtype=torch.bool)
    for look, question in UNSEEN:
        kept |= (part.look == look) & (part.question == question)
    return part.at((kept if unseen else ~kept).nonzero()[:, 0])
