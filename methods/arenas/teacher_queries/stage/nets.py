"""The student of the arena of teacher's queries."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Student(nn.Module):
    """Three strided convolutions of `width`, 2 and 4 times as many channels, flattened (`embed`), and one layer."""

    def __init__(self, side: int, width: int, answers: int):
        super().__init__()
        parts: list[nn.Module] = []
        for into, out in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
            parts += [nn.Conv2d(into, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            side = (side + 1) // 2
        self.body, self.wide = nn.Sequential(*parts, nn.Flatten()), 4 * width * side * side
        self.head = nn.Linear(self.wide, answers)

    def embed(self, x: Tensor) -> Tensor:
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


@torch.no_grad()
def in_batches(net, x: Tensor) -> Tensor:
    """What a network or a function says of all pictures."""
    return torch.cat([net(part) for part in x.split(1000)])
