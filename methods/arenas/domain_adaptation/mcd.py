"""MCD: two classifiers find where the target is misread by disagreeing, and the features mend it.

Both classifiers name the source rightly. In turn they then learn to disagree as much as they can on the target, which
shows where it lies outside of what the source supports, and the features learn to make them agree there. The answer is
the mean of both.

    A:  min over all of         L_s = CE(F_1(G(x_s)), y_s) + CE(F_2(G(x_s)), y_s)
    B:  min over F_1, F_2 of    L_s - L_d,   L_d = mean |softmax F_1(G(x_t)) - softmax F_2(G(x_t))|
    C:  min over G of           L_d,   n times

Departs from the paper: the network and one classifier are pretrained on the source, the second starts at random, both
are single layers, and the rate stays constant; every step has a batch of its own, so that a round of A, B and n of C
takes n + 2 batches, where the paper takes all of a round's steps on one.

>>> import torch
>>> p, q = torch.tensor([[8.0, -8.0]]), torch.tensor([[-8.0, 8.0]])
>>> round(discrepancy(p, q).item(), 4)                                          # |1 - 0| and |0 - 1|, in the mean
1.0
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def discrepancy(a, b):
    """Mean difference of the class probabilities of two logits (B, C)."""
    return (a.softmax(1) - b.softmax(1)).abs().mean()


class Mcd(DomainAdaptationMethod):
    card = Card(
        title="Maximum classifier discrepancy",
        papers=(Paper("Maximum Classifier Discrepancy for Unsupervised Domain Adaptation", 2017, arxiv="1712.02560"),),
        fidelity="faithful",
        claims=(Beats("source-only", on="target_accuracy"), Beats("dann", on="target_accuracy"),
                Beats("mmd", on="target_accuracy")),
        waivers=SOURCE_GONE,
    )

    n: int = param(4, "steps of the features in a round", low=1, high=8)

    def begin(self, net, task):
        self.second = nn.Linear(net.dim, net.head.out_features).to(task.unlabelled.device)
        task.optimise((net.parameters(), 1.0), (self.second.parameters(), 1.0))

    def both(self, net, z):
        return net.head(z), self.second(z)

    def loss(self, net, task):
        turn = task.step % (self.n + 2)
        if turn == 0:
            x, y = task.source()
            return sum(F.cross_entropy(logits, y) for logits in self.both(net, net.features(x)))
        _, u = task.target()
        u = u if len(u) > 1 else u.repeat(2, 1, 1, 1)
        if turn == 1:
            x, y = task.source()
            with torch.no_grad():
                z, v = net.features(x), net.features(u)
            named = sum(F.cross_entropy(logits, y) for logits in self.both(net, z))
            return named - discrepancy(*self.both(net, v))
        v = net.features(u)
        heads = ((head.weight.detach(), head.bias.detach()) for head in (net.head, self.second))
        return discrepancy(*(F.linear(v, weight, bias) for weight, bias in heads))

    def scores(self, net, x):
        return sum(self.both(net, net.features(x))) / 2
