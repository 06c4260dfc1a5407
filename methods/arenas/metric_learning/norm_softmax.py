"""Normalised softmax: name the kinds by cosines with learnt directions, so that only angles are learnt.

    loss = CE(softmax(cos(z, w_k) / T), y),   T = 0.05

Departs from the paper: no balanced batches of its own and no binary hashes; its layer norm on the embedding is left to
the network's batch norm.

>>> import torch
>>> round(F.cross_entropy(torch.tensor([[1.0, 0.0]]) / 1.0, torch.tensor([0])).item(), 4)           # log(1 + exp(-1))
0.3133
"""

import torch.nn.functional as F

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import Proxies
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class NormSoftmax(MetricMethod):
    card = Card(
        title="Normalised softmax",
        papers=(Paper("Classification is a Strong Baseline for Deep Metric Learning", 2018, arxiv="1811.12649"),),
        fidelity="core",
        claims=(Beats("margin-distance-weighted", on="r1"),),
    )

    rate: float = rate_factor(3.0)
    temperature: float = param(0.05, "of the softmax over cosines", low=0.01, high=1.0)

    def head(self, task):
        return Proxies(task.kinds, task.features)

    def loss(self, z, y, task):
        return F.cross_entropy(self.trained_head(z) / self.temperature, y)
