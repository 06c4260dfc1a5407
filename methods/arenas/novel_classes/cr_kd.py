"""Cr-KD: what a picture of a novel kind has of known kinds is to stay as it was when only names were learnt.

A copy of the network after the names stays frozen. UNO goes on; beside it, on the heap, the network's softmax over the
known kinds is drawn to the copy's, the more so the more of its whole softmax is on known kinds.

    loss = UNO's + alpha T^2 mean_x w(x) CE(softmax(f_old / T), softmax(f_known / T))
    w(x) = share of softmax(f / T) that is on known kinds / its mean;   gradients go through w

Departs from the paper: UNO has one novel head here, not several of which the best is kept, and two views of one size. T
and alpha are the authors' code's.

>>> import torch
>>> f = torch.zeros(1, 3)                                 # two known kinds, one novel: CE = log 2, w = 1
>>> round(relation_loss(f, f, 2, 1.0, True).item(), 4)
0.6931
"""

import copy

from methods.arenas.novel_classes.arena import NovelClassesMethod
from methods.arenas.novel_classes.stage.nets import TAU
from methods.arenas.novel_classes.stage.swapped import said, swapped
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def relation_loss(old, new, known, temperature, adaptive):
    """Of logits (N, known + novel) of the copy and of the network."""
    kept = (old[:, :known] / temperature).softmax(1)
    each = -(kept * (new[:, :known] / temperature).log_softmax(1)).sum(1) * temperature**2
    if not adaptive:
        return each.mean()
    w = (new / temperature).softmax(1)[:, :known].sum(1)
    return (w / w.mean() * each).mean()


class CrKd(NovelClassesMethod):
    card = Card(
        title="Class-relation distillation",
        papers=(Paper("Class-relation Knowledge Distillation for Novel Class Discovery", 2023, arxiv="2307.09158"),),
        fidelity="core",
        claims=(Beats("uno", on="accuracy"), Beats("constant-kd", on="accuracy")),
        reduces_to=("uno", {"alpha": 0.0}),
    )
    adaptive = True

    alpha: float = param(0.1, "weight of the distillation", low=0.0, high=10.0)
    temperature: float = param(4.0, "of both softmaxes", low=0.1, high=20.0)

    def loss(self, net, batch, task):
        if task.progress == 0:
            self.old = copy.deepcopy(net).eval().requires_grad_(False)
        now, many = said(net, batch), len(batch.y)
        before = said(self.old, batch)
        kept = sum(relation_loss(before[view, many:] / TAU, now[view, many:] / TAU, task.known, self.temperature,
                                 self.adaptive) for view in (0, 1)) / 2
        return swapped(now, batch, task) + self.alpha * kept
