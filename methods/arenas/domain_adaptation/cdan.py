"""CDAN: confuse the domains of features and answers together, not of features alone.

An adversary that sees features alone may line up the wrong classes. CDAN shows it the outer product of the feature and
the class probabilities, so that domains must agree class by class. Pictures that are answered surely count more for the
adversary (CDAN+E), as unsure answers say little about the class.

    loss = CE(head(f_s), y_s) + E[w BCE(domain(R(f (x) g)), d)],   g = softmax(head(f)) without a gradient
    w = 1 + exp(-H(g)), scaled to mean one in each domain;   dR/dz = -lam * I,   lam = 2 / (1 + exp(-10 p)) - 1

Departs from the paper: the network is pretrained on the source and its rate stays constant, one rate for all parts; the
adversary is as wide as the features and has no dropout; w has no gradient.

>>> import torch
>>> joint(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.25, 0.75]])).tolist()
[[0.25, 0.5, 0.75, 1.5]]
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy, reverse_gradient
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def joint(z, p):
    """Outer products of features (B, D) and probabilities (B, C), (B, C * D)."""
    return (p[:, :, None] * z[:, None]).flatten(1)


class Cdan(DomainAdaptationMethod):
    card = Card(
        title="CDAN+E",
        papers=(Paper("Conditional Adversarial Domain Adaptation", 2017, arxiv="1705.10667"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy"), Beats("dann", on="target_accuracy"),
                Beats("mmd", on="target_accuracy")),
        waivers=SOURCE_GONE,
    )

    weight: float = param(1.0, "how strongly features are confused at the end", low=0.0, high=3.0)
    by_entropy: bool = param(True, "let sure answers count more for the adversary")

    def begin(self, net, task):
        self.domain = nn.Sequential(nn.Linear(net.dim * task.classes, net.dim), nn.ReLU(), nn.Linear(net.dim, net.dim),
                                    nn.ReLU(), nn.Linear(net.dim, 1)).to(task.unlabelled.device)
        task.optimise((net.parameters(), 1.0), (self.domain.parameters(), 1.0))

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        z, v = net.features(x), net.features(u) if len(u) > 1 else net.features(u.repeat(2, 1, 1, 1))
        logits, both = net.head(z), torch.cat([z, v])
        p = torch.cat([logits, net.head(v)]).softmax(1).detach()
        lam = self.weight * (2 / (1 + math.exp(-10 * task.progress)) - 1)
        guess = self.domain(reverse_gradient(joint(both, p), lam))[:, 0]
        truth = torch.cat([guess.new_ones(len(z)), guess.new_zeros(len(v))])
        trust = 1 + (-entropy(p)).exp() if self.by_entropy else torch.ones_like(truth)
        trust = torch.cat([part / part.mean() for part in trust.split([len(z), len(v)])])
        return F.cross_entropy(logits, y) + F.binary_cross_entropy_with_logits(guess, truth, trust)
