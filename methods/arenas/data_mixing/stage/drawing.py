"""Batches of passages of several sources."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def batch_of(windows: Sequence[Tensor], weights: Tensor, size: int, order: torch.Generator) -> Tensor:
    """Passages (size, 65): a source by weights, then one of its passages.

    >>> batch_of([torch.tensor([[1]]), torch.tensor([[2]])], torch.tensor([0.0, 1.0]), 3, torch.Generator()).tolist()
    [[2], [2], [2]]
    """
    at = torch.multinomial(weights.detach().double().cpu(), size, replacement=True, generator=order)
    luck = torch.rand(size, generator=order)
    return torch.stack([windows[i][int(u * len(windows[i]))] for i, u in zip(at.tolist(), luck.tolist(), strict=True)])
