"""Alignment and uniformity: pull views together and spread pictures over the sphere, each by a term of its own.

What a contrast of views does in the limit is two things: views of a picture come together, and the features of all
pictures spread evenly over the sphere. Here both are the loss itself, without any softmax.

    align = mean ||z1 - z2||^2,   uniform(z) = log mean_{i<j} exp(-t ||z_i - z_j||^2)
    loss = align + lam (uniform(z1) + uniform(z2)) / 2

Departs from the paper: encoder, projector, views and optimiser are the arena's; both weights are 1 as in the authors'
example, t is 2.

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
>>> round((alignment(z, z) + spread(z, 2.0)).item(), 4)
-8.0
"""

import torch
import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def alignment(z1, z2):
    return (F.normalize(z1, dim=1) - F.normalize(z2, dim=1)).square().sum(1).mean()


def spread(z, t):
    """log of the mean over pairs of exp(-t squared distance) on the sphere."""
    return torch.pdist(F.normalize(z, dim=1)).square().mul(-t).exp().mean().log()


class AlignUniform(SelfSupervisionMethod):
    card = Card(
        title="Alignment and uniformity",
        papers=(Paper("Understanding Contrastive Representation Learning through Alignment and Uniformity on the "
                      "Hypersphere", 2020, arxiv="2005.10242"),),
        fidelity="faithful",
        claims=(Matches("simclr", on="linear", within=0.5), Beats("align-only", on="linear", by=3),
                Beats("uniform-only", on="linear", by=3)),
    )

    rate: float = rate_factor(3.0)
    lam: float = param(1.0, "weight of uniformity", low=0.0, high=10.0)
    t: float = param(2.0, "how fast uniformity forgets distance", low=0.1, high=10.0)

    def loss(self, z1, z2, task):
        return alignment(z1, z2) + self.lam * (spread(z1, self.t) + spread(z2, self.t)) / 2
