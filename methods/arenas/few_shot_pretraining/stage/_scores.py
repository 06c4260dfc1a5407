"""How well the unknown is told from the known."""

from __future__ import annotations

import torch
from torch import Tensor


def auroc(surprise: Tensor, unknown: Tensor) -> list[float]:
    """For each episode, the chance that an unknown query is more surprising (E, Q) than a known one; ties half."""
    found = []
    for score, strange in zip(surprise, unknown, strict=True):
        ranks = torch.unique(score, return_inverse=True, return_counts=True)
        ends = ranks[2].cumsum(0).double()
        rank = (ends - (ranks[2] - 1) / 2)[ranks[1]]
        n = int(strange.sum())
        found.append(((rank[strange].sum() - n * (n + 1) / 2) / (n * (len(score) - n))).item())
    return found
