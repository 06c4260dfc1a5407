"""Residual networks for pictures as vectors, trained once at several widths and kept; and a network of choices.

A net of width w maps 196 pixels to a stream of w, through four blocks of hidden width 2 w, to ten classes. Kept are,
in two worlds (the seed takes one), nets of three widths after 250 steps, to start from, and nets of five widths after
600 steps, an upper bound. Batches of 64, Adam at 2e-3 that falls to nothing by a cosine.
"""

from __future__ import annotations

import math
import sys
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import data as datasets
from methods.kit.stage.seeding import numpy_generator, seeded, torch_generator
from methods.kit.stage.word_models import digest, weights_of

BLOCKS, CLASSES, WORLDS, BATCH, RATE = 4, 10, 2, 64, 2e-3
ANCHORS, WIDTHS = (24, 48, 96), (24, 36, 48, 68, 96)
ANCHOR_STEPS, ALONE_STEPS = 250, 600
SMALLER = 4              # of widths, at the smoke scale


class Block(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.norm, self.rise, self.out = nn.LayerNorm(width), nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.cost = 2 * width * hidden

    def forward(self, x: Tensor) -> Tensor:
        return x + self.out(self.rise(self.norm(x)).relu())


class Net(nn.Module):
    """`cost` is multiply-adds a picture."""

    def __init__(self, pixels: int, width: int):
        super().__init__()
        self.width, self.enter = width, nn.Linear(pixels, width)
        self.blocks = nn.ModuleList(Block(width, 2 * width) for _ in range(BLOCKS))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)
        self.cost = pixels * width + BLOCKS * 4 * width * width + CLASSES * width

    def states(self, x: Tensor) -> list[Tensor]:
        """(N, w) entry and the stream after every block."""
        states = [self.enter(x)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    def logits(self, h: Tensor) -> Tensor:
        return self.head(self.norm(h))

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(self.states(x)[-1])


@reads(datasets.FASHION_MNIST)
def pictures(small: bool = False, on_progress=None) -> dict[str, tuple[Tensor, Tensor]]:
    """Pictures (N, D) and classes (N,) for training, validation and test, split once; pixels have mean 0."""
    if small:
        drawn, kinds = datasets.digits()
        counts = (900, 300, 500)
    else:
        drawn, kinds = datasets.fashion_mnist(on_progress)
        counts = (10_000, 3_000, 10_000)
    rows = numpy_generator(0, "elastic pictures").permutation(len(kinds))[:sum(counts)]
    x = torch.from_numpy(np.array(drawn[rows])).float()
    x = x.flatten(1) if small else F.avg_pool2d(x[:, None] / 255, 2).flatten(1)
    x = (x - x[:counts[0]].mean()) / x[:counts[0]].std()
    y = torch.from_numpy(np.array(kinds[rows])).long()
    parts = zip(x.split(counts), y.split(counts), strict=True)
    return dict(zip(("train", "watch", "test"), parts, strict=True))


def anchors(world: int, small: bool = False, on_progress=None) -> list[Net]:
    return [kept(world, width, ANCHOR_STEPS, small, on_progress) for width in ANCHORS]


def kept(world: int, width: int, steps: int, small: bool, on_progress=None) -> Net:
    """A net trained for so many steps."""
    weights = _small(world, width, steps) if small else decoded(
        f"elastic-{width}-{steps}-{world}", digest(sys.modules[__name__]), (datasets.FASHION_MNIST,),
        lambda _: _made(world, width, steps, False, on_progress), on_progress)
    net = blank(world, width, small)
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


def blank(world: int, width: int, small: bool) -> Net:
    with seeded(world, torch.device("cpu")):
        return Net(64, width // SMALLER) if small else Net(196, width)


@cache
def _small(world: int, width: int, steps: int) -> dict[str, np.ndarray]:
    return _made(world, width, steps, True)


def _made(world: int, width: int, steps: int, small: bool, on_progress=None) -> dict[str, np.ndarray]:
    (x, y), net = pictures(small, on_progress)["train"], blank(world, width, small)
    drawn, steps = torch_generator(world, f"net {width} {steps}"), steps // (40 if small else 1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            optimizer = torch.optim.Adam(net.parameters(), RATE)
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = RATE * falling(step / steps)
                rows = torch.randint(len(x), (BATCH,), generator=drawn)
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(net(x[rows]), y[rows]).backward()
                optimizer.step()
    finally:
        torch.set_num_threads(threads)
    return weights_of(net)


def falling(progress: float) -> float:
    """Share of the rate."""
    return 0.5 * (1 + math.cos(math.pi * progress))
