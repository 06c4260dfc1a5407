"""UniDA for language: score an adapted classifier by the harmonic mean of knowing and refusing.

The benchmark asks which of the ways of universal adaptation made for pictures work on text. Its measure is the H-score;
its finding is that adversarial alignment weighted by how much a text seems to belong to the shared classes, with a
threshold on confidence, can be carried over. This file is that contestant: alignment in which unsure targets and
source classes the target does not show count little, as in universal adaptation networks.

    H = 2 a b / (a + b),  a: accuracy on known classes, b: on unknown
    unknown if max_c p_c < threshold

Departs from the paper: one of its contestants instead of the whole grid, on bags of words instead of a language model,
and with news topics over time as the domains.

>>> round(h_score(0.9, 0.6), 4)
0.72
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.arenas.domain_adaptation.stage.nets import entropy, reverse_gradient
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def h_score(known: float, unknown: float) -> float:
    return 2 * known * unknown / max(known + unknown, 1e-9)


class UnidaNlp(DomainAdaptationMethod):
    card = Card(
        title="Universal adaptation by weighted alignment",
        papers=(Paper("Universal Domain Adaptation for Robust Handling of Distributional Shifts in NLP", 2023),),
        fidelity="proxy",
        claims=(Beats("source-only", on="h_score", setting="news"),
                Beats("dann", on="h_score", setting="news")),
        waivers={**SOURCE_GONE, "knob:threshold": "no class is private in the default setting"},
    )

    weight: float = param(0.5, "how strongly features are confused", low=0.0, high=3.0)
    threshold: float = param(0.6, "confidence below which a target is unknown", low=0.0, high=1.0)

    def begin(self, net, task):
        self.domain = nn.Linear(net.dim, 1).to(task.unlabelled.device)
        self.private = task.private
        self.shown = torch.ones(task.classes).to(task.unlabelled.device)
        task.optimise((net.parameters(), 1.0), (self.domain.parameters(), 1.0))

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        z = net.features(x)
        loss = F.cross_entropy(net.head(z), y)
        if len(u) < 2:
            return loss
        v = net.features(u)
        p = net.head(v).detach().softmax(1)
        self.shown = 0.9 * self.shown + 0.1 * p.mean(0) * task.classes
        belongs = torch.cat([self.shown.clamp(max=1)[y], 1 - entropy(p) / math.log(task.classes)])
        guess = self.domain(reverse_gradient(torch.cat([z, v]), self.weight * task.progress))[:, 0]
        truth = torch.cat([guess.new_ones(len(z)), guess.new_zeros(len(v))])
        aligned = F.binary_cross_entropy_with_logits(guess, truth, weight=belongs / belongs.mean().clamp_min(1e-6))
        return loss + aligned

    def scores(self, net, x):
        p = net(x).softmax(1)
        if not self.private:
            return p.clamp_min(1e-8).log()
        return torch.cat([p, p.new_full((len(p), 1), self.threshold)], 1).clamp_min(1e-8).log()
