"""Least informative: label what the classifier is surest of.

Entropy turned round. It asks what it knows already, so it is the lower end of this arena.

    ask the k items with the smallest  H(p) = -sum_c p_c log p_c

Follows the textbook.

>>> import torch
>>> surest(torch.tensor([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]]), 2).tolist()
[2, 1]
"""

import torch

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card


def surest(p, k):
    """Rows of the `k` smallest entropies of `p` (N, C)."""
    return (-torch.special.entr(p).sum(1)).topk(k).indices


class LeastInformative(ActiveMethod):
    card = Card(title="Least informative (lower end)")

    def query(self, task, k):
        return task.open[surest(task.probabilities(task.open), k)]
