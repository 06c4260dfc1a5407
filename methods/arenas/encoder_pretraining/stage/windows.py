"""Which words may look at which: only near ones, and some that look everywhere and are seen from everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

WINDOW = 16


def local(length: int, everywhere: Tensor | None = None, window: int = WINDOW) -> Tensor:
    """(T, T), or (B, T, T) with places (B, T) that attend everywhere.

    >>> local(4, torch.tensor([[True, False, False, False]]), 2)[0].int().tolist()
    [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 1, 1]]
    """
    at = torch.arange(length, device=None if everywhere is None else everywhere.device)
    near = (at[:, None] - at).abs() <= window // 2
    return near if everywhere is None else near | everywhere[:, :, None] | everywhere[:, None]
