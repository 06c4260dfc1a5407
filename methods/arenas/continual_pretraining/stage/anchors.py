"""Weights that a penalty holds near where they were, and how much each mattered to the old text."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.arenas.continual_pretraining.stage.task import Task, mean_nats


def trained(net: nn.Module) -> dict[str, Tensor]:
    return {name: p for name, p in net.named_parameters() if p.requires_grad}


def copied(net: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in trained(net).items()}


def fisher(net: nn.Module, windows: Tensor) -> dict[str, Tensor]:
    """The diagonal of the Fisher information: mean square of the gradient of single windows' log-likelihood."""
    found = {name: torch.zeros_like(p) for name, p in trained(net).items()}
    for window in windows.split(1):
        grads = torch.autograd.grad(mean_nats(net, window) * (window.shape[1] - 1), list(trained(net).values()))
        for (name, total), grad in zip(found.items(), grads, strict=True):
            found[name] = total + grad.square() / len(windows)
    return found


def pull(net: nn.Module, anchor: dict[str, Tensor], weight: dict[str, Tensor] | None = None) -> Tensor:
    """1/2 sum_j w_j (theta_j - theta*_j)^2, with w = 1 where no weight is given.

    >>> layer = nn.Linear(1, 1, bias=False)
    >>> round(float(pull(layer, {"weight": layer.weight.detach() + 2})), 3)
    2.0
    """
    parts = [((p - anchor[name]).square() * (weight[name] if weight else 1.0)).sum()
             for name, p in trained(net).items()]
    return torch.stack(parts).sum() / 2


def remembered(task: Task, many: int) -> Tensor:
    """Some windows of the text read last: of all old ones before the first text."""
    return task.recall(many) if not task.stage else task.past[-1][:many]
