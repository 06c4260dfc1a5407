"""CURL: the contrast of a theory, in which two pictures of one hidden class are a positive pair.

Positives are two draws of one class and negatives draws of any, so that a negative is of the same class as often as
classes collide, here one time in ten. A low loss then promises that the mean feature of each class classifies well.

    loss = mean log(1 + sum_{i<=k} exp(f(x) f(x_i-) - f(x) f(x+))),   |f| = R
    classifier: argmax_c f(x) mu_c,   mu_c the mean feature of the class

Departs from the paper: encoder, views and optimiser are the arena's; there is no projector; negatives are the positives
of other anchors of the batch, the logarithm is natural and not to base 2, features lie on a ball's surface and not
within it, k and R^2 are ours, and a rival may blur the classes.

>>> import torch
>>> f, positive = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]])
>>> round(logistic(f, positive, torch.tensor([[[0.0, 1.0]]])).item(), 4)                          # log(1 + 1/e)
0.3133
"""

import torch

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.latent import Ball, negatives_of
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def logistic(f, positive, negatives):
    """Loss of anchors f (B, D) with positives (B, D) and negatives (B, k, D)."""
    lead = (f[:, None] * (negatives - positive[:, None])).sum(2)
    return torch.cat([torch.zeros_like(lead[:, :1]), lead], 1).logsumexp(1).mean()


class Curl(SelfSupervisionMethod):
    card = Card(
        title="CURL",
        papers=(Paper("A Theoretical Analysis of Contrastive Unsupervised Representation Learning", 2019,
                      arxiv="1902.09229", covers="the contrast with k negatives and the mean classifier"),),
        fidelity="faithful",
        claims=(Matches("supervised", on="mean_classifier", within=5, setting="latent-classes"),
                Beats("untrained", on="mean_classifier", setting="latent-classes")),
    )

    rate: float = rate_factor(3.0)
    negatives: int = param(8, "k: negatives of an anchor", low=1, high=32)
    square: float = param(5.0, "R^2: the square of a feature's length", low=0.5, high=50.0)

    def network(self, task):
        return Net(torch.nn.Sequential(task.encoder(), Ball(self.square)), torch.nn.Identity())

    def step(self, net, task):
        x1, x2 = task.pair()
        f, positive = net(torch.cat([x1, x2])).chunk(2)
        return logistic(f, positive, positive[negatives_of(len(f), self.negatives, task.generator)])
