"""Random selection: keep one of the same four trainings by lot.

What choosing is worth: RankMe and the oracle have the same four to choose from.

    net = one of SimCLR at tau 0.03, 0.1, 0.3 and 1, each trained for a quarter of the budget

>>> import torch
>>> lot(torch.ones(4).cumsum(0), 0.6)
2
"""

import torch

from methods.arenas.self_supervision.arena import SelfSupervisionMethod
from methods.arenas.self_supervision.stage.selection import candidates
from methods.arenas.self_supervision.stage.task import rate_factor
from methods.kit.method import Card


def lot(among, u):
    """Which of them a number u from 0 to 1 stands for."""
    return int(u * len(among))


class RandomSelection(SelfSupervisionMethod):
    card = Card(title="Random selection of four")

    rate: float = rate_factor(1.0)

    def fit(self, task):
        nets = candidates(task, self.rate)
        return nets[lot(nets, torch.rand(1, generator=task.generator).item())].encoder
