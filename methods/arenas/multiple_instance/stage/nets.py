"""Parts that several methods of the arena of multiple instances are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def encoder(width: int, hidden: int) -> nn.Sequential:
    """Features (..., D) to (..., hidden)."""
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU())


class AttentionNet(nn.Module):
    """Instances encoded, weighed by attention, summed, and judged: scores of bags (B,) and attention (B, K).

    Instances whose `kept` (B, K) is False have no weight.
    """

    def __init__(self, width: int, hidden: int, attending: int):
        super().__init__()
        self.encode = encoder(width, hidden)
        self.attend = nn.Sequential(nn.Linear(hidden, attending), nn.Tanh(), nn.Linear(attending, 1))
        self.judge = nn.Linear(hidden, 1)

    def forward(self, bags: Tensor, kept: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = self.encode(bags)
        scores = self.attend(h).squeeze(2)
        weighed = scores if kept is None else scores.masked_fill(~kept, -torch.inf)
        pooled = (weighed.softmax(1)[:, :, None] * h).sum(1)
        return self.judge(pooled).squeeze(1), scores


class InstanceNet(nn.Module):
    """Each instance judged on its own (B, K), and the bag by `pool` over them."""

    def __init__(self, width: int, hidden: int, pool):
        super().__init__()
        self.judge = nn.Sequential(encoder(width, hidden), nn.Linear(hidden, 1))
        self.pool = pool

    def forward(self, bags: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.judge(bags).squeeze(2)
        return self.pool(scores), scores
