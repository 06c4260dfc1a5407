"""The network that all share, and losses that several methods have."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

FEATURES = 64


class Net(nn.Module):
    """Pictures (N, 2, S, S): `early` maps, `late` (N, FEATURES) none negative, `head` the logits."""

    def __init__(self, side: int, classes: int, width: int):
        super().__init__()
        self.width = width
        self.early = nn.Sequential(nn.Conv2d(2, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.middle = nn.Sequential(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=False), nn.BatchNorm2d(2 * width),
                                    nn.ReLU())
        self.last = nn.Sequential(nn.Flatten(), nn.Linear(2 * width * (side // 4) ** 2, FEATURES), nn.ReLU())
        self.head = nn.Linear(FEATURES, classes)

    def late(self, maps: Tensor) -> Tensor:
        return self.last(self.middle(maps))

    def features(self, x: Tensor) -> Tensor:
        return self.late(self.early(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


def apart(a: Tensor, b: Tensor) -> Tensor:
    """CORAL's distance of two samples (N, D): squared differences of means and of covariances, each a mean.

    >>> a = torch.tensor([[0.0], [2.0]])
    >>> apart(a, a + 1).item(), apart(a, 2 * a).item()            # means by 1; means by 1 and variances 2 and 8
    (1.0, 37.0)
    """
    return (a.mean(0) - b.mean(0)).square().mean() + (_covariance(a) - _covariance(b)).square().mean()


def _covariance(a: Tensor) -> Tensor:
    centred = a - a.mean(0)
    return centred.T @ centred / max(1, len(a) - 1)


def gaussian_apart(a: Tensor, b: Tensor, scales: Sequence[float] = (0.001, 0.01, 0.1, 1, 10, 100, 1000)) -> Tensor:
    """Squared MMD of two samples under a sum of Gaussian kernels."""
    def kernel(u: Tensor, v: Tensor) -> Tensor:
        squared = (u[:, None] - v[None]).square().sum(2)
        return sum(((-gamma * squared).exp() for gamma in scales), torch.zeros_like(squared)).mean()

    return kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)
