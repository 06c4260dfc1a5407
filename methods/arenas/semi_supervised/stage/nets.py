"""The network of the arena of few labels, and copies of it that follow slowly."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Net(nn.Module):
    """Pictures (N, 1, H, W) -> logits (N, 10); `encoder` gives the features that `classifier` reads."""

    def __init__(self, encoder: nn.Module, features: int):
        super().__init__()
        self.encoder, self.classifier, self.features = encoder, nn.Linear(features, 10), features

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.encoder(x))


def frozen_copy(net: nn.Module) -> nn.Module:
    """A copy that no gradient changes: the start of a teacher."""
    return copy.deepcopy(net).requires_grad_(False)


@torch.no_grad()
def follow(teacher: nn.Module, net: nn.Module, momentum: float) -> None:
    """Each weight of `teacher` keeps `momentum` of itself and takes the rest of `net`."""
    for kept, there in zip(teacher.parameters(), net.parameters(), strict=True):
        kept.lerp_(there.detach(), 1 - momentum)
