"""The long-tail arena's scores, from what a network says about the test pictures."""

from __future__ import annotations

import torch
from torch import Tensor

GROUPS = {"head": slice(0, 4), "medium": slice(4, 7), "tail": slice(7, 10)}


def evaluate(logits: Tensor, y: Tensor, order: Tensor) -> dict[str, float]:
    """The arena's metrics in percent from test logits (N, C), labels (N,) and the classes by frequency (C,)."""
    confidence, named = logits.softmax(1).max(1)
    right = (named == y).double()
    recall = torch.stack([right[y == c].mean() for c in order]) * 100
    bins = (confidence * 15).long().clamp(max=14)
    gap = torch.zeros(15, dtype=torch.double, device=y.device).index_add(0, bins, confidence.double() - right)
    groups = {f"{name}_accuracy": recall[places].mean().item() for name, places in GROUPS.items()}
    return {"balanced_accuracy": recall.mean().item(), **groups, "worst_recall": recall.min().item(),
            "calibration_error": gap.abs().sum().item() / len(y) * 100}
