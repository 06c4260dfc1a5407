"""The data of the long-tail arena, and how its labels are made wrong or ambiguous."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass
class LongTailData:
    """Pictures (N, 1, H, W) normalised; labels (N,); candidates (N, C) bool; `order` = classes, most frequent first."""

    x: Tensor
    y: Tensor
    candidates: Tensor
    val_x: Tensor
    val_y: Tensor
    test_x: Tensor
    test_y: Tensor
    order: Tensor


def add_noise(y: Tensor, share: float, classes: int, rng: np.random.Generator) -> Tensor:
    """Labels of which `share` are replaced by another class, drawn in proportion to the class counts."""
    counts = np.bincount(y.numpy(), minlength=classes).astype(float)
    others = np.where(np.eye(classes, dtype=bool), 0.0, counts)
    ladder = (others / others.sum(1, keepdims=True)).cumsum(1)                       # (C, C) from true class to wrong
    wrong = (rng.random((len(y), 1)) > ladder[y.numpy()]).sum(1).clip(max=classes - 1)
    return torch.where(torch.from_numpy(rng.random(len(y)) < share), torch.from_numpy(wrong), y)


def add_candidates(x: Tensor, y: Tensor, ambiguity: float, classes: int, rng: np.random.Generator) -> Tensor:
    """(N, C) bool: the true label, and each wrong label j with probability ambiguity * p_j / max wrong p.

    p is the softmax of a linear model fitted to the same pictures by 100 steps of gradient descent.
    """
    flat = x.flatten(1)
    weight = torch.zeros(flat.shape[1], classes)
    target = F.one_hot(y, classes).float()
    for _ in range(100):
        weight -= 0.5 * flat.T @ ((flat @ weight / flat.shape[1] ** 0.5).softmax(1) - target) \
            / (len(flat) * flat.shape[1] ** 0.5)
    p = (flat @ weight / flat.shape[1] ** 0.5).softmax(1) * (1 - target)
    flip = ambiguity * p / p.max(1, keepdim=True).values
    return (torch.from_numpy(rng.random(flip.shape)) < flip) | target.bool()
