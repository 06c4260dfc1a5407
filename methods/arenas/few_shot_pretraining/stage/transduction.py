"""Means that move with the queries of an episode."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

TEMPERATURES, STEPS = (0.03, 0.1, 0.3, 1.0), 10


def calibrated(x: Tensor) -> Tensor:
    """Features (E, ..., D), none below 0: root, length one, less their mean in the episode, length one."""
    x = F.normalize(x.clamp(min=0).sqrt(), dim=-1)
    return F.normalize(x - x.flatten(1, -2).mean(1)[(slice(None), *[None] * (x.dim() - 2))], dim=-1)


def moved(query: Tensor, support: Tensor, temperature: float, steps: int = STEPS) -> Tensor:
    """Cosines (E, Q, W) of queries (E, Q, D) and means that were taken anew `steps` times over the given drawings
    (E, W, S, D) and the shares of the queries; both sides calibrated first."""
    x, shots = calibrated(query), calibrated(support)
    means = shots.mean(2)
    for _ in range(steps):
        p = (x @ F.normalize(means, dim=2).transpose(1, 2) / temperature).softmax(2)
        means = (shots.sum(2) + p.transpose(1, 2) @ x) / (shots.shape[2] + p.sum(1)[:, :, None])
    return x @ F.normalize(means, dim=2).transpose(1, 2)


def best_temperature(query: Tensor, support: Tensor, y: Tensor) -> float:
    """The one of four whose answers are right most often; `y` is -1 for queries of unknown kinds."""
    def right(temperature: float) -> float:
        return (moved(query, support, temperature).argmax(2) == y)[y >= 0].double().mean().item()
    return max(TEMPERATURES, key=right)
