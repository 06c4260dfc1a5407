"""A gradient taken where the loss is about highest within a radius (SAM), left on the parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def backward_uphill(net: nn.Module, loss: Callable[[], Tensor], rho: float) -> Tensor:
    """Gradient at w + rho g / |g|, g the gradient at w; batch norms keep the first pass's statistics. Gives the first
    loss."""
    weights = [p for p in net.parameters() if p.requires_grad]
    first = loss()
    grads = torch.autograd.grad(first, weights)
    norm = torch.stack([g.norm() for g in grads]).norm() + 1e-12
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    kept = [m.momentum for m in norms]
    with torch.no_grad():
        for p, g in zip(weights, grads, strict=True):
            p.add_(g, alpha=float(rho / norm))
    for m in norms:
        m.momentum = 0.0
    loss().backward()
    for m, momentum in zip(norms, kept, strict=True):
        m.momentum = momentum
    with torch.no_grad():
        for p, g in zip(weights, grads, strict=True):
            p.sub_(g, alpha=float(rho / norm))
    return first.detach()
