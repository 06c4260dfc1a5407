"""Networks that the methods of the arena of two views share: the encoder, and heads on top of it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


def encoder(side: int, width: int, features: int) -> nn.Sequential:
    """Pictures (N, 1, side, side) -> (N, features), none negative: three strided convolutions and a layer."""
    parts: list[nn.Module] = []
    for into, out in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
        parts += [nn.Conv2d(into, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        side = (side + 1) // 2
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(4 * width * side * side, features, bias=False),
                         nn.BatchNorm1d(features), nn.ReLU())


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
