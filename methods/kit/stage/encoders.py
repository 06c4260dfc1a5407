"""Small encoders that arenas give to everybody."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def strided_encoder(side: int, width: int, features: int) -> nn.Sequential:
    """Pictures (N, 1, side, side) -> (N, features), none negative: three strided convolutions and a layer."""
    parts: list[nn.Module] = []
    for into, out in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
        parts += [nn.Conv2d(into, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        side = (side + 1) // 2
    return nn.Sequential(*parts, nn.Flatten(), nn.Linear(4 * width * side * side, features, bias=False),
                         nn.BatchNorm1d(features), nn.ReLU())


@torch.no_grad()
def settle_norms(net: nn.Module, x: Tensor) -> None:
    """Batch norms take the statistics of these pictures, so that no method's batches decide them."""
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    kept = [m.momentum for m in norms]
    for m in norms:
        m.momentum = 1.0
    net.train()
    net(x[:2000])
    for m, momentum in zip(norms, kept, strict=True):
        m.momentum = momentum
    net.eval()
