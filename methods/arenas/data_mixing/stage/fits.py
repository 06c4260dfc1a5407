"""Losses as functions of mixtures, fitted to short runs."""

from __future__ import annotations

import torch
from torch import Tensor


def dirichlet(many: int, sources: int, drawn: torch.Generator) -> Tensor:
    """(many, S) mixtures, all alike likely."""
    waits = -(1 - 0.999999 * torch.rand(many, sources, generator=drawn)).log()
    return waits / waits.sum(1, keepdim=True)


def linear(mixtures: Tensor, losses: Tensor, ridge: float = 1e-2) -> Tensor:
    """(S,) slopes of losses by mixtures, with a constant that is not held down.

    >>> w = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    >>> slopes = linear(w, torch.tensor([2.0, 4.0, 3.0]), ridge=1e-6)
    >>> round(float(slopes[1] - slopes[0]), 3)
    2.0
    """
    x = (mixtures - mixtures.mean(0)).double()
    y = (losses - losses.mean()).double()
    return torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1], dtype=x.dtype, device=x.device), x.T @ y).float()


def law(mixtures: Tensor, losses: Tensor, drawn: torch.Generator, restarts: int = 3, turns: int = 60,
        ridge: float = 1e-3) -> tuple[Tensor, Tensor, Tensor]:
    """c, log k and t (S,) of L(r) = c + k exp(t . r), least squares with a small ridge on t, the best of restarts."""
    best: tuple[float, tuple[Tensor, ...]] = (float("inf"), ())
    low, spread = losses.min(), (losses.max() - losses.min()).clamp(min=1e-3)
    for _ in range(restarts):
        c = (low - spread * (0.2 + torch.rand((), generator=drawn).to(losses.device))).clone().requires_grad_(True)
        k = spread.log().clone().requires_grad_(True)
        t = (0.5 * torch.randn(mixtures.shape[1], generator=drawn)).to(losses.device).requires_grad_(True)
        optimizer = torch.optim.LBFGS([c, k, t], max_iter=turns, line_search_fn="strong_wolfe")

        def closure(c=c, k=k, t=t, optimizer=optimizer):
            optimizer.zero_grad()
            value = ((c + (k + mixtures @ t).exp() - losses) / spread).square().mean() + ridge * t.square().mean()
            value.backward()
            return value

        with torch.enable_grad():
            optimizer.step(closure)
            value = float(closure().detach())
        if value < best[0]:
            best = value, (c.detach(), k.detach(), t.detach())
    c, k, t = best[1]
    return c, k, t
