"""Drawings of kinds that a classifier knows, and of kinds that it does not."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.recognised_drawings import EACH, KINDS, drawings


@dataclass(frozen=True)
class Group:
    """Features (N, W) of known kinds to learn from and to ask, with kinds from 0 on; those of unknown kinds to ask; and
    other drawings of these, for upper bounds."""

    x: Tensor
    y: Tensor
    known: Tensor
    known_y: Tensor
    unknown: Tensor
    exposed: Tensor


def groups(trial: Trial) -> tuple[Group, ...]:
    o = SimpleNamespace(**getattr(trial.options, trial.options.sizes))
    rows = _small() if trial.options.small else np.asarray(drawings(trial.progress)[0], np.float32).reshape(
        KINDS, EACH, -1)
    rows = rows * rows.shape[2]**0.5                                                   # features of mean square one
    return tuple(_group(rows, o, trial, f"kinds {at}") for at in range(o.groups))


def _group(rows: np.ndarray, o: SimpleNamespace, trial: Trial, name: str) -> Group:
    rng = trial.numpy(name)
    kinds = rng.permutation(len(rows))[:o.known + o.unknown]
    drawn = np.stack([rows[kind, rng.permutation(rows.shape[1])[:o.train + o.asked]] for kind in kinds])
    known, unknown = drawn[:o.known], drawn[o.known:]

    def flat(part: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(part.reshape(-1, part.shape[2]))).to(trial.device)

    each = torch.arange(o.known, device=trial.device)
    return Group(flat(known[:, :o.train]), each.repeat_interleave(o.train), flat(known[:, o.train:]),
                 each.repeat_interleave(o.asked), flat(unknown[:, :o.asked_unknown]),
                 flat(unknown[:, o.asked_unknown:]))


def _small() -> np.ndarray:
    """Digits: (10, 100, 64)."""
    images, labels = datasets.digits()
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat = flat - flat.mean(0)
    flat = flat / np.sqrt(np.square(flat).sum(1).mean())
    return np.stack([flat[np.flatnonzero(labels == digit)[:100]] for digit in range(10)])
