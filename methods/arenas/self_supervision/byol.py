"""BYOL: predict what a slowly moving copy of the network says of the other view.

No pair of pictures is pushed apart. A predictor on top of the projector guesses the slow copy's projection of the other
view; the copy is a moving average of the network and gets no gradient, which is why not all features fall together.

    loss = 2 - 2 cos(q(z1), slow z2) + 2 - 2 cos(q(z2), slow z1)
    slow <- m slow + (1 - m) net,   m = 1 - (1 - m0) (cos(pi k / K) + 1) / 2

Departs from the paper: encoder, heads, views and optimiser are the arena's; m0 is the best of 0.9, 0.99 and the
paper's 0.996 on validation pictures. In so few steps it hardly starts, at any of the three rates.

>>> import torch
>>> round(distance(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])).item(), 4)
0.5858
>>> round(slowness(0.9, 0.5), 2)
0.95
"""

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.bootstrap import Bootstrap, slowness
from methods.arenas.self_supervision.stage.losses import negative_cosine
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def distance(p, z):
    """Mean squared distance on the sphere."""
    return 2 + 2 * negative_cosine(p, z)


class Byol(SelfSupervisionMethod):
    card = Card(
        title="BYOL",
        papers=(Paper("Bootstrap your own latent: A new approach to self-supervised Learning", 2020,
                      arxiv="2006.07733"),),
        fidelity="faithful",
        claims=(Beats("simclr", on="linear"), Beats("moco", on="linear")),
    )

    rate: float = rate_factor(1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)

    def network(self, task):
        return Bootstrap(task.network(), task.projected, task.hidden)

    def step(self, net, task):
        x1, x2 = task.pair()
        return distance(net(x1), net.targets(x2)) + distance(net(x2), net.targets(x1))

    def after_step(self, net, task):
        net.let_follow(slowness(self.momentum, task.progress))
