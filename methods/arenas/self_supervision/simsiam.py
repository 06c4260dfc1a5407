"""SimSiam: predict the other view's projection, which gets no gradient.

As BYOL without the slow copy: the target is the network's own projection, and stopping its gradient is enough to keep
features apart.

    loss = -cos(h(z1), stop z2) / 2 - cos(h(z2), stop z1) / 2

Departs from the paper: encoder, views and optimiser are the arena's, the rate of the predictor falls with that of the
others, and the projector has two layers and not three, with a batch norm at its end as in the paper; the predictor is
wider between its layers than at its ends, where the paper's narrows to a quarter.

>>> import torch
>>> round(negative_cosine(torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, 0.0]])).item(), 4)
-0.7071
"""

from torch import nn

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.losses import negative_cosine
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper


class Simsiam(SelfSupervisionMethod):
    card = Card(
        title="SimSiam",
        papers=(Paper("Exploring Simple Siamese Representation Learning", 2020, arxiv="2011.10566"),),
        fidelity="faithful",
        claims=(Beats("align-only", on="linear"), Beats("simclr", on="linear"), Beats("byol", on="linear")),
    )

    rate: float = rate_factor(3.0)

    def network(self, task):
        net, width = task.network(), task.projected
        net.projector.append(nn.BatchNorm1d(width, affine=False).to(task.pictures.device))
        net.predictor = task.head(into=width)
        return net

    def step(self, net, task):
        x1, x2 = task.pair()
        z1, z2 = net(x1), net(x2)
        return negative_cosine(net.predictor(z1), z2) / 2 + negative_cosine(net.predictor(z2), z1) / 2
