"""Clusters of rows."""

from __future__ import annotations

import torch
from torch import Tensor


def clusters(x: Tensor, many: int, generator: torch.Generator, rounds: int = 8) -> Tensor:
    """k-means: which of `many` clusters each row (N, D) is in, numbered without gaps."""
    centres = x[torch.randperm(len(x), generator=generator)[:many]]
    for _ in range(rounds):
        nearest = torch.cat([torch.cdist(part, centres).argmin(1) for part in x.split(5000)])
        sums = torch.zeros_like(centres).index_add_(0, nearest, x)
        sizes = nearest.bincount(minlength=len(centres))[:, None]
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return nearest.unique(return_inverse=True)[1]
