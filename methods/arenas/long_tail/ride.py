"""RIDE: several experts on shared early layers, each with its own loss, and held apart from each other.

One network errs on rare classes by bias, and more by variance: trained again, it errs elsewhere. Experts that share
their early layers, each narrower than the one network, cost about as much, and their mean answer varies less. Each is
trained with LDAM on its own answer, not on the mean, and pushed away from the mean answer, on rare classes the most:
these get a lower temperature once classes are weighted.

    loss = sum_i LDAM(f_i, y) - lam * T^2 * KL(softmax(mean f / T) || softmax(f_i / T))
    T_c = (g * C n_c / N + 1 - g), scaled to a largest of one, T^2 the square of their mean;  1 before

Departs from the paper: the experts part after the two convolutions, with a layer of three quarters the units each, as
the network has but one layer more; all experts answer every picture, for the router that saves some of them is left
out; the mean answer has no gradient, as in the authors' code.

>>> import torch
>>> [round(v, 4) for v in temperatures(torch.tensor([3.0, 1.0]), 0.5).tolist()]       # 0.5 * 2 * 3/4 + 0.5 = 1.25; 0.75
[1.0, 0.6]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def temperatures(counts, share):
    """(C,) lower for rare classes, at most one."""
    t = share * len(counts) * counts / counts.sum() + 1 - share
    return t / t.max()


class Expert(nn.Module):
    """A layer of its own and a cosine classifier: (B, into) -> (B, C)."""

    def __init__(self, into, width, classes, scale):
        super().__init__()
        self.layer, self.scale = nn.Linear(into, width), scale
        self.weight = nn.Parameter(torch.empty(classes, width).uniform_(-1, 1))

    def forward(self, z):
        return self.scale * F.linear(F.normalize(F.relu(self.layer(z))), F.normalize(self.weight))


class Experts(nn.Module):
    """The mean of the experts' answers."""

    def __init__(self, experts):
        super().__init__()
        self.experts = nn.ModuleList(experts)

    def each(self, z):
        return torch.stack([expert(z) for expert in self.experts])                               # (E, B, C)

    def forward(self, z):
        return self.each(z).mean(0)


class Ride(LongTailMethod):
    card = Card(
        title="RIDE",
        papers=(Paper("Long-tailed Recognition by Routing Diverse Distribution-Aware Experts", 2020,
                      arxiv="2010.01809"),),
        fidelity="core",
        claims=(Beats("cross-entropy", on="balanced_accuracy"), Beats("ldam", on="balanced_accuracy"),
                Beats("crt", on="balanced_accuracy"), Beats("tau-normalisation", on="balanced_accuracy"),
                Beats("cross-entropy", on="head_accuracy"), Beats("cross-entropy", on="tail_accuracy")),
    )

    experts: int = param(3, "how many experts", low=1, high=4)
    diversity: float = param(0.2, "how strongly experts are held apart", low=0.0, high=1.0)
    margin: float = param(0.5, "margin of the rarest class, in cosine", low=0.0, high=1.0)
    scale: float = param(30.0, "factor on the cosines before the softmax", low=1.0, high=60.0)
    defer: float = param(0.8, "share of the budget after which classes are weighted", low=0.0, high=1.0)
    rare: float = param(0.05, "how much lower the temperature of rare classes then is", low=0.0, high=0.5)

    def prepare(self, net, task):
        layer, counts = net.backbone[5], task.counts
        net.backbone[5] = net.backbone[6] = nn.Identity()
        net.classifier = Experts([Expert(layer.in_features, 3 * task.features // 4, task.classes, self.scale)
                                  for _ in range(self.experts)]).to(task.x.device)
        self.margins = self.scale * self.margin * (counts.min() / counts) ** 0.25                # (C,)
        self.weights = self.temperature = torch.ones_like(counts)

    def step(self, net, task):
        if task.enters(self.defer):
            inverse = 1 / (1 - 0.9999 ** task.counts)
            self.weights, self.temperature = inverse / inverse.mean(), temperatures(task.counts, self.rare)
        batch = task.draw()
        answers = net.classifier.each(net.backbone(batch.x))
        taken = self.margins[batch.y][:, None] * F.one_hot(batch.y, task.classes)
        together = (answers.mean(0).detach() / self.temperature).softmax(1)
        loss = sum(F.cross_entropy(logits - taken, batch.y, self.weights) for logits in answers)
        apart = sum(F.kl_div((logits / self.temperature).log_softmax(1), together, reduction="batchmean")
                    for logits in answers)
        loss = loss - self.diversity * self.temperature.mean() ** 2 * apart
        loss.backward()
        return loss.detach()
