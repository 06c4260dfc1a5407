"""A small network that has learnt to name 200 kinds of drawings, and what it says of all 345."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.engine.archives import decoded
from methods.kit.stage import sentence_encoder
from methods.kit.stage.data import QUICKDRAW, quickdraw
from methods.kit.stage.drawing_features import DoodleNet
from methods.kit.stage.seeding import numpy_generator, seeded, torch_generator
from methods.kit.stage.sources import MINILM

SPLITS, BASE, VALIDATION = 5, 200, 45
STEPS, BATCH, RATE, SCALE = 800, 64, 2e-3, 16.0
LOOKS = ("plain", "thick")


def kinds_of(split: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kinds that train the network, that choose strengths, and that are asked."""
    order = numpy_generator(split, "kinds of drawings").permutation(345)
    return order[:BASE], order[BASE:BASE + VALIDATION], order[BASE + VALIDATION:]


def look(x: Tensor, name: str) -> Tensor:
    """Pictures (N, 1, H, W) in 0..1, light on dark; "thick" has strokes three dots wider, dark on light."""
    return x if name == "plain" else 1 - F.max_pool2d(x, 3, 1, 1)


def features(split: int, on_progress=None) -> dict[str, np.ndarray]:
    """By look, features (34500, 128) float16 of all drawings, in class order; made once for a split."""
    return decoded(f"few-shot-{split}", 1, (QUICKDRAW,), lambda *_: _features(split, on_progress), on_progress)


def names(on_progress=None) -> np.ndarray:
    """(345, 384) what a sentence encoder says of the names of the kinds."""
    called = tuple(quickdraw(on_progress)[2])
    return decoded(f"drawing-names-{MINILM.version}", sentence_encoder.DECODED, (QUICKDRAW,),
                   lambda *_: {"vectors": sentence_encoder.class_names(called).numpy()}, on_progress)["vectors"]


def _features(split: int, on_progress=None) -> dict[str, np.ndarray]:
    images, labels, _ = quickdraw(on_progress)
    x, y = torch.from_numpy(np.array(images))[:, None], torch.from_numpy(np.array(labels))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        net = _trained(x, y, torch.from_numpy(kinds_of(split)[0].copy()), split, on_progress)
        with torch.no_grad():
            return {name: torch.cat([net(look(part.float() / 255, name)).half() for part in x.split(500)]).numpy()
                    for name in LOOKS}
    finally:
        torch.set_num_threads(threads)


def _trained(x: Tensor, y: Tensor, base: Tensor, split: int, on_progress=None) -> DoodleNet:
    """A cosine classifier of the base kinds; one thread, one seed a split, so always the same."""
    place = torch.full((345,), -1)
    place[base] = torch.arange(len(base))
    rows = (place[y] >= 0).nonzero().squeeze(1)
    with torch.enable_grad(), seeded(split, torch.device("cpu")):
        net, drawn = DoodleNet(len(base)), torch_generator(split, "drawings")
        optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.01)
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 80) * 0.5 * (
                1 + math.cos(math.pi * step / STEPS))
            taken = rows[torch.randint(len(rows), (BATCH,), generator=drawn)]
            near = F.linear(F.normalize(net(x[taken].float() / 255), dim=1), F.normalize(net.head.weight, dim=1))
            loss = F.cross_entropy(SCALE * near, place[y[taken]])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if on_progress and step % 50 == 0:
                on_progress(step / STEPS, f"learning drawings, split {split}")
    return net.eval()
