"""Core-set: label so that no item of the pool is far from a labelled one.

A classifier that is right on the labelled items is the likelier right on an item the nearer a labelled one is. So one
after the other the item farthest from all labelled ones is taken. The classifier itself is not asked.

    u = argmax_i  min_{j in S} |h_i - h_j|,   S <- S + u,   k times

Departs from the paper: the greedy solution alone, without the mixed-integer program that removes outliers from it; the
features h are fixed instead of a network's that is trained anew.

>>> import torch
>>> farthest(torch.tensor([[0.0], [1.0], [4.0], [6.0]]), torch.tensor([0]), 2).tolist()
[3, 2]
"""

import torch

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Beats, Card, Paper


def farthest(h, centres, k):
    """Rows of `h` (N, D) taken one after the other, each the farthest from `centres` and those before it."""
    def away(i):
        return (h - h[i]).square().sum(1)

    nearest, taken = torch.cdist(h, h[centres]).square().amin(1), []
    for _ in range(k):
        taken.append(nearest.argmax())
        nearest = torch.minimum(nearest, away(taken[-1]))
    return torch.stack(taken)


class CoreSet(ActiveMethod):
    card = Card(
        title="Core-set",
        papers=(Paper("Active Learning for Convolutional Neural Networks: A Core-Set Approach", 2018,
                      arxiv="1708.00489"),),
        fidelity="core",
        claims=(Beats("random", on="area", setting="large-batches"),
                Beats("entropy", on="area", setting="large-batches")),
    )

    def query(self, task, k):
        return farthest(task.x, task.asked, k)
