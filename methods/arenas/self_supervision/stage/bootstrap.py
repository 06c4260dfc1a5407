"""The two halves of a network that predicts its slow copy: what BYOL and its variants share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from methods.arenas.self_supervision.stage.nets import Net, follow, frozen_copy, head


class Bootstrap(Net):
    """Encoder and projector with a predictor on top; `slow` is a copy of the first two that no gradient reaches.

    Calling it gives predictions (B, D); `targets` gives what the slow copy says.
    """

    def __init__(self, net: Net, width: int, hidden: int, norm: str = "batch"):
        super().__init__(net.encoder, net.projector)
        self.predictor = head(width, hidden, width, norm).to(next(net.parameters()).device)
        self.slow = frozen_copy(Net(net.encoder, net.projector))

    def forward(self, x: Tensor) -> Tensor:
        return self.predictor(super().forward(x))

    @torch.no_grad()
    def targets(self, x: Tensor) -> Tensor:
        return self.slow(x)

    def let_follow(self, momentum: float) -> None:
        follow(self.slow, nn.ModuleList([self.encoder, self.projector]), momentum)


def slowness(start: float, progress: float) -> float:
    """What a slow copy keeps of itself, from `start` to 1 along a cosine."""
    return 1 - (1 - start) * (math.cos(math.pi * progress) + 1) / 2
