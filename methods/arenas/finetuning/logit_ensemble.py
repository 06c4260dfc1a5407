"""Logit ensemble: tune several models at different learning rates and average what they say."""

import copy

import torch
from torch import nn

from methods.arenas.finetuning.stage.several_runs import SeveralRuns
from methods.kit.method import Card
from methods.kit.params import param


class Ensemble(nn.Module):
    """The mean of the members' logits."""

    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x):
        return torch.stack([member(x) for member in self.members]).mean(0)

    def source(self, x):
        return torch.stack([member.source(x) for member in self.members]).mean(0)


class LogitEnsemble(SeveralRuns):
    card = Card(title="Logit ensemble")

    many: int = param(4, "how many models share the budget", low=1, high=8)
    rates = (1.0, 0.5, 2.0, 1.0)

    def finish(self, net, task):
        found = []
        for member in self.members:
            found.append(copy.deepcopy(net))
            found[-1].load_state_dict(member)
        return Ensemble(found)
