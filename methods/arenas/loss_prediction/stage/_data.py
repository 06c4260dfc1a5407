"""Which runs are known, which are asked, and what a scoring seed draws of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.loss_prediction.stage.runs import Runs
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_grids import Run, grid
from methods.kit.stage.lm_ladder import WORLDS, asked

COLUMNS = ("weights", "body", "units", "unique", "packed", "surprise", "grain", "before")
RISING = 6.0            # the mixture with two thirds in loops, whose loss rises the more of it is read
SHORT = 150 * 512       # the same, in grids of short runs
LEAST = 212 * 512       # pieces read: before that models only learn which pieces are frequent


@dataclass(frozen=True)
class Split:
    """Columns (8, n) of the known and the asked runs, their losses (n,), and what the asked scored in another world, or
    where there is one world, on twice the passages."""

    known: Tensor
    loss: Tensor
    asked: Tensor
    truth: Tensor
    again: Tensor


def columns(table: Tensor) -> Runs:
    return Runs(**dict(zip(COLUMNS, table.numpy(), strict=True)))


def split(trial: Trial) -> Split:
    o, drawn = trial.options, trial.numpy("runs")
    worlds = WORLDS if o.grid == "plain" else 1
    runs, nats = grid(o.grid, trial.seed % worlds, o.small, trial.progress)
    _, other = grid(o.grid, (trial.seed + 1) % worlds, o.small, trial.progress)
    added = grid("plain", trial.seed % worlds, o.small, trial.progress) if o.grid == "repeated" else ([], nats[:0])
    sizes = np.full(nats.shape[1:], 100) if o.small else asked(False, trial.progress)[1]
    shares = drawn.dirichlet(np.full(nats.shape[1], 4.0))
    mixed = drawn.permutation(nats.shape[2])
    windows = mixed[:nats.shape[2] // 2]

    def losses(nats: np.ndarray, windows: np.ndarray = windows) -> np.ndarray:
        return (nats[:, :, windows].sum(2, dtype=np.float64) / math.log(2) / sizes[:, windows].sum(1)) @ shares

    usable = [i for i, run in enumerate(runs) if run.mix != RISING]
    runs, nats, other = [runs[i] for i in usable], nats[usable], other[usable]
    out = _asked(o.cut, runs)
    if o.small:
        known = np.flatnonzero(~out)
    else:
        least = {"upcycled": 0, "experts": SHORT, "quality": SHORT}.get(o.grid, LEAST)
        early = np.array([run.units < least for run in runs])
        out &= ~early
        known = np.flatnonzero(~out & ~early & np.array([_cheap(o.cut, run, runs) for run in runs]))
    if not o.small or len(known) > 8:
        known = np.sort(drawn.permutation(known)[2:])
    more = [i for i, run in enumerate(added[0]) if run.compute < 0.3 * max(r.compute for r in added[0])
            and run.units >= LEAST]
    y, extra = losses(nats), losses(added[1])
    again = losses(other) if worlds > 1 else losses(nats, mixed)
    at = np.flatnonzero(out)
    return Split(_table([runs[i] for i in known] + [added[0][i] for i in more]),
                 torch.from_numpy(np.concatenate([y[known], extra[more]])), _table([runs[i] for i in at]),
                 torch.from_numpy(y[at]), torch.from_numpy(again[at]))


def _table(runs: list[Run]) -> Tensor:
    return torch.tensor([[getattr(run, name) for run in runs] for name in COLUMNS], dtype=torch.float64)


def _cheap(cut: str, run: Run, runs: list[Run]) -> bool:
    return cut != "over-trained" or run.compute <= 0.3 * max(each.compute for each in runs)


def _asked(cut: str, runs: list[Run]) -> np.ndarray:
    """Which runs are asked about."""
    compute, units = np.array([r.compute for r in runs]), np.array([r.units for r in runs])
    if cut == "over-trained":
        many = units / np.array([r.weights for r in runs])
        return many > min(20, np.sort(many)[-3])
    if cut == "later":
        return units > 0.4 * units.max()
    return compute > (0.3 if cut == "dear" else 0.6) * compute.max()
