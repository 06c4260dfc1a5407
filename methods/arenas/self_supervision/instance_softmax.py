"""Instance softmax: every picture is its own class, with a learnt weight vector for each.

The classifier of exemplars that NPID replaces its bank for: as many rows of weights as there are pictures, each of
which is met a few times only.

    loss = CE(softmax(W v), i)

>>> import torch
>>> classifier(5, 3).weight.shape
torch.Size([5, 3])
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Card


def classifier(pictures, width):
    return nn.Linear(width, pictures, bias=False)


class InstanceSoftmax(SelfSupervisionMethod):
    card = Card(title="Parametric instance softmax")

    rate: float = rate_factor(1.0)

    def network(self, task):
        net = task.network()
        net.projector.append(classifier(len(task.pictures), task.projected).to(task.pictures.device))
        return net

    def step(self, net, task):
        return F.cross_entropy(net(task.view(task.draw(2 * task.batch))), task.rows)
