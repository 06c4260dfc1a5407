"""How far what is said of pictures lies from the running mean of their class."""

from __future__ import annotations

import torch
from torch import Tensor


class RunningMeans:
    """A mean of each class, the first batch's at first, then moving by a share `momentum` of the way a step.

    >>> means = RunningMeans(0.5)
    >>> means.loss(torch.tensor([[1.0], [3.0]]), torch.tensor([0, 0])).item()                        # mean 2: (1 + 1) / 2
    1.0
    >>> means.loss(torch.tensor([[4.0]]), torch.tensor([0])).item()                                     # mean 3: (4 - 3)^2
    1.0
    """

    def __init__(self, momentum: float):
        self.momentum, self.of = momentum, {}

    def loss(self, values: Tensor, y: Tensor) -> Tensor:
        """Of values (N, ..., D): squared distance over D, averaged over the rest, summed over the classes present."""
        total = values.new_zeros(())
        for label in map(int, y.unique()):
            mine = values[y == label]
            mean = mine.mean(0).detach()
            if label in self.of:
                mean = (1 - self.momentum) * self.of[label] + self.momentum * mean
            self.of[label] = mean
            total = total + (mine - mean).square().sum(-1).mean()
        return total
