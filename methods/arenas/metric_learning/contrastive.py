"""Contrastive: pull two drawings of a kind together, push those of two kinds apart up to a margin.

    loss = mean over pairs of one kind of d^2 + mean over near others of (margin - d)^2, margin 1

Departs from the paper: all pairs of a batch on the sphere, without its halves; both sorts of pairs count alike, however
many there are; others beyond the margin are left out of the mean, which they would drown.

>>> import torch
>>> from methods.arenas.metric_learning.stage.losses import contrastive
>>> z = torch.tensor([[1.0, 0.0], [0.6, 0.8], [1.0, 0.0]])       # one kind at d^2 = .8, one other at 0, one at d^2 = .8
>>> round(contrastive(z, torch.tensor([0, 0, 1]), 1.0).item(), 3)          # .8 + (1 + (1 - .894)^2) / 2
1.305
"""

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import contrastive
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Contrastive(MetricMethod):
    card = Card(
        title="Contrastive loss",
        papers=(Paper("Dimensionality Reduction by Learning an Invariant Mapping", 2006),),
        fidelity="core",
    )

    rate: float = rate_factor(3.0)
    margin: float = param(1.0, "distance beyond which nothing is pushed", low=0.1, high=1.9)

    def loss(self, z, y, task):
        return contrastive(z, y, self.margin)
