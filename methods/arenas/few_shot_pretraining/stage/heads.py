"""What is trained on top of the network and thrown away, and probes of its features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.few_shot_pretraining.stage.task import Task

SCALE = 16.0


def cosines(x: Tensor, vectors: Tensor) -> Tensor:
    """(..., K) of features (..., D) and vectors (K, D)."""
    return F.normalize(x, dim=-1) @ F.normalize(vectors, dim=-1).transpose(-1, -2)


class Named(nn.Module):
    """An encoder with one vector a base kind: drawings (N, 1, H, W) -> scaled cosines (N, K)."""

    def __init__(self, task: Task):
        super().__init__()
        self.encoder = task.encoder()
        self.vectors = nn.Parameter(torch.randn(task.kinds, task.features).to(task.pictures.device))

    def forward(self, x: Tensor) -> Tensor:
        return SCALE * cosines(self.encoder(x), self.vectors)


def logistic_probe(support: Tensor, ridge: float = 0.3, steps: int = 25) -> tuple[Tensor, Tensor]:
    """Weights (E, W, D) and offsets (E, W) of a regression on each episode's drawings (E, W, S, D), by L-BFGS from
    zero: minimises  sum_i CE(W x_i + b, y_i) + ridge / 2 |W|^2."""
    episodes, ways, shots, width = support.shape
    x = support.flatten(1, 2)
    y = torch.arange(ways, device=x.device).repeat_interleave(shots).repeat(episodes)
    w, b = (x.new_zeros(shape).requires_grad_() for shape in ((episodes, ways, width), (episodes, ways)))
    solver = torch.optim.LBFGS([w, b], max_iter=steps, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        logits = x @ w.transpose(1, 2) + b[:, None]
        value = F.cross_entropy(logits.flatten(0, 1), y, reduction="sum") + ridge / 2 * w.square().sum()
        value.backward()
        return value

    solver.step(closure)  # type: ignore[arg-type]  # the closure returns the loss as a tensor
    return w.detach(), b.detach()
