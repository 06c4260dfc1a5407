"""A model that gives answers a score: a copy of a language model, by how likely it finds each piece of an answer."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from methods.kit.lm_nets import Body

CHUNK = 4000


class Scorer(nn.Module):
    """Scores (N, 1) of answers (N, A) to prompts (N, Q): a learnt multiple of their log probability, and a constant."""

    def __init__(self, net: Body):
        super().__init__()
        self.body = copy.deepcopy(net).train().requires_grad_(True)
        where = next(net.parameters()).device
        self.slope, self.shift = (nn.Parameter(torch.ones(1, device=where)) for _ in range(2))

    def states(self, prompts: Tensor, answers: Tensor) -> Tensor:
        """(N, A, D) of the last block, where each piece of the answer is foretold."""
        return self.body.states(torch.cat([prompts, answers], 1)[:, :-1])[-1][:, prompts.shape[1] - 1:]

    def pieces(self, states: Tensor, answers: Tensor) -> Tensor:
        """(..., A) log probability of each piece, from states (..., A, D)."""
        return self.body.logits(states).log_softmax(-1).gather(-1, answers[..., None])[..., 0]

    def forward(self, prompts: Tensor, answers: Tensor) -> Tensor:
        total = self.pieces(self.states(prompts, answers), answers).sum(1, keepdim=True)
        return self.slope * total + self.shift


@torch.no_grad()
def scores_of(scorer: nn.Module, asked: Tensor, said: Tensor) -> Tensor:
    """(N, K) the score of each of several answers (N, K, A); what comes twice is read once."""
    n, k, a = said.shape
    rows = torch.cat([asked.repeat_interleave(k, 0), said.flatten(0, 1)], 1)
    once, where = torch.unique(rows, dim=0, return_inverse=True)
    found = torch.cat([scorer(part[:, :-a], part[:, -a:])[:, 0] for part in once.split(CHUNK)])
    return found[where].view(n, k)
