"""Sweeps of every rule, as a scoring seed sees them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.hyperparameter_transfer.stage.sweeps import Sweeps
from methods.kit.stage.arena import Trial
from methods.kit.stage.lm_ladder import UNITS, asked
from methods.kit.stage.lm_widths import BLOCKS, MARKS, RATES, RULES, WIDTHS, widths


@dataclass(frozen=True)
class Losses:
    """Bits per byte (rules, widths, rates, moments)."""

    bits: Tensor


def drawn(trial: Trial) -> Losses:
    rng = trial.numpy("sweeps")
    nats = widths(0, trial.options.small, trial.progress)
    sizes = np.full(nats.shape[-2:], 100.0) if trial.options.small else \
        asked(False, trial.progress)[1][:, :nats.shape[-1]]
    shares = rng.dirichlet([4.0] * nats.shape[-2])
    some = rng.permutation(nats.shape[-1])[:nats.shape[-1] // 2]
    bits = nats[..., some].sum(-1, dtype="float64") / math.log(2) / sizes[:, some].sum(1)
    return Losses(torch.from_numpy(bits @ shares))


def sweeps(data: Losses, rule: str) -> tuple[Sweeps, Sweeps]:
    """What is known of the small widths, and the sweep of the wide one."""
    bits = data.bits.numpy()[RULES.index(rule)]
    weights = np.array([BLOCKS * 12.0 * width ** 2 for width in WIDTHS])
    units = np.array(MARKS) * float(UNITS)
    known, wide = (Sweeps(weights[part], np.array(RATES), units, bits[part], float(weights[-1]), float(units[-1]))
                   for part in (slice(None, -1), slice(-1, None)))
    return known, wide
