"""Characters in many typefaces: of known kinds with names, and of kinds that nobody named, in a heap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial
from methods.kit.stage.rendered import CHARACTERS, glyphs

ALIKE = "cklopsuvwxz0"      # lower case and nought, which many fonts draw as they draw another character


@dataclass(frozen=True)
class NovelData:
    """Pictures (N, D) with names `y`, which are known kinds; `heap` (M, D) without, and its kinds, which are
    `known` + 0, 1, ... for the others."""

    x: Tensor
    y: Tensor
    heap: Tensor
    heap_y: Tensor
    known: int
    novel: int


def novel_data(trial: Trial) -> NovelData:
    o, rng = trial.options, trial.numpy("kinds")
    rows = _small() if o.small else _characters(trial)                                       # (K, fonts, D)
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


def _characters(trial: Trial) -> np.ndarray:
    """(50, 135, 256): dots of mean 0 and variance 1."""
    images = np.asarray(glyphs(32, trial.progress).images, np.float32)
    kept = [place for place, character in enumerate(CHARACTERS) if character not in ALIKE]
    x = F.avg_pool2d(torch.from_numpy(images[:, kept]), 2).flatten(2).numpy().swapaxes(0, 1)
    return (x - x.mean()) / x.std()


def _small() -> np.ndarray:
    """Handwritten digits, 8 x 8."""
    images, labels = datasets.digits()
    x = images.reshape(len(images), -1).astype(np.float32)
    x = (x - x.mean()) / x.std()
    return np.stack([x[np.flatnonzero(labels == digit)[:160]] for digit in range(10)])
