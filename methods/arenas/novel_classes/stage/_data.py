"""Drawings of known kinds with names, and of kinds that nobody named, in a heap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.recognised_drawings import EACH, KINDS, drawings


@dataclass(frozen=True)
class NovelData:
    """Drawings (N, D) with names `y`, which are known kinds; `heap` (M, D) without, and its kinds, which are
    `known` + 0, 1, ... for the others."""

    x: Tensor
    y: Tensor
    heap: Tensor
    heap_y: Tensor
    known: int
    novel: int


def novel_data(trial: Trial) -> NovelData:
    o, rng = trial.options, trial.numpy("kinds")
    rows = _small(o.pixels) if o.small else _pictures(trial) if o.pixels else _features(trial)    # (K, each, D)
    rows = rows[rng.permutation(len(rows))[:o.known + o.novel]]
    rows = np.stack([kind[rng.permutation(rows.shape[1])[:o.each]] for kind in rows])
    named = o.each // 2 if o.mixed else o.each
    heap = [rows[o.known:].reshape(-1, rows.shape[2])]
    kinds = [np.repeat(np.arange(o.known, o.known + o.novel), o.each)]
    if o.mixed:
        heap.append(rows[:o.known, named:].reshape(-1, rows.shape[2]))
        kinds.append(np.repeat(np.arange(o.known), o.each - named))
    order = rng.permutation(sum(map(len, heap)))
    found = (rows[:o.known, :named].reshape(-1, rows.shape[2]), np.repeat(np.arange(o.known), named),
             np.concatenate(heap)[order], np.concatenate(kinds)[order])
    return NovelData(*(torch.from_numpy(np.ascontiguousarray(a)).to(trial.device) for a in found), o.known, o.novel)


def _features(trial: Trial) -> np.ndarray:
    rows = np.asarray(drawings(trial.progress)[0], np.float32).reshape(KINDS, EACH, -1)
    return rows * rows.shape[2]**0.5                                                  # features of mean square one


def _pictures(trial: Trial) -> np.ndarray:
    """14 x 14 dots of mean 0 and variance 1."""
    images, labels, _ = datasets.quickdraw(trial.progress)
    order = np.argsort(labels, kind="stable")
    x = F.avg_pool2d(torch.from_numpy(np.asarray(images)[order].astype(np.float32))[:, None], 2).flatten(1).numpy()
    return ((x - x.mean()) / x.std()).reshape(KINDS, EACH, -1)


def _small(pixels: bool) -> np.ndarray:
    """Handwritten digits, 8 x 8, each dot of mean 0 unless they are taken for pictures."""
    images, labels = datasets.digits()
    x = images.reshape(len(images), -1).astype(np.float32)
    x = (x - x.mean(None if pixels else 0)) / x.std()
    return np.stack([x[np.flatnonzero(labels == digit)[:160]] for digit in range(10)])
