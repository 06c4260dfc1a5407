"""VICReg: keep each feature's variance up and features uncorrelated while views come together.

Collapse is forbidden by name: each output must vary over the batch with a standard deviation of at least one, no two
may vary together, and views of a picture are to agree. Nothing is put on the sphere.

    loss = lam mean (z1 - z2)^2 + mu [v(z1) + v(z2)] + nu [c(z1) + c(z2)]
    v(z) = mean_j relu(1 - sqrt(Var z_j + 1e-4)) / 2,   c(z) = sum_{i != j} Cov(z)_ij^2 / D

Departs from the paper: encoder, views and optimiser are the arena's, the projector has two layers and 64 outputs, not
three and 8,192; weights are the paper's 25, 25 and 1. As in the authors' code, the squared distance is divided by the
number of outputs (the paper's is not), and v has half its weight in each view.

>>> import torch
>>> z = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
>>> round(variance(0.5 * z).item(), 3), covariance(z).item()                 # 1 - sqrt(0.5), 2 * 2^2 / 2
(0.146, 4.0)
"""

import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.losses import off_diagonal
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def variance(z):
    return F.relu(1 - (z.var(0) + 1e-4).sqrt()).mean() / 2


def covariance(z):
    z = z - z.mean(0)
    return off_diagonal(z.T @ z / (len(z) - 1)).square().sum() / z.shape[1]


class Vicreg(SelfSupervisionMethod):
    card = Card(
        title="VICReg",
        papers=(Paper("VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning", 2021,
                      arxiv="2105.04906"),),
        fidelity="faithful",
        claims=(Matches("barlow-twins", on="linear", within=1), Beats("simclr", on="linear"),
                Beats("simsiam", on="linear")),
    )

    rate: float = rate_factor(0.3)
    lam: float = param(25.0, "weight of agreement", low=0.0, high=100.0)
    mu: float = param(25.0, "weight of variance", low=0.0, high=100.0)
    nu: float = param(1.0, "weight of covariance", low=0.0, high=100.0)

    def loss(self, z1, z2, task):
        return (self.lam * F.mse_loss(z1, z2) + self.mu * (variance(z1) + variance(z2))
                + self.nu * (covariance(z1) + covariance(z2)))
