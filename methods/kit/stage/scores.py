"""Scores that several arenas count."""

from __future__ import annotations

import torch
from torch import Tensor


def auroc(scores: Tensor, labels: Tensor) -> float:
    """Share in % of pairs of a positive and a negative in which the positive scores higher; ties count half."""
    values, place = scores.flatten().double().unique(return_inverse=True)
    counts = torch.zeros(2, len(values), dtype=torch.double)
    counts.index_put_((labels.flatten(), place), torch.ones(labels.numel(), dtype=torch.double), accumulate=True)
    negative, positive = counts
    below = negative.cumsum(0) - negative / 2
    return 100 * ((positive * below).sum() / (positive.sum() * negative.sum())).item()
