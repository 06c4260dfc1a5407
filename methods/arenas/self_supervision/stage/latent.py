"""Parts of the contrast with hidden classes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Ball(nn.Module):
    """Features (N, D) stretched to a length whose square is `square`."""

    def __init__(self, square: float):
        super().__init__()
        self.length = square ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        return self.length * F.normalize(x, dim=1)


def negatives_of(anchors: int, many: int, generator: torch.Generator) -> Tensor:
    """For each anchor `many` others (anchors, many), as far as there are so many."""
    keys = torch.rand(anchors, anchors, generator=generator).fill_diagonal_(-1.0)
    return keys.topk(min(many, anchors - 1), 1).indices
