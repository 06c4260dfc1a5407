"""SupCon: pictures of one label are to be more alike than those of different labels.

    L = mean_i -(1/|P_i|) sum_{j in P_i} log exp(s(i, j) / tau) / sum_{k != i} exp(s(i, k) / tau),   P_i of i's label

Departs from the paper: one view of a picture (pictures without another of their label in the batch are left out); the
first tag is the label; tau 0.1 is the paper's.

>>> import torch
>>> z = torch.eye(2)[[0, 0, 1, 1]]
>>> round(contrast(z, torch.tensor([0, 0, 1, 1]), 1.0).item(), 4)          # -log e / (e + 2)
0.5514
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.weak_pretraining.arena import WeakPretrainingMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


def contrast(z, y, tau):
    """Mean over unit rows z (N, D) that have another of their label."""
    similar = (z @ z.T / tau).fill_diagonal_(-torch.inf)
    same = (y[:, None] == y[None]).fill_diagonal_(False)
    log_p = similar.log_softmax(1).masked_fill(~same, 0.0)
    anchors = same.any(1)
    return -(log_p.sum(1)[anchors] / same.sum(1)[anchors]).sum() / anchors.sum().clamp(min=1)


class Supcon(WeakPretrainingMethod):
    card = Card(
        title="SupCon",
        papers=(Paper("Supervised Contrastive Learning", 2020, arxiv="2004.11362"),),
        fidelity="core",
    )

    tau: float = param(0.1, "temperature of the cosines", low=0.02, high=2.0)

    def head(self, task):
        return nn.Sequential(task.layer(64), nn.ReLU(), task.layer(64))

    def loss(self, net, head, x, rows, task):
        z = F.normalize(head(net(task.view(x))), dim=1)
        return contrast(z, task.first[rows], self.tau)
