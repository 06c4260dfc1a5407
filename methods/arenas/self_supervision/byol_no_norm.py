"""BYOL without batch norm: the heads have none, which was thought to keep BYOL from falling together.

It was said that BYOL works because batch norm compares pictures behind its back. Without any norm in projector and
predictor it should still learn.

    loss = that of BYOL, heads without a norm

Departs from the paper: encoder, heads, views and optimiser are the arena's; the encoder keeps its batch norms, as do
all here; m0 is that of BYOL here.

>>> import torch
>>> round(distance(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])).item(), 4)
0.5858
"""

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.bootstrap import Bootstrap, slowness
from methods.arenas.self_supervision.stage.losses import negative_cosine
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


def distance(p, z):
    """Mean squared distance on the sphere."""
    return 2 + 2 * negative_cosine(p, z)


class ByolNoNorm(SelfSupervisionMethod):
    card = Card(
        title="BYOL without batch norm in its heads",
        papers=(Paper("Self-Labeling Refinement for Robust Representation Learning with Bootstrap Your Own Latent",
                      2022, arxiv="2204.04545", covers="BYOL without batch norm"),),
        fidelity="core",
        claims=(Matches("byol", on="linear", within=2),),
        reduces_to=("byol", {"norm": "batch", "rate": 1.0}),
    )

    rate: float = rate_factor(3.0)
    norm: str = param("none", "norm between the layers of the heads", choices=("none", "layer", "batch"))
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)

    def network(self, task):
        return Bootstrap(Net(task.encoder(), task.head(norm=self.norm)), task.projected, task.hidden, self.norm)

    def step(self, net, task):
        x1, x2 = task.pair()
        return distance(net(x1), net.targets(x2)) + distance(net(x2), net.targets(x1))

    def after_step(self, net, task):
        net.let_follow(slowness(self.momentum, task.progress))
