"""Several tasks set by the text itself, that come in one after another."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.arenas.masked_adaptation.stage.task import Task

TASKS = ("words", "order", "distance")


class Ordered(MaskedAdaptationMethod):
    """In stage k of `stages` the tasks up to the k-th take turns."""

    stages = 3

    def prepare(self, task):
        net = task.start()
        task.add("order", nn.Linear(net.width, 2))
        task.add("distance", nn.Linear(net.width, 3))
        return net

    def loss(self, net, task: Task) -> Tensor:
        open_ = min(len(TASKS), math.ceil(len(TASKS) * (int(task.progress * self.stages) + 1) / self.stages))
        name = TASKS[task.step % open_]
        if name == "words":
            return super().loss(net, task)
        ids = task.draw()
        halves = ids[:, :ids.shape[1] // 2], ids[:, ids.shape[1] // 2:]
        if name == "order":
            way = (task.lots(len(ids)) < 0.5).long()
            mixed = torch.where(way[:, None] > 0, torch.cat(halves[::-1], 1), ids)
        else:
            way = (task.lots(len(ids)) * 3).long()
            mixed = torch.cat([halves[0], self.second(halves[1], way, task)], 1)
        return F.cross_entropy(task.parts[name](net.read(mixed).last.mean(1)), way)

    def second(self, half: Tensor, way: Tensor, task: Task) -> Tensor:
        """The second half: its own (0), another of the same document (1), of any (2)."""
        of, rows = task.documents, task.rows
        same = (of[rows][:, None] == of).float().scatter_(1, rows[:, None], 0) + 1e-9 * torch.rand(len(of),
                                                                                                   device=of.device)
        near = (same * task.lots(*same.shape)).argmax(1)
        other = (task.lots(len(rows)) * len(of)).long()
        text = task.texts["domain"][:, half.shape[1]:]
        way = way[:, None]
        return torch.where(way == 0, half, torch.where(way == 1, text[near], text[other]))
