"""CURL with blocks: compare with the mean of several pictures of a class instead of one.

A single positive is a noisy word for its class. With blocks of b pictures the feature is compared with the mean of b
positives and of b negatives of one other class, which is nearer to what the mean classifier does.

    loss = mean log(1 + sum_{i<=k} exp(f(x) mean_b f(x_ib-) - f(x) mean_b f(x_b+))),   |f| = R

Departs from the paper: as CURL here; there are k negative blocks (one in the paper), b is ours; all b + 1 views count
as pictures seen, so there are fewer anchors a step.

>>> import torch
>>> blocks(torch.tensor([[1.0], [2.0], [3.0], [6.0]]), 2).tolist()              # two anchors, two positives of each
[[2.0], [4.0]]
"""

import torch

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.latent import Ball, negatives_of
from methods.arenas.self_supervision.stage.nets import Net
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def blocks(f, b):
    """Means (n, D) of b positives of each of n anchors (b * n, D), of which the first of each come first."""
    return f.unflatten(0, (b, -1)).mean(0)


def logistic(f, positive, negatives):
    """Loss of anchors f (B, D) with positives (B, D) and negatives (B, k, D)."""
    lead = (f[:, None] * (negatives - positive[:, None])).sum(2)
    return torch.cat([torch.zeros_like(lead[:, :1]), lead], 1).logsumexp(1).mean()


class CurlBlocks(SelfSupervisionMethod):
    card = Card(
        title="CURL with blocks",
        papers=(Paper("A Theoretical Analysis of Contrastive Unsupervised Representation Learning", 2019,
                      arxiv="1902.09229", covers="the contrast with blocks"),),
        fidelity="faithful",
        claims=(Beats("curl", on="mean_classifier", setting="latent-classes"),),
        reduces_to=("curl", {"size": 1}),
    )

    rate: float = rate_factor(3.0)
    size: int = param(4, "b: pictures of a block", low=1, high=8)
    negatives: int = param(8, "k: negative blocks of an anchor", low=1, high=32)
    square: float = param(5.0, "R^2: the square of a feature's length", low=0.5, high=50.0)

    def network(self, task):
        return Net(torch.nn.Sequential(task.encoder(), Ball(self.square)), torch.nn.Identity())

    def step(self, net, task):
        n = 2 * task.batch // (self.size + 1)
        x = torch.cat([task.view(task.draw(n)), task.view(task.partner(self.size))])
        f = net(x)
        positive = blocks(f[n:], self.size)
        return logistic(f[:n], positive, positive[negatives_of(n, self.negatives, task.generator)])
