"""Batch norms of their own for each of two looks, and features made up from noise."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

NOISE = 8


class TwoLooks(nn.Module):
    """An encoder whose batch norms are two, the second for the look of the episodes; `look` says which are used."""

    def __init__(self, encoder: nn.Sequential):
        super().__init__()
        self.layers = encoder
        self.others = nn.ModuleList([copy.deepcopy(m) if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)
                                     else nn.Identity() for m in encoder])
        self.look = 1

    def forward(self, x: Tensor) -> Tensor:
        for layer, other in zip(self.layers, self.others, strict=True):
            x = other(x) if self.look and not isinstance(other, nn.Identity) else layer(x)
        return x


class Pair(nn.Module):
    """A generator from noise (N, 8) and a kind's mean (N, D) to a feature, none negative, and its judge."""

    def __init__(self, features: int):
        super().__init__()
        self.make = nn.Sequential(nn.Linear(NOISE + features, 64), nn.ReLU(), nn.Linear(64, features), nn.ReLU())
        self.judge = nn.Sequential(spectral_norm(nn.Linear(2 * features, 48)), nn.ReLU(),
                                   spectral_norm(nn.Linear(48, 1)))

    def made(self, noise: Tensor, means: Tensor) -> Tensor:
        return self.make(torch.cat([noise, means], 1))

    def losses(self, real: Tensor, fake: Tensor, means: Tensor) -> Tensor:
        """The judge's loss on features it is to tell apart, and the generator's on passing for real; each moves its
        own part alone."""
        told = self._judged(torch.cat([real, fake.detach()]), means.repeat(2, 1))
        truth = torch.cat([torch.ones(len(real), 1), torch.zeros(len(fake), 1)]).to(real.device)
        self.judge.requires_grad_(False)
        passed = self._judged(fake, means)
        self.judge.requires_grad_(True)
        return F.binary_cross_entropy_with_logits(told, truth) + F.binary_cross_entropy_with_logits(
            passed, torch.ones_like(passed))

    def _judged(self, z: Tensor, means: Tensor) -> Tensor:
        return self.judge(torch.cat([z, means], 1))


def apart(high: Tensor, low: Tensor, noise: Tensor, other: Tensor) -> Tensor:
    """Keeps made-up unknown features from being those of the known: mean of (1 + cos of the noises) max(0, cos of the
    features)."""
    alike = F.cosine_similarity(noise, other, dim=1)
    return ((1 + alike) * F.cosine_similarity(high, low, dim=1).clamp(min=0)).mean()


def centre_pull(means: Tensor, known: Tensor, unknown: Tensor, margin: float = 0.5) -> Tensor:
    """max(0, mean over kinds of (mean squared distance to own queries - that to all others) + margin); means (W, D),
    known (W, Q, D), unknown (U, D)."""
    ways = len(means)
    far = (means[:, None, None] - known[None]).square().mean(3).mean(2)                       # (W, W) to each kind's
    to_unknown = (means[:, None] - unknown[None]).square().mean(2).sum(1)
    own = far.diagonal()
    queries = known.shape[1]
    others = (queries * (far.sum(1) - own) + to_unknown) / (queries * (ways - 1) + len(unknown))
    return ((own - others).mean() + margin).clamp(min=0)


def nearest_three(distances: Tensor) -> Tensor:
    """The three smallest (..., 3) of distances (..., W), in order, by the root; of two, the second again."""
    near = distances.clamp(min=1e-6).sqrt().topk(min(3, distances.shape[-1]), dim=-1, largest=False).values
    return torch.cat([near, near[..., -1:].expand(*near.shape[:-1], 3 - near.shape[-1])], -1)
