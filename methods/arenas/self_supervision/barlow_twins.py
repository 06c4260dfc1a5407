"""Barlow Twins: make the correlations between two views' features the identity.

Each output is standardised over the batch, and the matrix of correlations between the outputs of the two views is drawn
to the identity: the same output agrees across views, two outputs say different things.

    loss = sum_i (1 - C_ii)^2 + lam sum_{i != j} C_ij^2,   C = z1' z2 / B standardised

Departs from the paper: encoder, views and optimiser are the arena's, the projector has two layers and 64 outputs, not
three and 8,192; lam is the paper's 0.005.

>>> import torch
>>> z = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
>>> round(redundancy(z, z, 0.5).item(), 3)                                               # 0 + 0.5 (1 + 1)
1.0
"""

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.losses import off_diagonal
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def redundancy(z1, z2, lam):
    z1, z2 = ((z - z.mean(0)) / (z.var(0, unbiased=False) + 1e-5).sqrt() for z in (z1, z2))
    c = z1.T @ z2 / len(z1)
    return (c.diagonal() - 1).square().sum() + lam * off_diagonal(c).square().sum()


class BarlowTwins(SelfSupervisionMethod):
    card = Card(
        title="Barlow Twins",
        papers=(Paper("Barlow Twins: Self-Supervised Learning via Redundancy Reduction", 2021, arxiv="2103.03230"),),
        fidelity="faithful",
        claims=(Beats("simclr", on="linear"), Beats("simsiam", on="linear")),
    )

    rate: float = rate_factor(3.0)
    lam: float = param(0.005, "weight of what two outputs share", low=0.0, high=1.0)

    def loss(self, z1, z2, task):
        return redundancy(z1, z2, self.lam)
