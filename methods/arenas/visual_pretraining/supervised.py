"""Supervised: the same transformer trained on the classes of the unlabelled pictures.

With labels that nobody else has, on as many pictures. The upper end of the table, not a contestant.

    loss = CE(softmax(W f(x)), y)

>>> import torch
>>> torch.nn.functional.cross_entropy(torch.zeros(1, 2), torch.tensor([1])).exp().item()
2.0
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card


class Supervised(VisualPretrainingMethod):
    card = Card(title="Supervised (upper bound)")
    sees_labels = True

    rate: float = rate_factor(3.0)

    def network(self, task):
        encoder = task.encoder()
        return task.parts(encoder, last=nn.Linear(encoder.width, 10))

    def loss(self, net, x, task):
        return F.cross_entropy(net.last(net.encoder(x)), task.labels[task.rows], ignore_index=-1)
