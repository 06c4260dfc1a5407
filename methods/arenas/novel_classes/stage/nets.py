"""The network that all share, and losses and assignments that several methods have."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAU = 0.1       # temperature of logits of directions


class Directions(nn.Module):
    """Cosines (B, K) of embeddings with K directions that are learnt."""

    def __init__(self, width: int, many: int):
        super().__init__()
        self.weight = nn.Parameter(F.normalize(torch.randn(many, width), dim=1))

    def forward(self, z: Tensor) -> Tensor:
        return F.normalize(z, dim=1) @ F.normalize(self.weight, dim=1).T


class Net(nn.Module):
    """Pictures (B, D) -> embeddings (B, W) by `body`; cosines to known and to novel kinds by `known` and `novel`."""

    def __init__(self, body: nn.Module, width: int, known: int, novel: int):
        super().__init__()
        self.body, self.width = body, width
        self.known = Directions(width, known)
        self.novel = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width),
                                   Directions(width, novel))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)

    def both(self, z: Tensor) -> Tensor:
        return torch.cat([self.known(z), self.novel(z)], 1)


@torch.no_grad()
def evenly(logits: Tensor, epsilon: float = 0.05, rounds: int = 3) -> Tensor:
    """Sinkhorn: shares (B, K) of each row, which sum to 1, all columns getting as much, near softmax(logits / epsilon).

    >>> evenly(torch.tensor([[1.0, 0.9], [1.0, 0.0]])).argmax(1).tolist()         # one each: the second needs it more
    [1, 0]
    """
    q = ((logits - logits.max()) / epsilon).exp()
    for _ in range(rounds):
        q = q / q.sum(0, keepdim=True).clamp(min=1e-12) / q.shape[1]
        q = q / q.sum(1, keepdim=True).clamp(min=1e-12) / q.shape[0]
    return q * q.shape[0]


def against(targets: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy (B,) of cosines to targets (B, K)."""
    return -(targets * (logits / TAU).log_softmax(1)).sum(1)


def supervised_contrast(z: Tensor, y: Tensor, tau: float = 0.07) -> Tensor:
    """Of embeddings (N, W): every other of the same class is to be the likeliest, mean over these, then over all.

    >>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> round(supervised_contrast(z, torch.tensor([0, 0, 1, 1]), 1.0).item(), 4)                 # -log e / (e + 2)
    0.5514
    """
    z = F.normalize(z, dim=1)
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    log_p = (z @ z.T / tau).masked_fill(itself, -torch.inf).log_softmax(1).masked_fill(itself, 0.0)
    same = (y[:, None] == y[None]) & ~itself
    return -((log_p * same).sum(1) / same.sum(1).clamp(min=1)).mean()
