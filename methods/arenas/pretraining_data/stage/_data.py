"""A pool of passages, some of them spoilt, the models that judge them, and what is asked in the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_starts import start
from methods.kit.stage.lm_text import NAMES, RESERVED, TEST, TRAIN, VALIDATION, library

CLEAN, SHUFFLED, REPLACED, REPEATED = 0, 1, 2, 3
OFTEN = 24              # passages that come again and again
REPLACE = 0.3           # of the pieces of a passage, by pieces of others


@dataclass(frozen=True)
class PassageData:
    """Windows (N, 65). `wanted` (N,) marks pool passages that are clean (in `target`: of the target), `kinds` (N,) says
    what was done to each; `sample` are clean passages of what is asked, `annotated` some of which `good` says whether
    they are clean, `test` what is asked. `ladder` are five models that have read more and more, the start third."""

    pool: Tensor
    kinds: Tensor
    wanted: Tensor
    sample: Tensor
    annotated: Tensor
    good: Tensor
    test: Tensor
    sizes: Tensor
    ladder: tuple[Body, ...]


def passages(trial: Trial) -> PassageData:
    o, rng, drawn = trial.options, trial.numpy("passages"), trial.generator("dirt")
    shelves = library(o.small, trial.progress).shelves
    sizes = torch.from_numpy(library(o.small).sizes.copy()).long()
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST
    mixed = {name: {part: rng.permutation(shelves[name].rows(part)) for part in (TRAIN, asked)} for name in NAMES}

    def some(name: str, part: int, many: int, first: int = 0) -> Tensor:
        rows = mixed[name][part][first:first + many]
        return torch.from_numpy(np.array(shelves[name].windows[rows])).long()

    clean = [some(name, TRAIN, o.pool // len(NAMES)) for name in NAMES]
    sources = torch.cat([torch.full((len(each),), i) for i, each in enumerate(clean)])
    pool, kinds = spoilt(torch.cat(clean), o.dirt, drawn)
    first = o.pool // len(NAMES)
    of = tuple(NAMES) if o.target == "all" else (o.target,)
    sample = torch.cat([some(name, TRAIN, o.sample // len(of), first) for name in of])
    annotated, marks = spoilt(torch.cat([some(name, TRAIN, o.annotated // len(NAMES), first + o.sample)
                                         for name in NAMES]), (0.5, 0.25, 0.25, 0.0), drawn)
    wanted = kinds == CLEAN if o.target == "all" else sources == NAMES.index(o.target)
    test = torch.cat([some(name, asked, o.test // len(of)) for name in of])
    ladder = tuple(start(NAMES, "narrow", steps, trial.seed, o.small, trial.progress).to(trial.device)
                   for steps in o.ladder)
    tensors = (pool, kinds, wanted, sample, annotated, marks == CLEAN, test, sizes)
    return PassageData(*(each.to(trial.device) for each in tensors), ladder)


def spoilt(windows: Tensor, shares: tuple[float, ...], drawn: torch.Generator) -> tuple[Tensor, Tensor]:
    """Passages of which shares are clean, in mixed order, partly replaced, or repeats of OFTEN clean ones."""
    kinds = torch.multinomial(torch.tensor(shares), len(windows), replacement=True, generator=drawn)
    order = torch.rand(windows.shape, generator=drawn).argsort(1)
    replace = (kinds == REPLACED)[:, None] & (torch.rand(windows.shape, generator=drawn) < REPLACE)
    strange = windows.flatten()[torch.randint(windows.numel(), windows.shape, generator=drawn)]
    assert RESERVED <= int(windows.min())
    out = torch.where((kinds == SHUFFLED)[:, None], windows.gather(1, order), torch.where(replace, strange, windows))
    clean = (kinds == CLEAN).nonzero()[:, 0]
    often = clean[torch.randperm(len(clean), generator=drawn)[:OFTEN]]
    again = (kinds == REPEATED).nonzero()[:, 0]
    if len(often):
        out[again] = windows[often[torch.randint(len(often), (len(again),), generator=drawn)]]
    return out, kinds
