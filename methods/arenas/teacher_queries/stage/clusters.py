"""Clusters of pictures, for methods that want their questions spread."""

from __future__ import annotations

import torch
from torch import Tensor


def centres(x: Tensor, first: Tensor, rounds: int) -> Tensor:
    """(K, D) after some rounds of Lloyd's algorithm on x (N, D) that begins at the rows `first` (K,)."""
    found = x[first]
    for _ in range(rounds):
        near = torch.cdist(x, found).argmin(1)
        sums = torch.zeros_like(found).index_add_(0, near, x)
        count = torch.bincount(near, minlength=len(found)).to(x.dtype)[:, None]
        found = torch.where(count > 0, sums / count.clamp(min=1), found)
    return found
