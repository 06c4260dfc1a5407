"""Logistic regression over several classes: what every method of active learning trains on its labels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Logistic(nn.Module):
    """Features (N, D) to logits (N, C): of one regression, weights (1, C, D), or the log of the mean softmax of M."""

    def __init__(self, weight: Tensor, offset: Tensor):
        super().__init__()
        self.weight, self.offset = nn.Parameter(weight), nn.Parameter(offset)

    def each(self, x: Tensor) -> Tensor:
        """Logits (M, N, C) of every regression."""
        members, classes, width = self.weight.shape
        joint = x @ self.weight.reshape(members * classes, width).T
        return joint.reshape(len(x), members, classes).transpose(0, 1) + self.offset[:, None]

    def forward(self, x: Tensor) -> Tensor:
        logits = self.each(x)
        return logits[0] if len(logits) == 1 else logits.softmax(2).mean(0).clamp(min=1e-30).log()


def logistic(x: Tensor, y: Tensor, classes: int, ridge: float, weights: Tensor | None = None,
             start: Logistic | None = None, steps: int = 40) -> Logistic:
    """Regressions on `x` (N, D) with labels `y` (N,), from zero or from `start`, by L-BFGS.

    Each of M minimises  sum_i w_i CE(W x_i + b, y_i) + ridge / 2 ||W||^2,  which has one minimum, with its own weights
    of items `weights` (M, N). Without weights there is one regression, in which all items weigh one.
    """
    weights = x.new_ones(1, len(x)) if weights is None else weights
    shape = (len(weights), classes, x.shape[1])
    net = Logistic(x.new_zeros(shape), x.new_zeros(shape[:2]))
    if start is not None:
        net.load_state_dict(start.state_dict())
    solver = torch.optim.LBFGS(net.parameters(), max_iter=steps, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        each = F.cross_entropy(net.each(x).flatten(0, 1), y.repeat(len(weights)), reduction="none")
        value = (weights.flatten() * each).sum() + ridge / 2 * net.weight.square().sum()
        value.backward()
        return value

    solver.step(closure)  # type: ignore[arg-type]  # the closure returns the loss as a tensor
    return net.requires_grad_(False)
