"""KNN: the distance to the k-th nearest of the known drawings, in directions of the last hidden layer.

    s(x) = -|h / |h| - h_(k) / |h_(k)||

Departs from the paper: k = 10, as there are 60 drawings of a kind (there 50 of thousands).

>>> import torch
>>> kth(torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]]), 1).tolist()
[-0.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


def kth(x, known, k):
    """(N,) minus the distance of directions x (N, D) to the k-th nearest of `known` (M, D)."""
    away = torch.cdist(F.normalize(x, dim=1), F.normalize(known, dim=1))
    return -away.kthvalue(min(k, len(known)), 1).values


class Knn(OodDetectionMethod):
    card = Card(
        title="Nearest neighbours",
        papers=(Paper("Out-of-Distribution Detection with Deep Nearest Neighbors", 2022, arxiv="2204.06507"),),
        fidelity="core",
    )

    k: int = param(10, "which neighbour counts", low=1, high=100)

    def fit(self, task):
        self.known = task.states(task.x)

    def score(self, x, task):
        return kth(task.states(x), self.known, self.k)
