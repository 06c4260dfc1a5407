"""Grids of small training runs, and what each scored: plain, on little text read again and again, on text of several
qualities, with experts of several grains, and with experts grown out of a dense model."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import astuple, dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit import lm_nets
from methods.kit.engine.archives import reads
from methods.kit.lm_nets import Body, Feed
from methods.kit.stage import lm_ladder, lm_text
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_ladder import (
    MARKS,
    RATES,
    UNITS,
    Tell,
    asked,
    digest,
    fresh,
    kept,
    ladder,
    reading,
    trained,
    weights_of,
    window_nats,
)
from methods.kit.stage.lm_text import LENGTH, PIECES, library
from methods.kit.stage.sources import BIBLE, NOVELS

GRIDS = ("plain", "repeated", "quality", "experts", "upcycled")
UNIQUE = (256, 768, 2304)                        # windows that are read again and again
MIXES = (("fresh", 0.0), ("shuffled", 0.35), ("shuffled", 0.7), ("bigrams", 0.35), ("bigrams", 0.7),
         ("looping", 0.35), ("looping", 0.7))
GRAINS, EXPERTS = (1, 2, 4), 4
GROWN_FROM = (106, 300, 848, 1696)               # steps of the dense model that experts grow out of
AROUND = ((16, 1), (32, 2))                      # sizes of the grids with something else than size in them


@dataclass(frozen=True)
class Run:
    """One training run. `weights` are those at work for a piece, `body` those without the embeddings; `units` are the
    pieces predicted in training, `unique` the different ones among them. `packed` is the share of bytes that zlib
    leaves of the text, `surprise` its nats a piece under a model that has read plain text. `grain` is how many parts an
    expert is cut into, 0 for none; `before` are the units of the dense model that experts grew out of."""

    weights: float
    body: float
    units: float
    unique: float
    packed: float = 0.0
    surprise: float = 0.0
    mix: float = 0.0
    grain: float = 0.0
    before: float = 0.0

    @property
    def compute(self) -> float:
        """Floating-point operations of training, about."""
        return 6 * self.weights * self.units


class Experts(nn.Module):
    """4 G experts of 1/G of the feed-forward's width each, of which every piece goes through G (Experts of grain G).

    Gates are the router's softmax over all, times the number of experts over G. `renormed` gates sum to one over the
    chosen. `aside` is the usual loss that spreads pieces over experts."""

    def __init__(self, width: int, hidden: int, grain: int, chosen: int, renormed: bool = False):
        super().__init__()
        self.many, self.chosen, self.renormed = EXPERTS * grain, chosen, renormed
        self.router = nn.Linear(width, self.many, bias=False)
        self.rise = nn.Linear(width, self.many * (hidden // grain))
        self.out = nn.Linear(self.many * (hidden // grain), width)
        nn.init.normal_(self.router.weight, std=0.02)
        self.spread = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        shares = self.router(x).softmax(-1)
        top, at = shares.topk(self.chosen, -1)
        gates = torch.zeros_like(shares).scatter(-1, at, top)
        gates = gates / top.sum(-1, keepdim=True) if self.renormed else gates * (self.many / self.chosen)
        used = (gates > 0).to(x.dtype).flatten(0, 1).mean(0) / self.chosen
        self.spread = self.many * (used * shares.flatten(0, 1).mean(0)).sum()
        hidden = F.gelu(self.rise(x)).unflatten(-1, (self.many, -1)) * gates[..., None]
        return self.out(hidden.flatten(-2))


class Mixed(Body):
    """A body with experts in the place of its feed-forward parts."""

    def aside(self) -> Tensor:
        return 0.01 * torch.stack([block.feed.spread for block in self.blocks]).sum()  # type: ignore[misc, union-attr]

    def __deepcopy__(self, memo):
        for block in self.blocks:
            block.feed.spread = torch.zeros(())  # type: ignore[union-attr]
        new = self.__class__.__new__(self.__class__)
        memo[id(self)] = new
        for name, value in self.__dict__.items():
            new.__dict__[name] = deepcopy(value, memo)
        return new


def grained(width: int, blocks: int, grain: int, world: int) -> Mixed:
    """A new model with experts of a grain."""
    with lm_ladder.seeded(world, torch.device("cpu")):
        net = Mixed(PIECES, width, blocks, max(1, width // 16))
        for block in net.blocks:
            first, last = block.feed.rise.weight.detach().std(), block.feed.out.weight.detach().std()  # type: ignore[operator, union-attr]
            block.feed = Experts(width, 4 * width, grain, grain)
            nn.init.normal_(block.feed.rise.weight, std=float(first))
            nn.init.normal_(block.feed.out.weight, std=float(last))
            nn.init.zeros_(block.feed.rise.bias)
            nn.init.zeros_(block.feed.out.bias)
        return net


def grown(net: Body, world: int) -> Mixed:
    """Four copies of every feed-forward part, of which a piece goes through two; at first it says what it said."""
    with lm_ladder.seeded(world, torch.device("cpu")):
        new = Mixed(PIECES, net.width, len(net.blocks), max(1, net.width // 16))
        new.load_state_dict(net.state_dict())
        for block in new.blocks:
            old: Feed = block.feed  # type: ignore[assignment]
            block.feed = Experts(net.width, 4 * net.width, 1, 2, renormed=True)
            with torch.no_grad():
                block.feed.rise.weight.copy_(old.rise.weight.repeat(EXPERTS, 1))
                block.feed.rise.bias.copy_(old.rise.bias.repeat(EXPERTS))
                block.feed.out.weight.copy_(old.out.weight.repeat(1, EXPERTS))
                block.feed.out.bias.copy_(old.out.bias)
        return new.requires_grad_(True)


def at_work(net: Mixed) -> tuple[int, int]:
    """Weights that a piece goes through, with and without the embeddings: of the experts only those chosen."""
    every, body = weights_of(net)
    idle = sum((p.numel() * (block.feed.many - block.feed.chosen)) // block.feed.many for block in net.blocks  # type: ignore[misc, operator, union-attr]
               for p in (block.feed.rise.weight, block.feed.rise.bias, block.feed.out.weight))  # type: ignore[union-attr]
    return every - idle, body - idle


def mixed_text(windows: Tensor, kind: str, share: float, drawn: np.random.Generator) -> Tensor:
    """A share of the windows made worse: pieces in another order, pieces drawn from bigrams, or a part in a loop."""
    plain = windows.numpy()
    worse = plain.copy()
    rows = np.flatnonzero(drawn.random(len(plain)) < share)
    if kind == "shuffled":
        worse[rows] = drawn.permuted(plain[rows], axis=1)
    elif kind == "looping":
        worse[rows] = np.tile(plain[rows, :16], (1, 5))[:, :LENGTH + 1]
    elif kind == "bigrams":
        first, second = plain[:, :-1].ravel(), plain[:, 1:].ravel()
        order = np.argsort(first, kind="stable")
        starts = np.searchsorted(first[order], np.arange(PIECES + 1))
        for at in range(LENGTH):
            low, high = starts[worse[rows, at]], starts[worse[rows, at] + 1]
            picked = low + (drawn.random(len(rows)) * np.maximum(high - low, 1)).astype(np.int64)
            worse[rows, at + 1] = second[order[np.minimum(picked, len(order) - 1)]]
    return torch.from_numpy(worse)


def packed(windows: Tensor, pieces: list[bytes]) -> float:
    """The share of the bytes of a text that zlib leaves."""
    text = b"".join(pieces[i] for i in windows.flatten().tolist())
    return len(zlib.compress(text, 9)) / len(text)


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def grid(name: str, world: int, small: bool = False, tell: Tell = None) -> tuple[list[Run], np.ndarray]:
    """The runs of a grid and (runs, sources, windows) the nats each scored on test windows; where `small`, nothing is
    trained and the nats are made up."""
    if small:
        return _made_up(name, world)
    code = digest(lm_nets, lm_text, lm_ladder, sys.modules[__name__])
    found = kept(f"lm-grid-{name}-{world}", lambda: _arrays(_GRIDS[name](world, tell), tell), False, tell, code)
    return [Run(*row) for row in np.array(found["runs"]).tolist()], np.array(found["nats"])


Looked = Iterator[tuple[Run, nn.Module]]


def _arrays(looked: Looked, tell: Tell) -> dict[str, np.ndarray]:
    windows, _ = asked(False, tell)
    runs, scored = [], []
    for run, net in looked:
        runs.append(astuple(run))
        scored.append(window_nats(net, windows.flatten(0, 1)).reshape(windows.shape[:2]))
    return {"runs": np.array(runs, np.float64).reshape(-1, len(fields(Run))), "nats": np.stack(scored)}


def _marks(last: int = 424) -> tuple[int, ...]:
    return tuple(mark for mark in MARKS if mark <= last)


def _plain(world: int, tell: Tell) -> Looked:
    for rung in ladder(world, False, tell):
        net = rung.net()
        yield Run(*weights_of(net), rung.steps * UNITS, rung.steps * UNITS), net


def _repeated(world: int, tell: Tell) -> Looked:
    for width, blocks in AROUND:
        for unique in UNIQUE:
            windows = reading(False, tell)[world * unique:][:unique]
            net = fresh(width, blocks, world)
            for step, mean in trained(net, windows, RATES[width], _marks(848), world, tell):
                yield Run(*weights_of(net), step * UNITS, min(unique * LENGTH, step * UNITS)), mean


def _quality(world: int, tell: Tell) -> Looked:
    windows, teacher = reading(False, tell), ladder(0, False, tell)[-1].net()
    pieces = _pieces(library(False, tell).cutter)
    for at, (kind, share) in enumerate(MIXES):
        drawn = np.random.default_rng([world, at])
        text = mixed_text(windows, kind, share, drawn)
        said = packed(text[:2000], pieces), float(window_nats(teacher, text[:1000]).mean()) / LENGTH
        for width, blocks in AROUND:
            net = fresh(width, blocks, world)
            for step, mean in trained(net, text, RATES[width], _marks(), world, tell):
                yield Run(*weights_of(net), step * UNITS, step * UNITS, *said, at), mean


def _experts(world: int, tell: Tell) -> Looked:
    for width, blocks in AROUND:
        for grain in GRAINS:
            net = grained(width, blocks, grain, world)
            for step, mean in trained(net, reading(False, tell), RATES[width], _marks(), world, tell):
                yield Run(*at_work(net), step * UNITS, step * UNITS, grain=grain), mean


def _upcycled(world: int, tell: Tell) -> Looked:
    windows = reading(False, tell)
    for rung in ladder(world, False, tell):
        if rung.width == 24 and rung.steps in GROWN_FROM:
            net = grown(rung.net(), world)
            for step, mean in trained(net, windows.flip(0), RATES[rung.width], _marks(), world, tell):
                yield Run(*at_work(net), step * UNITS, step * UNITS, grain=1, before=rung.steps * UNITS), mean


_GRIDS = {"plain": _plain, "repeated": _repeated, "quality": _quality, "experts": _experts, "upcycled": _upcycled}


def _made_up(name: str, world: int) -> tuple[list[Run], np.ndarray]:
    """Runs of a grid's kind that follow a law, but for a little noise."""
    steps, drawn = (75, 150, 300, 600), np.random.default_rng(world)
    others: dict[str, list[dict[str, float]]] = {
        "plain": [{}], "repeated": [{"unique": 16384.0}, {"unique": 65536.0}],
        "quality": [{"packed": 0.40, "surprise": 3.0, "mix": 0.0}, {"packed": 0.45, "surprise": 3.6, "mix": 1.0},
                    {"packed": 0.30, "surprise": 2.5, "mix": 2.0}],
        "experts": [{"grain": 1.0}, {"grain": 2.0}],
        "upcycled": [{"grain": 1.0, "before": 5e4}, {"grain": 1.0, "before": 4e5}]}
    sizes = ((11568, 3376), (41984, 25600), (133120, 100352))
    runs = [Run(*size, step * UNITS, **{"unique": step * UNITS, **other})
            for size in sizes[:1 if name == "upcycled" else 3] for other in others[name] for step in steps]
    level = [1 + 40 * run.weights ** -0.4 + 60 * min(run.units, 4 * run.unique) ** -0.4 + 0.05 * run.mix
             - 0.05 * run.grain - 1e-7 * run.before + 0.005 * drawn.standard_normal() for run in runs]
    nats = np.array(level)[:, None, None] * (60 + 4 * np.arange(4)[:, None]) * (1 + 0.05 * np.random.default_rng(0)
                                                                                  .standard_normal((4, 16)))
    return runs, nats.astype(np.float32)


def _pieces(cutter: str) -> list[bytes]:
    """The bytes of each piece, as the cutter writes them: a character a byte."""
    known = json.loads(cutter)["model"]["vocab"]
    return [piece.encode("utf-8", "replace") for piece in sorted(known, key=known.get)]
