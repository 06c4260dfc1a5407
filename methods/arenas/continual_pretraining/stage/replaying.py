"""Batches of which a part comes from texts read before."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.continual_pretraining.stage.task import Task


def mixed(task: Task, share: float, weights: Tensor | None = None) -> Tensor:
    """A batch with a share of old windows; where that is no whole number, chance rounds it, right on average."""
    wanted = share * task.size
    many = int(wanted) + int(torch.rand((), generator=task.generator) < wanted % 1)
    return torch.cat([task.draw(task.size - many), task.recall(many, weights)])
