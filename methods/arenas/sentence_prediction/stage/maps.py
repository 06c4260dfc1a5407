"""Linear maps of least squares with a small penalty."""

from __future__ import annotations

import torch
from torch import Tensor


def ridge(x: Tensor, y: Tensor, penalty: float = 10.0) -> Tensor:
    """(D, E) least squares of y (N, E) on x (N, D).

    >>> ridge(torch.tensor([[1.0], [1.0]]), torch.tensor([[2.0], [2.0]]), 0.0).tolist()
    [[2.0]]
    """
    return torch.linalg.solve(x.T @ x + penalty * torch.eye(x.shape[1], device=x.device), x.T @ y)
