"""How far what is said of pictures lies from the running mean of their class."""

from __future__ import annotations

import torch
from torch import Tensor


class RunningMeans:
    """A mean of each class, the first batch's at first, then moving by a share `momentum` of the way a step.

    >>> means = RunningMeans(0.5)
    >>> means.loss(torch.tensor([[1.0], [3.0]]), torch.tensor([0, 0])).item()  # mean 2: (1 + 1) / 2
    1.0
    >>> means.loss(torch.tensor([[4.0]]), torch.tensor([0])).item()  # mean 3: (4 - 3)^2
    1.0
    """

    def __init__(self, momentum: float):
        self.momentum, self.of, self.known = momentum, torch.empty(0), torch.empty(0)

    def loss(self, values: Tensor, y: Tensor) -> Tensor:
        """Of values (N, ..., D): squared distance over D, averaged over the rest, summed over the classes present."""
        flat, rows = values.flatten(1), int(y.max()) + 1
        if len(self.of) < rows:                                      # classes that were not met before
            more = rows - len(self.of)
            self.of = torch.cat([self.of.to(flat.device), flat.new_zeros(more, flat.shape[1])]) if len(
                self.of) else flat.new_zeros(more, flat.shape[1])
            self.known = torch.cat([self.known.to(flat.device), y.new_zeros(more)])
        many = torch.zeros(len(self.of), device=flat.device).index_add(0, y, torch.ones(len(y), device=flat.device))
        sums = torch.zeros_like(self.of).index_add(0, y, flat.detach())
        means = sums / many.clamp(min=1)[:, None]
        pace = torch.where(self.known > 0, self.momentum, 1.0) * (many > 0)
        self.of = self.of + pace[:, None] * (means - self.of)
        self.known = self.known + many
        apart = (values - self.of[y].view(values.shape)).square().sum(-1).reshape(len(y), -1).mean(1)           # (N,)
        return (apart / many[y]).sum()
