"""Uniformity only: spread the features of all pictures over the sphere and nothing else.

Views of one picture may lie as far apart as those of two, so that nothing says which differences matter. The other
half of alignment and uniformity.

    loss = mean over the views of log mean_{i<j} exp(-2 ||z_i - z_j||^2) on the sphere

>>> import torch
>>> round(spread(torch.tensor([[2.0, 0.0], [-1.0, 0.0]]), 2.0).item(), 4)                       # -2 * 2^2
-8.0
"""

import torch
import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Card


def spread(z, t):
    """log of the mean over pairs of exp(-t squared distance) on the sphere."""
    return torch.pdist(F.normalize(z, dim=1)).square().mul(-t).exp().mean().log()


class UniformOnly(SelfSupervisionMethod):
    card = Card(title="Uniformity only")

    rate: float = rate_factor(3.0)

    def loss(self, z1, z2, task):
        return (spread(z1, 2.0) + spread(z2, 2.0)) / 2
