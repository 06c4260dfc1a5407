"""CORAL: give the features of both domains the same covariance.

    loss = CE(head(z_s), y_s) + weight * ||C_s - C_t||_F^2 / (4 D^2)                                 (eq. 1, 6)

The covariances C are those of the last features of a source and a target batch. With weight 0 it is training on the
source with the target merely passing by.

Departs from the paper: the loss acts on the features in front of the classifier instead of on its outputs.

>>> import torch
>>> a, b = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 0.0]])
>>> gap(a, b).item()                         # covariances diag(2, 0) and 0: 4 / (4 * 2^2)
0.25
"""

import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def gap(z: Tensor, v: Tensor) -> Tensor:
    """Distance of the covariances of z (B, D) and v (B', D)."""
    covariances = [(a - a.mean(0)).T @ (a - a.mean(0)) / max(len(a) - 1, 1) for a in (z, v)]
    return (covariances[0] - covariances[1]).square().sum() / (4 * z.shape[1] ** 2)


class Coral(DomainAdaptationMethod):
    card = Card(
        title="Deep CORAL",
        papers=(Paper("Deep CORAL: Correlation Alignment for Deep Domain Adaptation", 2016, arxiv="1607.01719"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy"),),
        waivers=SOURCE_GONE,
    )

    weight: float = param(100.0, "how much the covariances count", low=0.0, high=1000.0)

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        z, v = net.features(x), net.features(u) if len(u) > 1 else net.features(u.repeat(2, 1, 1, 1))
        return F.cross_entropy(net.head(z), y) + self.weight * gap(z, v)
