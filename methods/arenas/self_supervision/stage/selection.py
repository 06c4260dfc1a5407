"""Four short trainings from the same start, of which one is kept."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from methods.arenas.self_supervision.stage.losses import nt_xent
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.task import Task

TEMPERATURES = (0.03, 0.1, 0.3, 1.0)


def candidates(task: Task, rate: float) -> list[Net]:
    """SimCLR at four temperatures, each trained for a quarter of the budget."""
    found = []
    for tau in TEMPERATURES:
        net = task.network()
        task.train(net, partial(_step, net, task, tau), counted=net.encoder, rate=rate, share=1 / len(TEMPERATURES))
        found.append(net)
    return found


def _step(net: Net, task: Task, tau: float) -> Tensor:
    return nt_xent(*net(torch.cat(task.pair())).chunk(2), tau)
