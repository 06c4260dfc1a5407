"""ConSE: a drawing means what the seen kinds mean that it could be of.

The vectors of the likeliest seen kinds are averaged by their probabilities, and the kind whose vector is nearest to
that mean is the answer. Nothing is learnt beside a classifier of seen kinds.

    f(x) = sum_{t <= T} p_t s_t / sum_{t <= T} p_t,   score_c(x) = cos(f(x), s_c)

Departs from the paper: the classifier is Gaussian, on fixed features, its probabilities tempered on a fifth of the
drawings; vectors are centred on the seen kinds. T is 10, as there.

>>> import torch
>>> mixed(torch.tensor([[0.5, 0.3, 0.2]]), torch.eye(3), 2).tolist()                             # 0.5 / 0.8, 0.3 / 0.8
[[0.625, 0.375, 0.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.zero_shot.arena import ZeroShotMethod
from methods.arenas.zero_shot.stage.task import SeenClassifier
from methods.kit.method import Card, Paper
from methods.kit.params import param


def mixed(p, vectors, many):
    """(N, T) convex combinations of the vectors (S, T) of the `many` likeliest kinds."""
    top, kinds = p.topk(min(many, p.shape[1]), 1)
    return torch.zeros_like(p).scatter_(1, kinds, top / top.sum(1, keepdim=True)) @ vectors


class ConSe(ZeroShotMethod):
    card = Card(
        title="ConSE",
        papers=(Paper("Zero-Shot Learning by Convex Combination of Semantic Embeddings", 2013, arxiv="1312.5650"),),
        fidelity="core",
    )

    many: int = param(10, "seen kinds that are combined", low=1, high=100)

    def fit(self, task):
        self.classify = SeenClassifier(task)

    def scores(self, x, task):
        return F.normalize(mixed(self.classify(x), task.vectors[:task.seen], self.many), dim=1) @ task.vectors.T
