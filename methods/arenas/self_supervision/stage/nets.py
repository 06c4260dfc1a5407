"""Heads on top of an encoder, and copies that follow slowly: what the methods of the arena of two views share."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


def head(into: int, hidden: int, out: int, norm: str = "batch") -> nn.Sequential:
    """Two layers with a ReLU between them: a projector or a predictor. `norm` is "batch", "layer" or "none"."""
    between = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "none": lambda _: nn.Identity()}[norm](hidden)
    return nn.Sequential(nn.Linear(into, hidden), between, nn.ReLU(), nn.Linear(hidden, out))


class Net(nn.Module):
    """An encoder and a projector on top of it: (N, 1, H, W) -> (N, D). What is kept in the end is the encoder."""

    def __init__(self, encoder: nn.Module, projector: nn.Module):
        super().__init__()
        self.encoder, self.projector = encoder, projector

    def forward(self, x: Tensor) -> Tensor:
        return self.projector(self.encoder(x))


def frozen_copy(net: nn.Module) -> nn.Module:
    """A copy that no gradient changes: the start of a slowly moving network."""
    return copy.deepcopy(net).requires_grad_(False)


@torch.no_grad()
def follow(slow: nn.Module, net: nn.Module, momentum: float) -> None:
    """Each weight of `slow` keeps `momentum` of itself and takes the rest of `net`."""
    for kept, there in zip(slow.parameters(), net.parameters(), strict=True):
        kept.lerp_(there.detach(), 1 - momentum)
