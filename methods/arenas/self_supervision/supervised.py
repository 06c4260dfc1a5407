"""Supervised: the same encoder trained on the digits of the unlabelled pictures.

With labels that nobody else has, on the same number of views. The upper end for this arena's encoder, not a contestant;
a method that brings fixed layers of its own may go above.

    loss = CE(softmax(W f(x)), y) over both views

>>> import torch
>>> paired(torch.tensor([3, 1])).tolist()
[3, 1, 3, 1]
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Card


def paired(y):
    """Labels of two views, the first of all and then the second."""
    return y.repeat(2)


class Supervised(SelfSupervisionMethod):
    card = Card(title="Supervised (upper bound of the encoder)")
    sees_labels = True

    rate: float = rate_factor(3.0)

    def network(self, task):
        return Net(task.encoder(), nn.Linear(task.features, 10).to(task.pictures.device))

    def step(self, net, task):
        x = task.draw()
        both = task.view(x.repeat(2, 1, 1, 1))
        return F.cross_entropy(net(both), paired(task.labels[task.rows]))
