"""Supervised: the same transformer trained on the digits of the unlabelled clouds.

With labels that nobody else has. The upper end of the table, not a contestant.

    loss = CE(softmax(W f(x)), y)

>>> import torch
>>> torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([1])).exp().item()
2.0
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.point_pretraining.arena import PointPretrainingMethod
from methods.arenas.point_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class Supervised(PointPretrainingMethod):
    card = Card(title="Supervised (upper bound)")
    sees_labels = True

    rate: float = rate_factor(1.0)

    def network(self, task):
        return task.parts(task.encoder(), last=nn.Linear(task.width, 10))

    def loss(self, net, clouds, task):
        return F.cross_entropy(net.last(net.encoder(clouds)), task.labels[task.rows])
