"""Alignment only: pull the two views of a picture together and nothing else.

Nothing keeps the features from being the same for all pictures, so that they fall together; what is left is what the
first weights had. One of the two halves of alignment and uniformity.

    loss = mean ||z1 - z2||^2 on the sphere

>>> import torch
>>> round(alignment(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 3.0]])).item(), 4)
2.0
"""

import torch.nn.functional as F

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Card


def alignment(z1, z2):
    return (F.normalize(z1, dim=1) - F.normalize(z2, dim=1)).square().sum(1).mean()


class AlignOnly(SelfSupervisionMethod):
    card = Card(title="Alignment only")

    rate: float = rate_factor(1.0)

    def loss(self, z1, z2, task):
        return alignment(z1, z2)
