"""DANN: features from which nobody can tell the domain.

A second head guesses whether a feature comes from the source or the target. It learns to guess well, while the
gradient it sends back into the features is turned round, so that they learn to make it guess badly.

    loss = CE(head(z_s), y_s) + CE(domain(R(z)), d),   dR/dz = -lam * I                             (eq. 9, 13)
    lam = weight * (2 / (1 + exp(-10 p)) - 1),   p from 0 to 1 over training                        (eq. 14)

Departs from the paper: the network is pretrained on the source, and the rate stays constant.

>>> round(strength(0.1, 1.0), 4)             # 2 / (1 + e^-1) - 1
0.4621
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import reverse_gradient
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def strength(progress: float, weight: float) -> float:
    """lam at this share of the steps."""
    return weight * (2 / (1 + math.exp(-10 * progress)) - 1)


class Dann(DomainAdaptationMethod):
    card = Card(
        title="DANN",
        papers=(Paper("Domain-Adversarial Training of Neural Networks", 2015, arxiv="1505.07818"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy"),),
        waivers=SOURCE_GONE,
    )

    weight: float = param(1.0, "how strongly features are confused at the end", low=0.0, high=3.0)

    def begin(self, net, task):
        self.domain = nn.Sequential(nn.Linear(net.dim, net.dim), nn.ReLU(), nn.Linear(net.dim, 1))
        self.domain.to(task.unlabelled.device)
        task.optimise((net.parameters(), 1.0), (self.domain.parameters(), 1.0))

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        z, v = net.features(x), net.features(u) if len(u) > 1 else net.features(u.repeat(2, 1, 1, 1))
        guess = self.domain(reverse_gradient(torch.cat([z, v]), strength(task.progress, self.weight)))[:, 0]
        truth = torch.cat([guess.new_ones(len(z)), guess.new_zeros(len(v))])
        return F.cross_entropy(net.head(z), y) + F.binary_cross_entropy_with_logits(guess, truth)
