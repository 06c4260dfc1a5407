"""The task's labelled windows with windows of the domain: the nearest by words, or any."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.arenas.masked_adaptation.stage.task import Task


class Neighbours(MaskedAdaptationMethod):
    """Reads the labelled windows and `k` of the domain for each."""

    k = 20

    def rows(self, task: Task) -> Tensor:
        raise NotImplementedError

    def prepare(self, task):
        task.texts["near"] = torch.cat([task.labelled, task.texts["domain"][self.rows(task)]])
        return task.start()

    def draw(self, task):
        return task.draw("near")


def bags(ids: Tensor, words: int) -> Tensor:
    """(N, V) unit vectors of counts, each word weighed by log(N / windows with it).

    >>> bags(torch.tensor([[0, 1], [0, 2]]), 3).tolist()                # word 0 is everywhere and weighs nothing
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    counts = torch.zeros(len(ids), words, device=ids.device).scatter_add(1, ids, torch.ones_like(ids).float())
    return F.normalize(counts * (len(ids) / (counts > 0).sum(0).clamp(min=1)).log(), dim=1)


def nearest(asked: Tensor, text: Tensor, words: int, k: int) -> Tensor:
    """The rows of a text that are among the k nearest of any asked window."""
    found = bags(torch.cat([asked, text]), words)
    return (found[:len(asked)] @ found[len(asked):].T).topk(min(k, len(text)), 1).indices.unique()
