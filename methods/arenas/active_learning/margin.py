"""Margin: label where the best two classes are almost tied.

Of several classes only the two likeliest decide where the border lies, so the items with the smallest gap between them
are asked ("breaking ties").

    ask the k items with the smallest  p_(1) - p_(2),   the largest and second largest of p

Departs from the paper: logistic regression gives the probabilities, not pairwise support vector machines.

>>> import torch
>>> closest(torch.tensor([[0.5, 0.4, 0.1], [0.4, 0.2, 0.4], [0.8, 0.1, 0.1]]), 2).tolist()
[1, 0]
"""

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card, Paper


def closest(p, k):
    """Rows of the `k` smallest gaps between the two largest of `p` (N, C)."""
    best = p.topk(2, dim=1).values
    return (best[:, 1] - best[:, 0]).topk(k).indices


class Margin(ActiveMethod):
    card = Card(
        title="Margin",
        papers=(Paper("Active Learning to Recognize Multiple Types of Plankton", 2005),),
        fidelity="core",
    )

    def query(self, task, k):
        return task.open[closest(task.probabilities(task.open), k)]
