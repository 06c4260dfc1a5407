"""A start on drawings of all kinds of things, before the pictures that matter."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.visual_pretraining.stage.dinov2 import dinov2_loss, dinov2_network
from methods.arenas.visual_pretraining.stage.distilled import let_follow
from methods.arenas.visual_pretraining.stage.nets import Parts
from methods.arenas.visual_pretraining.stage.task import Task

MOMENTUM, KOLEO = 0.99, 0.1


def elsewhere(task: Task) -> Tensor:
    """A batch of drawings (B, 1, H, W)."""
    rows = torch.randint(len(task.elsewhere), (task.batch,), generator=task.generator)
    return task.elsewhere[rows.to(task.elsewhere.device)]


def generic(task: Task, rate: float, share: float) -> Parts:
    """A DINOv2 network after a `share` of the budget on drawings alone."""
    net = dinov2_network(task)
    if share > 0:
        task.train(net, lambda: dinov2_loss(net, elsewhere(task), task, KOLEO),
                   lambda: let_follow(net, MOMENTUM, task.progress), rate=rate, share=share)
    return net


def continued(net: Parts, task: Task, rate: float, share: float) -> None:
    """The same network on the unlabelled pictures."""
    task.train(net, lambda: dinov2_loss(net, task.draw(), task, KOLEO),
               lambda: let_follow(net, MOMENTUM, task.progress), rate=rate, share=share)
