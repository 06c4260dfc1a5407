"""Kinds of drawings by where their ink is, and answers of people who drew them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class QuestionsData:
    """`table` (K, D): of some drawings of each kind, the share with ink in each cell. `inked` (K, M, D) are other
    drawings of the kinds, of which the games are made: `kind` (G,), and `who` (G, T) draws each answer."""

    table: Tensor
    inked: Tensor
    kind: Tensor
    who: Tensor


def questions_data(trial: Trial) -> QuestionsData:
    o, rng = trial.options, trial.numpy("kinds")
    if o.small:
        images, labels = datasets.digits()
        pictures, kinds = np.asarray(images, np.float32), rng.permutation(10)[:o.kinds]
    else:
        images, labels, _ = datasets.quickdraw(trial.progress)
        kinds = rng.permutation(345)[:o.kinds]
        pictures = np.asarray(images, np.float32) / 255
    side = pictures.shape[1] // o.grid
    found = []
    for kind in kinds:
        rows = rng.permutation(np.flatnonzero(np.asarray(labels) == kind))[:100]
        cells = pictures[rows].reshape(len(rows), o.grid, side, o.grid, side).max((2, 4))
        found.append(cells.reshape(len(rows), -1) > o.ink)
    inked = torch.from_numpy(np.stack(found))
    half, put = inked.shape[1] // 2, trial.device
    table = (inked[:, :half].float().sum(1) + 1) / (half + 2)
    kind = torch.arange(len(kinds)).repeat_interleave(o.games)
    who = torch.from_numpy(rng.integers(0, inked.shape[1] - half, (len(kind), o.turns)))
    return QuestionsData(table.to(put), inked[:, half:].to(put), kind.to(put), who.to(put))
