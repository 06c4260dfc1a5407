"""Drawings whose kinds become known one upgrade after another, and drawings of kinds that never do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.drawings import Kinds
from methods.kit.stage.recognised_drawings import EACH, KINDS, drawings


@dataclass(frozen=True)
class UpgradeData:
    """`train` with kinds in the order in which upgrades learn them; `test` of other kinds. x are (N, W) features."""

    train: Kinds
    test: Kinds


def upgrade_data(trial: Trial) -> UpgradeData:
    o, rng = trial.options, trial.numpy("kinds")
    rows = _small() if o.small else np.asarray(drawings(trial.progress)[0], np.float32).reshape(KINDS, EACH, -1)
    rows = rows * rows.shape[2]**0.5                                                  # features of mean square one
    names, parts = rng.permutation(len(rows)), []
    for kinds, each in zip(np.split(names[:sum(o.kinds)], [o.kinds[0]]), o.each, strict=True):
        x = np.concatenate([rows[kind, rng.permutation(rows.shape[1])[:each]] for kind in kinds])
        parts.append(Kinds(torch.from_numpy(x).to(trial.device),
                           torch.arange(len(kinds), device=trial.device).repeat_interleave(each)))
    return UpgradeData(*parts)


def _small() -> np.ndarray:
    """Digits, each kind cut into two by its ink, so that there are twenty: (20, 80, 64)."""
    images, labels = datasets.digits()
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat = flat - flat.mean(0)
    flat = flat / np.sqrt(np.square(flat).sum(1).mean())
    halves = []
    for digit in range(10):
        rows = np.flatnonzero(labels == digit)[:160]
        rows = rows[np.argsort(images[rows].reshape(len(rows), -1).sum(1), kind="stable")]
        halves += [flat[rows[:80]], flat[rows[-80:]]]
    return np.stack(halves)
