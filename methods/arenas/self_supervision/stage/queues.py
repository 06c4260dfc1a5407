"""A network that follows slowly, and the queue of what it said of earlier batches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.self_supervision.stage.nets import Net, follow, frozen_copy


class MovingKeys:
    """Keys on the sphere by a slow copy of `net`, and `queue` (size, width) with those of the last batches, random at
    first. Clone the queue where a gradient is to pass before it is pushed to."""

    def __init__(self, net: Net, width: int, size: int, momentum: float, generator: torch.Generator):
        self.net, self.momentum, self.slow, self.place = net, momentum, frozen_copy(net), 0
        self.queue = F.normalize(torch.randn(size, width, generator=generator), dim=1).to(
            next(net.parameters()).device)

    @torch.no_grad()
    def of(self, x: Tensor) -> Tensor:
        """Let the slow copy follow, then its keys (B, D) of pictures (B, 1, H, W)."""
        follow(self.slow, self.net, self.momentum)
        return F.normalize(self.slow(x), dim=1)

    def push(self, keys: Tensor) -> None:
        """Replace the oldest keys."""
        rows = (self.place + torch.arange(len(keys), device=keys.device)) % len(self.queue)
        self.queue[rows] = keys.detach()
        self.place = (self.place + len(keys)) % len(self.queue)
