"""How a model is scored."""

from __future__ import annotations

import torch
from torch import Tensor


def accuracy(logits: Tensor, y: Tensor) -> float:
    return 100 * float((logits.argmax(1) == y).float().mean())


def calibration_error(logits: Tensor, y: Tensor) -> float:
    """Mean over pictures of |confidence - accuracy| in 15 bins of confidence, in percent."""
    confidence, named = logits.softmax(1).max(1)
    bins = (confidence * 15).long().clamp(max=14)
    gap = torch.zeros(15, device=y.device).index_add(0, bins, confidence - (named == y).float())
    return 100 * gap.abs().sum().item() / len(y)
