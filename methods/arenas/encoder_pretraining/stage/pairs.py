"""Telling from a pair of segments how the second comes to the first."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.encoder_pretraining.stage.net import Encoder
from methods.arenas.encoder_pretraining.stage.task import Task


class Pool(nn.Module):
    """Logits of `ways` from the mean state of all words, in place of a first symbol's."""

    def __init__(self, width: int, ways: int):
        super().__init__()
        self.turn, self.out = nn.Linear(width, width), nn.Linear(width, ways)

    def forward(self, state: Tensor) -> Tensor:
        return self.out(self.turn(state.mean(1)).tanh())


def pair_loss(net: Encoder, task: Task, state: Tensor, way: Tensor) -> Tensor:
    return F.cross_entropy(task.parts["pool"](net.norm(state)), way)


def swapped(task: Task, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Windows of which about half have their halves in the other order, and which."""
    half, turned = ids.shape[1] // 2, task.lots(len(ids)) < 0.5
    return torch.where(turned[:, None], ids.roll(half, 1), ids), turned.long()
