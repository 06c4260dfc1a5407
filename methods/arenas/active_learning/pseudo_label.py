"""Pseudo-label: ask by margin, and take sure predictions for labels.

After each answer the classifier names the open items; those it is sure of are added with the name it gave, and it is
trained again on both. The simplest self-training beside active learning, against which others are measured.

    items with  max_c p_c > threshold  join with label argmax_c p_c,   weight as a true label

Departs from the paper: hard labels above a threshold, as is usual now, instead of all labels with a weight that grows;
logistic regression, trained on both by ten steps of L-BFGS from its minimum on labels; queries by margin are added.

>>> import torch
>>> sure(torch.tensor([[0.95, 0.05], [0.6, 0.4], [0.02, 0.98]]), 0.9).tolist()
[True, False, True]
"""

import torch

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


def sure(p, threshold):
    """Rows of `p` (N, C) whose largest entry is above the threshold."""
    return p.amax(1) > threshold


class PseudoLabel(ActiveMethod):
    card = Card(
        title="Pseudo-label and margin",
        papers=(Paper("Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks",
                      2013),),
        fidelity="core",
        reduces_to=("margin", {"threshold": 1.0}),
    )

    threshold: float = param(0.9, "how sure the classifier must be", low=0.3, high=1.0)

    def query(self, task, k):
        best = task.probabilities(task.open).topk(2, dim=1).values
        return task.open[(best[:, 1] - best[:, 0]).topk(k).indices]

    def fit(self, task):
        x, y = task.wanted
        first = task.logistic(x, y)
        p = first(task.x[task.open]).softmax(1)
        kept = sure(p, self.threshold)
        if not kept.any():
            return first
        return task.logistic(torch.cat([x, task.x[task.open[kept]]]), torch.cat([y, p[kept].argmax(1)]), start=first)
