"""Mahalanobis: the distance to the nearest kind's mean, by the spread that all kinds share.

    s(x) = -min_c (h - mu_c)' S^-1 (h - mu_c),   S = mean over drawings of (h - mu_y)(h - mu_y)'

Departs from the paper: the last hidden layer alone, where it joins several and adds noise to the input. A hundredth of
the mean variance is added to the diagonal of S.

>>> import torch
>>> away(torch.tensor([[1.0]]), torch.tensor([[0.0], [3.0]]), torch.tensor([[2.0]])).tolist()
[2.0]
"""

import torch

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Card, Paper


def away(h, means, inverse):
    """(N,) least squared distance of h (N, D) to `means` (C, D) under the inverse spread (D, D)."""
    apart = h[:, None] - means
    return ((apart @ inverse) * apart).sum(2).amin(1)


class Mahalanobis(OodDetectionMethod):
    card = Card(
        title="Mahalanobis distance",
        papers=(Paper("A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks",
                      2018, arxiv="1807.03888"),),
        fidelity="core",
    )

    def fit(self, task):
        h = task.states(task.x)
        self.means = torch.stack([h[task.y == kind].mean(0) for kind in range(task.kinds)])
        apart = h - self.means[task.y]
        spread = apart.T @ apart / len(h)
        spread += 0.01 * spread.diagonal().mean() * torch.eye(len(spread), device=h.device)
        self.inverse = torch.linalg.inv(spread)

    def score(self, x, task):
        return -torch.cat([away(part, self.means, self.inverse) for part in task.states(x).split(500)])
