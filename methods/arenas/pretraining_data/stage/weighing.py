"""Weights of passages by where their loss stands in the batch."""

from __future__ import annotations

from torch import Tensor


def standing(losses: Tensor) -> Tensor:
    """Losses brought to [-1, 1] within the batch.

    >>> import torch
    >>> standing(torch.tensor([1.0, 2.0, 3.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    low, high = losses.min(), losses.max()
    return 2 * (losses - low) / (high - low).clamp(min=1e-6) - 1


def weights(h: Tensor, progress: float, r: float) -> Tensor:
    """softmax(h / r'), r' falling from large to r: even at first, as sharp as r from half of the training on."""
    return (h * min(1.0, 2 * progress) / r).softmax(0)
