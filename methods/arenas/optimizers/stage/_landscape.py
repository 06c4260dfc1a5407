"""A network's loss as the optimizers arena measures it: a function of one weight vector."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call


class Landscape:
    """A network's loss as a function of one weight vector."""

    def __init__(self, net: nn.Module):
        self.net, self.parts = net, [(name, p.shape, p.numel()) for name, p in net.named_parameters()]
        self.start = torch.cat([p.detach().flatten() for p in net.parameters()])        # (P,)

    def logits(self, w: Tensor, x: Tensor) -> Tensor:
        pieces = w.split([size for _, _, size in self.parts])
        weights = {name: piece.view(shape) for piece, (name, shape, _) in zip(pieces, self.parts, strict=True)}
        return functional_call(self.net, weights, (x,))

    def loss(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy."""
        return F.cross_entropy(self.logits(w, x), y.flatten())

    def gradient(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        w = w.detach().requires_grad_()
        with torch.enable_grad():
            return torch.autograd.grad(self.loss(w, x, y), w)[0]

    def sharpness(self, w: Tensor, x: Tensor, y: Tensor, iterations: int, generator: torch.Generator) -> float:
        """Largest eigenvalue (in modulus) of the loss Hessian at w: power iteration on gradient differences."""
        direction, radius = torch.randn(w.shape, generator=generator).to(w), 0.01
        for _ in range(iterations):
            direction = direction / direction.norm().clamp_min(1e-12)
            ahead, behind = (self.gradient(w + side * radius * direction, x, y) for side in (1, -1))
            bent = (ahead - behind) / (2 * radius)
            eigenvalue, direction = float(direction @ bent), bent
        return eigenvalue
