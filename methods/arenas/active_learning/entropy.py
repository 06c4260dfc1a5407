"""Entropy: label what the classifier is least sure of, over all classes.

The items whose predicted distribution is the flattest are asked. Nothing keeps them from being alike.

    ask the k items with the largest  H(p) = -sum_c p_c log p_c

Departs from the paper: the papers on uncertainty sampling label one item at a time, or few, for two classes; here it is
the entropy over all classes and a batch.

>>> import torch
>>> flattest(torch.tensor([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [1.0, 0.0, 0.0]]), 2).tolist()
[1, 0]
"""

import torch

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card, Paper


def flattest(p, k):
    """Rows of the `k` largest entropies of `p` (N, C)."""
    return torch.special.entr(p).sum(1).topk(k).indices


class Entropy(ActiveMethod):
    card = Card(
        title="Entropy",
        papers=(Paper("A Sequential Algorithm for Training Text Classifiers", 1994, arxiv="cmp-lg/9407020"),),
        fidelity="core",
    )

    def query(self, task, k):
        return task.open[flattest(task.probabilities(task.open), k)]
