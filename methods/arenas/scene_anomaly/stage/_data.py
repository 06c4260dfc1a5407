"""Scenes: each a kind of doodle and a motion; many to train on, and unseen ones with few normal clips, and odd ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial


@dataclass(frozen=True)
class SceneData:
    """Clips of two frames: of training scenes (S, N, 2, H, W); of unseen ones the normal clips to adapt to (T, K, ...),
    those that only an upper bound sees (T, M, ...), and clips asked about (T, A, ...), odd where `odd` (T, A) is 1."""

    train: Tensor
    normal: Tensor
    more: Tensor
    asked: Tensor
    odd: Tensor


def scene_data(trial: Trial) -> SceneData:
    o, rng = trial.options, trial.numpy("split")
    x, labels = _doodles(o.small, trial)
    steps = np.arange(-o.far, o.far + 1)
    motions = rng.permutation([(i, j) for i in steps for j in steps if i or j])
    seen, unseen = motions[:len(motions) // 2], motions[len(motions) // 2:]
    kinds = rng.permutation(np.unique(labels))
    if getattr(o, "asked", "test") == "val":
        kinds = np.concatenate([kinds[:o.scenes], kinds[o.scenes + o.tests:]])
    half = o.each // 2

    def clips(rows: np.ndarray, moved: np.ndarray) -> Tensor:
        first = x[torch.from_numpy(rows)]
        by, places = torch.from_numpy(moved), torch.arange(x.shape[1])
        down, right = ((places - by[:, i, None]) % len(places) for i in (0, 1))
        then = first[torch.arange(len(first))[:, None, None], down[:, :, None], right[:, None]]
        return torch.stack([first, then], 1)

    def rows_of(kind: int) -> np.ndarray:
        return rng.permutation(np.flatnonzero(labels == kind))[:o.each]

    train = torch.stack([clips(rows_of(kind), np.tile(seen[i % len(seen)], (o.each, 1)))
                         for i, kind in enumerate(kinds[:o.scenes])])
    parts: list[list[Tensor]] = [[], [], []]
    for i, kind in enumerate(kinds[o.scenes:o.scenes + o.tests]):
        own = i % len(unseen)
        rows, others = rows_of(kind), np.delete(unseen, own, 0)
        asked = np.concatenate([np.tile(unseen[own], (half // 2, 1)), others[rng.integers(0, len(others), half // 2)]])
        for part, chosen, moved in ((0, rows[:o.normal], np.tile(unseen[own], (o.normal, 1))),
                                    (1, rows[:half], np.tile(unseen[own], (half, 1))),
                                    (2, rows[half:half + len(asked)], asked)):
            parts[part].append(clips(chosen, moved))
    normal, more, asked_of = (torch.stack(part).to(trial.device) for part in parts)
    odd = torch.arange(asked_of.shape[1]) >= half // 2
    return SceneData(train.to(trial.device), normal, more, asked_of,
                     odd.long().expand(len(asked_of), -1).clone().to(trial.device))


def _doodles(small: bool, trial: Trial) -> tuple[Tensor, np.ndarray]:
    """Pictures (N, H, W) in 0..1 and their kinds."""
    if small:
        images, labels = datasets.digits()
        return torch.from_numpy(np.array(images, np.float32)), np.asarray(labels)
    images, labels, _ = datasets.quickdraw(trial.progress)
    x = torch.from_numpy(np.array(images, np.float32))[:, None] / 255
    return F.avg_pool2d(x, 2)[:, 0], np.asarray(labels)
