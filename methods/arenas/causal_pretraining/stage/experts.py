"""Models for clusters of text: several small ones, or a bank of weights of which each cluster has its own mixture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.causal_pretraining.stage.task import Task, gram_states
from methods.kit.lm_nets import Body


class Experts(nn.Module):
    """Bodies of equal shape, of which one is at work."""

    def __init__(self, bodies: list[Body]):
        super().__init__()
        self.bodies, self.active = nn.ModuleList(bodies), 0

    def forward(self, ids: Tensor) -> Tensor:
        return self.bodies[self.active](ids)


class Mixed(nn.Module):
    """A linear map whose weight is sum_j a_cj W_j for the cluster c at work; all a are 1 / J at first, which
    gives the map that was there."""

    def __init__(self, one: nn.Linear, clusters: int, bank: int):
        super().__init__()
        spread = one.weight.detach().std()
        noise = torch.randn(bank, *one.weight.shape, device=one.weight.device)
        self.bank = nn.Parameter(one.weight.detach() + spread * (noise - noise.mean(0)))
        self.bias = nn.Parameter(one.bias.detach().clone())
        self.mixture = nn.Parameter(torch.full((clusters, bank), 1 / bank, device=one.weight.device))
        self.active = 0

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, torch.einsum("j,jab->ab", self.mixture[self.active], self.bank), self.bias)


class Clustered:
    """Windows by cluster, and the cluster in which most of the domain lies."""

    def __init__(self, task: Task, many: int):
        self.of, centres = task.clusters(gram_states(task.text, task.pieces), many)
        self.many = len(centres)
        asked = task.domain if len(task.domain) else task.valid
        near = torch.cdist(gram_states(asked, task.pieces), centres).argmin(1)
        self.wanted = int(torch.bincount(near, minlength=self.many).argmax())

    def turn(self, task: Task) -> int:
        """A cluster for this step, drawn by how much text it has."""
        return int(self.of[int(float(task.lots(1)) * len(self.of))])
