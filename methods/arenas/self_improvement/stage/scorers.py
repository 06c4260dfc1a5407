"""A model that gives answers a score: a copy of a language model with a linear map on its last state."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from methods.kit.lm_nets import Body

CHUNK = 4000


class Scorer(nn.Module):
    """Scores (N, out) of answers (N, A) to prompts (N, Q)."""

    def __init__(self, net: Body, out: int = 1):
        super().__init__()
        self.body = copy.deepcopy(net).train().requires_grad_(True)
        self.head = nn.Linear(net.width, out).to(next(net.parameters()).device)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def states(self, prompts: Tensor, answers: Tensor) -> Tensor:
        return self.body.norm(self.body.states(torch.cat([prompts, answers], 1))[-1][:, -1])

    def forward(self, prompts: Tensor, answers: Tensor) -> Tensor:
        return self.head(self.states(prompts, answers))


@torch.no_grad()
def scores_of(scorer: nn.Module, asked: Tensor, said: Tensor) -> Tensor:
    """(N, K) the first score of each of several answers (N, K, A); what comes twice is read once."""
    n, k, a = said.shape
    rows = torch.cat([asked.repeat_interleave(k, 0), said.flatten(0, 1)], 1)
    once, where = torch.unique(rows, dim=0, return_inverse=True)
    found = torch.cat([scorer(part[:, :-a], part[:, -a:])[:, 0] for part in once.split(CHUNK)])
    return found[where].view(n, k)
