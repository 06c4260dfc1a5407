"""Fixed wavelets: what a picture looks like at two scales and several directions, and how that varies."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def morlet(side: int, scale: float, angle: float) -> Tensor:
    """(2, side, side): real and imaginary part of a wave of 3 pi / 4 / scale per dot under a bell, with mean zero."""
    at = torch.arange(side, dtype=torch.float) - side // 2
    y, x = torch.meshgrid(at, at, indexing="ij")
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    bell = torch.exp(-(along**2 + (0.5 * across)**2) / (2 * (0.8 * scale)**2))
    phase = 3 * math.pi / 4 / scale * along
    real = bell * phase.cos()
    real = real - bell * (real.sum() / bell.sum())
    return torch.stack([real, bell * phase.sin()]) / bell.sum()


class Scattering(nn.Module):
    """(N, 1, H, W) -> (N, 1 + 2 L + L^2, about H/4, W/4): the mean, moduli of the wavelets at scales 1 and 2 in L
    directions, and moduli of the wavelets of scale 2 on those of scale 1. Nothing trains."""

    first: Tensor
    second: Tensor
    low: Tensor

    def __init__(self, directions: int):
        super().__init__()
        angles = [math.pi * i / directions for i in range(directions)]
        at = torch.arange(9, dtype=torch.float) - 4
        bell = torch.exp(-at**2 / (2 * 1.6**2))
        self.channels = 1 + 2 * directions + directions**2
        self.register_buffer("first", torch.cat([morlet(7, 1.0, a) for a in angles])[:, None])       # (2L, 1, 7, 7)
        self.register_buffer("second", torch.cat([morlet(11, 2.0, a) for a in angles])[:, None])     # (2L, 1, 11, 11)
        self.register_buffer("low", (bell[:, None] * bell / bell.sum()**2)[None, None])

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        one = self._modulus(x, self.first)
        two, deep = self._modulus(x, self.second), self._modulus(one.flatten(0, 1)[:, None], self.second)
        deep = deep.unflatten(0, (len(x), -1)).flatten(1, 2)
        return torch.cat([self._smooth(x, 4), self._smooth(one, 4), self._smooth(two, 2), self._smooth(deep, 2)], 1)

    @staticmethod
    def _modulus(x: Tensor, wavelets: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, L, H', W'): sqrt(real^2 + imaginary^2), at half the dots for the larger wavelets."""
        side = wavelets.shape[-1]
        parts = F.conv2d(x, wavelets, stride=1 if side == 7 else 2, padding=side // 2).unflatten(1, (-1, 2))
        return parts.square().sum(2).add(1e-12).sqrt()

    def _smooth(self, x: Tensor, stride: int) -> Tensor:
        blurred = F.conv2d(x.flatten(0, 1)[:, None], self.low, stride=stride, padding=4)
        return blurred.unflatten(0, x.shape[:2]).squeeze(2)
