"""LOOK: be named rightly by the nearest neighbours among others, and leave far pictures of one's label in peace.

A queue holds projections of a slowly following copy of the network. Of a picture's k most similar entries, itself left
out, those of its label are to have most of the weight; where none has its label, the picture is left out.

    L = -log sum_{j in N_k(i), y_j = y_i} exp(z_i z_j / tau) / sum_{j in N_k(i)} exp(z_i z_j / tau)

Departs from the paper: the arena's encoder and steps; a queue of 2,048 that is passed in 32 steps (8,192 in 21 at the
scale gpu), k = 200 of it, tau 0.1 and a copy that keeps 0.99 of itself are ours. A picture is left out of its own
neighbours only because a batch enters the queue after its loss: the first batch, for want of a queue, meets its own
keys, and a picture that is soon drawn again meets its older one.

>>> import torch
>>> z, queue = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
>>> round(among_neighbours(z, torch.tensor([0]), queue, torch.tensor([0, 1, 0]), 2, 1.0).item(), 4)      # one of two
0.6931
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.arenas.weak_pretraining.stage.task import slow_copy
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def among_neighbours(z, y, queue, of, k, tau):
    """Mean over unit rows z (N, D) with labels y (N,) that have a neighbour of their label in the queue (M, D)."""
    near, at = (z @ queue.T / tau).topk(min(k, len(queue)), 1)
    same = of[at] == y[:, None]
    own = near.masked_fill(~same, -torch.inf)
    kept = same.any(1)
    if not kept.any():
        return z.sum() * 0
    return (near[kept].logsumexp(1) - own[kept].logsumexp(1)).mean()


class Look(WeakPretrainingMethod):
    card = Card(
        title="LOOK",
        papers=(Paper("Rethinking Supervised Pre-training for Better Downstream Transferring", 2021,
                      arxiv="2110.06014"),),
        fidelity="core",
        claims=(Beats("tag-softmax", on="map_r", setting="coarse-labels"),
                Beats("supcon", on="map_r", setting="coarse-labels")),
    )

    k: int = param(200, "nearest entries of the queue that are compared", low=1, high=2000)
    tau: float = param(0.1, "temperature of the cosines", low=0.02, high=2.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in a step", low=0.0, high=0.999)

    def head(self, task):
        self.slow, self.queue, self.of = None, None, None
        return nn.Sequential(task.layer(64), nn.ReLU(), task.layer(64))

    def loss(self, net, head, x, rows, task):
        if self.slow is None:
            self.slow = slow_copy(nn.Sequential(net, head))
        with torch.no_grad():
            for kept, new in zip(self.slow.parameters(), nn.Sequential(net, head).parameters(), strict=True):
                kept.lerp_(new, 1 - self.momentum)
            keys = F.normalize(self.slow(task.view(x)), dim=1)
        z, y = F.normalize(head(net(task.view(x))), dim=1), task.first[rows]
        queue, of = (keys, y) if self.queue is None else (self.queue, self.of)
        value = among_neighbours(z, y, queue, of, self.k, self.tau)
        self.queue, self.of = torch.cat([keys, queue])[:task.options.queue], torch.cat([y, of])[:task.options.queue]
        return value
