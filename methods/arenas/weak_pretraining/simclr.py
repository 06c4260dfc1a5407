"""SimCLR: no labels; two views of a picture are to be more alike than views of different pictures.

    L = mean over views of -log exp(s(i, j) / tau) / sum_{k != i} exp(s(i, k) / tau),   s cosines of projections

Departs from the paper: the arena's encoder and steps; turning, zoom, shift and a missing block instead of crops and
colours; tau 0.2 (ours) on a projection of two layers.

>>> import torch
>>> a = torch.eye(2)
>>> round(contrast(a, a, 1.0).item(), 4)                                   # -log e / (e + 2)
0.5514
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


def contrast(a, b, tau):
    """Mean over 2N unit rows a, b (N, D)."""
    z = torch.cat([a, b])
    similar = (z @ z.T / tau).fill_diagonal_(-torch.inf)
    return F.cross_entropy(similar, torch.arange(len(z), device=z.device).roll(len(a)))


class Simclr(WeakPretrainingMethod):
    card = Card(
        title="SimCLR",
        papers=(Paper("A Simple Framework for Contrastive Learning of Visual Representations", 2020,
                      arxiv="2002.05709"),),
        fidelity="core",
    )

    tau: float = param(0.2, "temperature of the cosines", low=0.02, high=2.0)

    def head(self, task):
        return nn.Sequential(task.layer(64), nn.ReLU(), task.layer(64))

    def loss(self, net, head, x, rows, task):
        z = F.normalize(head(net(torch.cat([task.view(x, 1.0), task.view(x, 1.0)]))), dim=1)
        return contrast(*z.chunk(2), self.tau)
