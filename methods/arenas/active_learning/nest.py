"""NeST: take names for labels where an item's labelled neighbours and the classifier say the same.

Each open item is compared with its nearest labelled ones: how far the classifier's prediction is from what it predicts
for them, and how far theirs are from each other. Names of the items with the smallest divergence are taken, where the
classifier is sure, and the classifier is trained again. Three times in a turn; the divergence is averaged with that of
before, so that one lucky training does not decide.

    D_i = mean_{j in N(i)} KL(p_i || p_j) + beta mean_{j before k in N(i)} KL(p_j || p_k),   by nearness
    D <- m D + (1 - m) D_before
    the 10 n items with the smallest D, n the number of labels, join where max_c p_ic > gamma

Departs from the paper: items with the smallest divergence are taken instead of drawn in proportion; a label weighs as
much as a pseudo-label, where the authors' code gives either set, whatever its size, half of the loss; names are hard,
where that code learns sharpened probabilities; its first divergence is KL(p_j || p_i) and its second a variance; fixed
features, compared by cosine, and logistic regression instead of a language model; queries by margin. The constants are
those with which the public code of HAST runs it.

>>> import torch
>>> p, near = torch.tensor([[0.5, 0.5]]), torch.tensor([[[0.5, 0.5], [0.25, 0.75]]])
>>> round(divergence(p, near, 0.0).item(), 4)                                              # (0 + 0.1438) / 2
0.0719
"""

import torch
import torch.nn.functional as F

from methods.arenas.active_learning.arena import ActiveMethod
from methods.kit.method import Card, Paper
from methods.kit.params import param


def divergence(p, near, beta):
    """(N,) of predictions (N, C) and those of K labelled neighbours (N, K, C); pairs of neighbours count once."""
    def kl(a, b):
        return (a * (a.clamp(min=1e-12).log() - b.clamp(min=1e-12).log())).sum(-1)

    first, second = torch.triu_indices(near.shape[1], near.shape[1], 1, device=p.device)
    return kl(p[:, None], near).mean(1) + beta * kl(near[:, first], near[:, second]).mean(1)


class Nest(ActiveMethod):
    card = Card(
        title="NeST",
        papers=(Paper("Neighborhood-Regularized Self-Training for Learning with Few Labels", 2023,
                      arxiv="2301.03726"),),
        fidelity="core",
        reduces_to=("margin", {"gamma": 1.0}),
    )

    gamma: float = param(0.9, "how sure the classifier must be", low=0.0, high=1.0)
    beta: float = param(0.1, "weight of the divergence among the neighbours", low=0.0, high=10.0)
    momentum: float = param(0.5, "weight of the latest divergence", low=0.1, high=1.0)
    neighbours: int = param(7, "labelled neighbours", low=2, high=15)
    trainings: int = param(3, "trainings in a turn", low=1, high=5)

    def query(self, task, k):
        best = task.probabilities(task.open).topk(2, dim=1).values
        return task.open[(best[:, 1] - best[:, 0]).topk(k).indices]

    def fit(self, task):
        (x, y), more = task.wanted, task.x[task.open]
        model, mean = task.logistic(x, y), 0.0
        near = (F.normalize(more, dim=1) @ F.normalize(x, dim=1).T).topk(self.neighbours, dim=1).indices
        for turn in range(self.trainings):
            p, known = model(more).softmax(1), model(x).softmax(1)
            found = divergence(p, known[near], self.beta)
            mean = found if not turn else self.momentum * found + (1 - self.momentum) * mean
            taken = (-mean).topk(min(10 * len(y), len(mean))).indices
            taken = taken[p[taken].amax(1) > self.gamma]
            if len(taken):
                model = task.logistic(torch.cat([x, more[taken]]), torch.cat([y, p[taken].argmax(1)]),
                                      start=model)
        return model
