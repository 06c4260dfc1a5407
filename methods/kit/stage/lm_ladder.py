"""Small language models of several sizes, each seen at several moments of one training, made once and kept.

A model trains at a constant rate after a short warm-up, and what counts as "the run of so many steps" is the mean of
its weights over the last quarter of those steps, which is close to what a run of its own with a falling rate would
reach. So one training stands for runs of all lengths, and every run has a schedule of its own. Windows come in a mixed
order and none is read twice, unless the plan says so. Each plan is trained in several worlds (first weights and order
of windows), never by a scoring seed.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from methods.kit import lm_nets
from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Body, batches, groups, nats
from methods.kit.stage import lm_text
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_text import LENGTH, PIECES, TEST, TRAIN, library
from methods.kit.stage.seeding import seeded, torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS

SOURCES = ("fiction", "reviews", "news", "code")
BATCH, WORLDS, WARM = 8, 3, 30
ASKED = 256                                                  # test windows of a source
RATES = {8: 0.01, 16: 0.01, 24: 0.01, 32: 0.008, 48: 0.006, 64: 0.005}
MARKS = (75, 106, 150, 212, 300, 424, 600, 848, 1200, 1696)  # steps at which a training is looked at
LADDER = {(16, 1): 1696, (24, 2): 1696, (32, 2): 1696, (48, 2): 1200, (64, 2): 1200}
_SMALL = {(8, 1): 24, (16, 1): 24}
_SMALL_MARKS = (6, 8, 12, 17, 24)

Tell = Callable[[float, str], None] | None


@dataclass(frozen=True)
class Rung:
    """One moment of one training: size, steps, and the mean weights by name."""

    width: int
    blocks: int
    steps: int
    weights: dict[str, np.ndarray]

    def net(self) -> Body:
        net = fresh(self.width, self.blocks, 0)
        net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in self.weights.items()})
        return net


def fresh(width: int, blocks: int, world: int) -> Body:
    """A model before it has read anything, with heads of 16."""
    with seeded(world, torch.device("cpu")):
        return Body(PIECES, width, blocks, max(1, width // 16))


def trained(net: torch.nn.Module, windows: Tensor, rate: float, marks: tuple[int, ...], world: int,
            tell: Tell = None) -> Iterator[tuple[int, torch.nn.Module]]:
    """Train on windows (N, 65), in passes of mixed order; at every mark, the steps and the model of mean weights. A net
    with an `aside` has it added to the loss."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
        parts = list(net.parameters())
        sums, many = [torch.zeros_like(p) for p in parts], 0
        drawn, steps = torch_generator(world, "ladder"), marks[-1]
        for step, rows in enumerate(batches(len(windows), BATCH, steps, drawn), 1):
            with torch.enable_grad():
                for group in optimizer.param_groups:
                    group["lr"] = rate * min(1, step / WARM)
                optimizer.zero_grad(set_to_none=True)
                loss = nats(net, windows[rows]).mean()
                (loss + net.aside() if hasattr(net, "aside") else loss).backward()  # type: ignore[operator]
                torch.nn.utils.clip_grad_norm_(parts, 1.0)
                optimizer.step()
            if step > 0.75 * min(mark for mark in marks if mark >= step):
                torch._foreach_add_(sums, [p.detach() for p in parts])
                many += 1
            if step in marks:
                mean = deepcopy(net).requires_grad_(False)
                for p, total in zip(mean.parameters(), sums, strict=True):
                    p.copy_(total / many)
                sums, many = [torch.zeros_like(p) for p in parts], 0
                yield step, mean
                if tell:
                    tell(step / steps, "training small language models")
    finally:
        torch.set_num_threads(threads)


@torch.no_grad()
def window_nats(net: torch.nn.Module, windows: Tensor) -> np.ndarray:
    """(N,) nats of all predicted pieces of each window."""
    return torch.cat([nats(net, part).sum(1) for part in windows.split(256)]).numpy().astype(np.float32)


def reading(small: bool = False, tell: Tell = None) -> Tensor:
    """Windows of all training documents, equally many of each source, in a fixed mixed order."""
    shelves, drawn = library(small, tell).shelves, np.random.default_rng(0)
    least = min(len(shelves[name].rows(TRAIN)) for name in SOURCES)
    rows = np.concatenate([shelves[name].windows[drawn.permutation(shelves[name].rows(TRAIN))[:least]]
                           for name in SOURCES])
    return torch.from_numpy(rows[drawn.permutation(len(rows))])


def asked(small: bool = False, tell: Tell = None) -> tuple[Tensor, np.ndarray]:
    """Test windows (4, N, 65), by source, and how many bytes (4, N) are predicted in each."""
    read, drawn = library(small, tell), np.random.default_rng(1)
    found = [read.shelves[name].windows[drawn.permutation(read.shelves[name].rows(TEST))[:ASKED]] for name in SOURCES]
    many = min(map(len, found))
    windows = np.stack([each[:many] for each in found])
    return torch.from_numpy(windows), read.sizes[windows[:, :, 1:].astype(np.int64)].sum(2)


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def ladder(world: int, small: bool = False, tell: Tell = None) -> list[Rung]:
    """Every size at every mark, in one world."""
    plan, marks = (_SMALL, _SMALL_MARKS) if small else (LADDER, MARKS)
    found = []
    for (width, blocks), steps in plan.items():
        at = tuple(mark for mark in marks if mark <= steps)
        arrays = kept(f"lm-ladder-{width}-{blocks}-{steps}-{world}", lambda w=width, b=blocks, m=at: {  # type: ignore[misc]
            f"{step}-{name}": value for step, net in trained(
                fresh(w, b, world), reading(small, tell), RATES[w], m, world, tell)
            for name, value in _numbers(net).items()}, small, tell)
        found += [Rung(width, blocks, step, {name.split("-", 1)[1]: value for name, value in arrays.items()
                                             if name.split("-", 1)[0] == str(step)}) for step in at]
    return found


def _numbers(net: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}


_made: dict[str, dict[str, np.ndarray]] = {}


def kept(name: str, make: Callable[[], dict[str, np.ndarray]], small: bool, tell: Tell,
         code: int | None = None) -> dict[str, np.ndarray]:
    """What `make` returns, made once: in the cache of data, or where `small`, in memory."""
    if small:
        return _made.setdefault(name, make()) if name not in _made else _made[name]
    return decoded(name, digest(lm_nets, lm_text, sys.modules[__name__]) if code is None else code,
                   (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS), lambda *_: make(), tell)


@cache
def digest(*modules) -> int:
    """A number that changes when the code of the modules does, other than in docstrings."""
    parsed = [ast.parse(inspect.getsource(module)) for module in modules]
    for node in (node for tree in parsed for node in ast.walk(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return int.from_bytes(hashlib.sha256("".join(map(ast.dump, parsed)).encode()).digest()[:4], "big")


def weights_of(net: torch.nn.Module) -> tuple[int, int]:
    """How many weights there are, and how many without the embeddings.

    >>> weights_of(fresh(16, 1, 0))
    (11568, 3376)
    """
    every = sum(p.numel() for p in net.parameters())
    return every, every - net.embed.weight.numel()  # type: ignore[operator, union-attr]


UNITS = BATCH * LENGTH       # pieces that are predicted in a step
