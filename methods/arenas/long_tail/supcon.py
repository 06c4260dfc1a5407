"""Supervised contrastive learning: pull views of the same class together, then train a linear classifier.

Every picture of a batch is seen in two random views. The features, passed through a small projection, are trained
so that views of one class are closer to each other than to all others. Then the projection is dropped, the features
are frozen, and a linear classifier is trained on batches in which every class is equally likely.

    loss = -1/M sum_i 1/|P(i)| sum_{p in P(i)} log exp(z_i z_p / tau) / sum_{a != i} exp(z_i z_a / tau)   (eq. 2)

Departs from the paper: the classifier's batches are class-balanced and both stages share one budget.

>>> import torch
>>> from methods.arenas.long_tail.stage.task import contrast
>>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
>>> same = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
>>> round(contrast(z, same, temperature=1.0).item(), 4)                      # -log e / (e + 1)
0.3133
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.long_tail.arena import LongTailMethod
from methods.arenas.long_tail.stage.task import contrast
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Supcon(LongTailMethod):
    card = Card(
        title="Supervised contrastive learning",
        papers=(Paper("Supervised Contrastive Learning", 2020, arxiv="2004.11362"),),
        fidelity="core",
        claims=(Beats("crt", on="balanced_accuracy", setting="mild"),),
    )

    temperature: float = param(0.1, "how much the nearest others count", low=0.05, high=1.0)
    first: float = param(0.8, "share of the budget that trains the features", low=0.0, high=1.0)

    def prepare(self, net, task):
        width = task.features
        self.project = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)).to(task.x.device)
        task.begin_stage([*net.backbone.parameters(), *self.project.parameters()], end=self.first)

    def step(self, net, task):
        if task.enters(self.first):
            task.begin_stage(net.classifier.parameters())
        if task.progress >= self.first:
            batch = task.draw(torch.ones_like(task.counts))
            with torch.no_grad():
                features = net.backbone(batch.x)
            loss = self.loss(net.classifier(features), batch.y)
        else:
            batch = task.draw()
            pictures = task.x[batch.index]
            views = torch.cat([task.distort(pictures), task.distort(pictures)])
            z = F.normalize(self.project(net.backbone(views)))
            y = batch.y.repeat(2)
            loss = contrast(z, y[:, None] == y, self.temperature)
        loss.backward()
        return loss
