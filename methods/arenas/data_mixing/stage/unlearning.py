"""What a source has taught: unlearn it, and see what else is lost."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor

from methods.arenas.data_mixing.stage.task import Task
from methods.kit.lm_reading import passage_losses, per_passage

STEPS, RATE = 6, 0.05


def impacts(task: Task, others: bool) -> Tensor:
    """(S,) how much the loss on the known target rises when a source is unlearnt by gradient ascent; with `others`,
    every step is followed by one of descent on the other sources. A step goes RATE along the gradient's direction, and
    it ends when the source costs as much as passages with their pieces in mixed order."""
    before = passage_losses(task.start, task.known).mean()
    limit = passage_losses(task.start, task.validation[-1]).mean()
    found = []
    for source in range(task.many):
        net = deepcopy(task.start).requires_grad_(True)
        rest = task.shares.clone()
        rest[source] = 0
        for _ in range(STEPS):
            here = task.draw(source, 8)
            if passage_losses(net, here).mean() >= limit:
                break
            _move(net, here, RATE)
            if others:
                _move(net, task.mixed(rest, 8), -RATE)
        found.append(passage_losses(net, task.known).mean() - before)
        task.trial.count(gradients=8 * STEPS * (1 + others))
    return torch.stack(found)


@torch.enable_grad()
def _move(net, windows: Tensor, by: float) -> None:
    """A step of fixed length up (or, where negative, down) the loss of some passages."""
    loss = per_passage(net, windows).mean()
    grads = torch.autograd.grad(loss, list(net.parameters()))
    norm = torch.cat([g.flatten() for g in grads]).norm().clamp(min=1e-9)
    with torch.no_grad():
        for p, g in zip(net.parameters(), grads, strict=True):
            p += by * g / norm


def mixture_of(found: Tensor, sharp: float = 2.0) -> Tensor:
    """softmax of impacts in units of their deviation.

    >>> mixture_of(torch.tensor([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return (sharp * (found - found.mean()) / found.std().clamp(min=1e-9)).softmax(0)
