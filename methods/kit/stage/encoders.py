"""Small encoders that arenas give to everybody."""

from __future__ import annotations

from torch import nn


def strided_encoder(side: int, width: int, features: int) -> nn.Sequential:
    """Pictures (N, 1, side, side) -> (N, features), none negative: three strided convolutions and a layer."""
    parts: list[nn.Module] = []
    for into, out in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
        parts += [nn.Conv2d(into, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        side = (side + 1) // 2
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(4 * width * side * side, features, bias=False),
                         nn.BatchNorm1d(features), nn.ReLU())
