"""Pairs of pictures of clothes: in the second each quarter is moved to the left or right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from methods.arenas.cross_view_pretraining.stage.nets import MOVES
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Trial

FAR = MOVES // 2    # dots that a quarter moves at most


@dataclass(frozen=True)
class Pairs:
    """`one` and `two` (N, 1, H, W), and how far each quarter of `two` is moved (N, 4), 0 for two dots to the left up to
    4 for two to the right."""

    one: Tensor
    two: Tensor
    moves: Tensor

    def __len__(self) -> int:
        return len(self.one)


@dataclass(frozen=True)
class CrossViewData:
    """Pairs whose moves are not told, some whose moves are for tuning, and those of validation and of the test."""

    unlabelled: Pairs
    labelled: Pairs
    val: Pairs
    test: Pairs


def cross_view_data(trial: Trial) -> CrossViewData:
    o, rng = trial.options, trial.numpy("split")
    images, top = (datasets.digits()[0], 1) if o.small else (datasets.fashion_mnist(trial.progress)[0], 255)
    sizes = [o.unlabelled, o.labelled, o.val, o.test]
    rows = rng.permutation(len(images))[:sum(sizes)]
    one = torch.from_numpy(np.array(images[rows], np.float32))[:, None] / top
    one = (one + 0.03 * torch.randn(one.shape, generator=trial.generator("grain"))).clamp(0, 1)
    moves = torch.randint(0, 2 * FAR + 1, (len(rows), 4), generator=trial.generator("moves"))
    grain = 0.03 * torch.randn(one.shape, generator=trial.generator("other grain"))
    two = (moved(one, moves) + grain).clamp(0, 1)
    parts = [Pairs(*each) for each in zip(*(t.to(trial.device).split(sizes) for t in (one, two, moves)), strict=True)]
    return CrossViewData(*parts)


def moved(x: Tensor, moves: Tensor) -> Tensor:
    """Pictures (N, 1, H, W) whose quarters are moved within themselves, what leaves at one side coming back at the
    other."""
    half, out = x.shape[-1] // 2, x.clone()
    for quarter in range(4):
        down, right = half * (quarter // 2), half * (quarter % 2)
        part = x[:, :, down:down + half, right:right + half]
        for move in range(2 * FAR + 1):
            which = moves[:, quarter] == move
            out[which, :, down:down + half, right:right + half] = part[which].roll(move - FAR, 3)
    return out
