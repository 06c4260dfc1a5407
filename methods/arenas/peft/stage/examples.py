"""Labelled inputs as this arena passes them about."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Examples:
    """Pictures (N, 1, H, W) or symbol windows (N, T); labels (N,) or (N, T); look and question of each (N,)."""

    x: Tensor
    y: Tensor
    look: Tensor
    question: Tensor

    def at(self, index: Tensor | slice) -> Examples:
        return Examples(self.x[index], self.y[index], self.look[index], self.question[index])


def plain(x: Tensor, y: Tensor) -> Examples:
    zero = torch.zeros(len(x), dtype=torch.long)
    return Examples(x, y, zero, zero)
