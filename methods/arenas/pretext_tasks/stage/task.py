"""What a method of the arena of pretext tasks is given beside the unlabelled halves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from methods.arenas.pretext_tasks.stage._data import PretextData
from methods.kit.stage.arena import Trial


class Task:
    """`refine_x1`, `refine_x2` (L, D) and `refine_y` (L,) are labelled pairs of halves; `labels` (N,) are those of the
    unlabelled pairs for upper bounds, None for everybody else. `generator` is for a method's own chance."""

    classes = 10

    def __init__(self, data: PretextData, trial: Trial, labels: Tensor | None):
        self.refine_x1, self.refine_x2, self.refine_y = data.refine_x1, data.refine_x2, data.refine_y
        self.labels, self.generator = labels, trial.generator("method")
        drawn, width, many = trial.generator("basis"), data.x1.shape[1], trial.options.basis
        self._directions = torch.randn(width, many, generator=drawn)
        self._phases = 2 * math.pi * torch.rand(many, generator=drawn)
        apart = data.x1[:500, None] - data.x1[None, 500:700] if len(data.x1) > 700 else data.x1[:, None] - data.x1[None]
        self._width = apart.norm(dim=-1).median()

    def basis(self, x: Tensor) -> Tensor:
        """(N, 500) random cosine features of halves (N, D): those of a Gaussian kernel as wide as halves lie apart."""
        return (x @ self._directions / self._width + self._phases).cos()


def ridge_map(x: Tensor, y: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    """Weights (K, D) and offset (D,) of the least squares from x (N, K) to y (N, D), `ridge` a row."""
    means = x.mean(0), y.mean(0)
    x, y = x - means[0], y - means[1]
    weights = torch.linalg.solve(x.T @ x + ridge * len(x) * torch.eye(x.shape[1]), x.T @ y)
    return weights, means[1] - means[0] @ weights
