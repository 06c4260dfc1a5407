"""Losses that several methods share."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Proxies(nn.Module):
    """A learnt direction for each kind; cosines (B, K) of embeddings (B, D)."""

    def __init__(self, kinds: int, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(kinds, features) / math.sqrt(features))

    def forward(self, z: Tensor) -> Tensor:
        return F.linear(F.normalize(z, dim=1), F.normalize(self.weight, dim=1))


def distances(z: Tensor) -> Tensor:
    """Euclidean distances (B, B) between embeddings on the sphere, kept from zero so that gradients exist."""
    z = F.normalize(z, dim=1)
    return (2 - 2 * z @ z.T).clamp(min=1e-8).sqrt()


def same_and_other(y: Tensor) -> tuple[Tensor, Tensor]:
    """(B, B) pairs of one kind, not with oneself, and pairs of two kinds."""
    same = y[:, None] == y[None]
    return same & ~torch.eye(len(y), dtype=torch.bool, device=y.device), ~same


def contrastive(z: Tensor, y: Tensor, margin: float) -> Tensor:
    """Mean over pairs of one kind of d^2, plus mean over those of two kinds within the margin of (margin - d)^2."""
    d = distances(z)
    same, other = same_and_other(y)
    near = other & (d < margin)
    return d[same].square().mean() + ((margin - d[near]).square().mean() if near.any() else 0.0)


def margin_loss(d: Tensor, anchor: Tensor, positive: Tensor, negative: Tensor, beta: Tensor, alpha: float) -> Tensor:
    """Mean over what is not yet far enough of (alpha + d_ap - beta)+ and (alpha + beta - d_an)+.

    Source: Wu et al. 2017, equation 6.
    """
    pulled = (d[anchor, positive] - beta + alpha).clamp(min=0)
    pushed = (beta - d[anchor, negative] + alpha).clamp(min=0)
    return (pulled.sum() + pushed.sum()) / ((pulled > 0).sum() + (pushed > 0).sum()).clamp(min=1)


def positives(y: Tensor) -> tuple[Tensor, Tensor]:
    """All (anchor, positive) pairs."""
    return tuple(torch.nonzero(same_and_other(y)[0]).T)  # type: ignore[return-value]  # two


def angular(cosines: Tensor, y: Tensor, turn: float | Tensor, less: float | Tensor, scale: float) -> Tensor:
    """Softmax over scaled cosines (B, K), the own kind's angle wider by `turn` and its cosine smaller by `less`."""
    own = cosines.gather(1, y[:, None])[:, 0].clamp(-1 + 1e-6, 1 - 1e-6)
    moved = (own.acos() + turn).clamp(1e-6, math.pi - 1e-6).cos() - less
    return F.cross_entropy(scale * cosines.scatter(1, y[:, None], moved[:, None]), y)
