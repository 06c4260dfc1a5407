"""Joint outlier ensemble: unwanted items that were asked become a class, and an ensemble labels the rest.

When half of the pool is unwanted, the labels spent on unwanted items are not lost: they train one further class, which
then keeps the next questions away from such items. An ensemble is trained on all labels, gives every open item a
pseudo-label, weighted by how sure it is, and is trained again on both. Asked is where the members disagree most with
the ensemble, among items that it does not take for unwanted. The first items are asked at random.

    p_i = mean_m softmax(f_m(x_i)) over C + 1 classes,   y_i = argmax p_i,   w_i = 1 - H(p_i) / log(C + 1)
    L_m = mean_labelled CE(f_m, y) + mean_open w_i CE(f_m, y_i)
    ask the k items with the largest  share of m with argmax f_m(x_i) != y_i,   0 where y_i is the class C + 1

Departs from the paper: members are logistic regressions on fixed features that differ by the Bayesian bootstrap of the
labels, not networks from other initial weights; the second training is ten steps of L-BFGS instead of a few epochs;
ties are broken at random; the mean of the members is scored, where the authors' code scores one of them; before the
first answer nothing is trained on pseudo-labels. With `pseudo` off the ensemble is trained on labels alone, which is
the paper's variant without semi-supervision.

>>> import torch
>>> weight(torch.tensor([[1.0, 0.0], [0.5, 0.5]])).tolist()
[1.0, 0.0]
>>> spread(torch.tensor([[0, 1, 2], [0, 0, 2], [0, 1, 1], [0, 1, 1]]), torch.tensor([0, 1, 2]), 2).tolist()
[0.0, 0.25, 0.0]
"""

import math

import torch

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def weight(p):
    """How sure predictions `p` (N, C) are: 1 less their entropy, as a share of the largest there is."""
    return 1 - torch.special.entr(p).sum(1) / math.log(p.shape[1])


def spread(votes, chosen, unwanted):
    """Share (N,) of the members' votes (m, N) against what the ensemble chose (N,); 0 where that is `unwanted`."""
    return (votes != chosen).float().mean(0) * (chosen != unwanted)


class JointOutlierEnsemble(ActiveMethod):
    card = Card(
        title="Joint inlier and outlier ensemble",
        papers=(Paper("Training Ensembles with Inliers and Outliers for Semi-supervised Active Learning", 2023,
                      arxiv="2307.03741"),),
        fidelity="core",
        claims=tuple(Beats(rival, on="area", setting="open-pool")
                     for rival in ("random", "entropy", "margin", "core-set")),
    )

    members: int = param(5, "classifiers in the ensemble", low=2, high=20)
    pseudo: bool = param(True, "train again on pseudo-labels of the open items")

    def fit(self, task):
        x, y = task.x[task.asked], task.y
        ensemble, weights = task.committee(x, y, self.members, classes=task.classes + 1)
        if not (self.pseudo and task.turn):
            return ensemble
        more = task.x[task.open]
        p = ensemble(more).softmax(1)
        light = weight(p).clamp(min=0) * len(x) / len(more)
        return task.logistic(torch.cat([x, more]), torch.cat([y, p.argmax(1)]), classes=task.classes + 1,
                             weights=torch.cat([weights, light.expand(self.members, -1)], 1), start=ensemble)

    def query(self, task, k):
        mixed = task.open[torch.randperm(len(task.open))]
        if not task.turn:
            return mixed[:k]
        votes = task.model.each(task.x[mixed]).argmax(2)
        found = spread(votes, task.model(task.x[mixed]).argmax(1), task.classes)
        return mixed[found.sort(descending=True, stable=True).indices[:k]]
