"""Rows whose second half follows the first, or is of another row."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def paired(ids: Tensor, of: Tensor, apart: Tensor) -> tuple[Tensor, Tensor]:
    """Rows (B, T) and their words where those `apart` (B,) end with the second half of the row before.

    >>> ids, of = torch.tensor([[1, 2], [3, 4]]), torch.tensor([[0, 1], [5, 6]])
    >>> [found.tolist() for found in paired(ids, of, torch.tensor([True, False]))]
    [[[1, 4], [3, 4]], [[0, 2], [5, 6]]]
    """
    half = ids.shape[1] // 2
    other, words = ids.roll(1, 0), of.roll(1, 0)
    words = words - words[:, half:half + 1] + of[:, half - 1:half] + 1
    second = apart[:, None] & (torch.arange(ids.shape[1], device=ids.device) >= half)
    return torch.where(second, other, ids), torch.where(second, words, of)


def told_apart(logits: Tensor, apart: Tensor) -> Tensor:
    """Mean nats of which rows (B,) have a strange second half."""
    return F.binary_cross_entropy_with_logits(logits, apart.float())
