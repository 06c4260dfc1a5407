"""Stretches of text that are hidden together."""

from __future__ import annotations

import torch
from torch import Tensor


def spans(lots: Tensor, share: float, long: int) -> Tensor:
    """(B, T) a share of each row in stretches of `long`, which begin where the lots (B, T) are lowest; at least one."""
    long = min(long, lots.shape[1] // 2)
    many = max(1, round(share * lots.shape[1] / long))
    begins = lots[:, :lots.shape[1] - long + 1].topk(many, 1, largest=False).indices
    at = torch.arange(lots.shape[1], device=lots.device)
    return ((at >= begins[..., None]) & (at < begins[..., None] + long)).any(1)
