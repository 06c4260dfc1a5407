"""What a method of long context is given, and the attention that most fall back on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

BASE = 10_000.0


@dataclass
class Scene:
    """`trained` is the length that the model was trained at and `base` that of its rotary positions; `pairs` adds up
    query-key products, a head and text, and `units` the queries they were made for. Draw from `generator`."""

    trained: int
    base: float
    generator: torch.Generator
    pairs: float = 0.0
    units: int = 0

    def count(self, pairs: float, units: int) -> None:
        self.pairs, self.units = self.pairs + pairs, self.units + units


def turned(x: Tensor, at: Tensor, base: float = BASE) -> Tensor:
    """(…, T, d) with each pair of halves turned by angles that grow with the place `at` (T,).

    >>> turned(torch.tensor([[1.0, 0.0]]), torch.tensor([torch.pi])).round().tolist()
    [[-1.0, -0.0]]
    """
    half = x.shape[-1] // 2
    angle = at[:, None] * base ** (-torch.arange(half, device=x.device) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)


def places(x: Tensor) -> Tensor:
    return torch.arange(x.shape[-2], device=x.device)


def causal(q: Tensor, k: Tensor, v: Tensor, scene: Scene, reach: int = 0) -> Tensor:
    """Attention to all up to one's own place, or to the last `reach`; q and k are turned already."""
    apart = places(q)[:, None] - places(q)
    seen = (apart >= 0) & (apart < reach) if reach else apart >= 0
    scene.count(float(seen.sum()), len(seen))
    return F.scaled_dot_product_attention(q, k, v, seen)
