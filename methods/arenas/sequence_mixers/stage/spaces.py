"""Diagonal state spaces: every channel a sum of damped waves of what came before."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.sequence_mixers.stage.nets import Site

STATES = 8


class Waves(nn.Module):
    """y = GELU(K * u + D u), then one map; K_t = 2 Re sum_n C_n (exp(dt A_n) - 1) / A_n exp(dt A_n t) for each channel.

    `structured`: A_n = -1/2 + i pi n; else its parts are drawn at random.
    """

    def __init__(self, site: Site, structured: bool):
        super().__init__()
        d = site.width
        if structured:
            damping, pace = torch.full((d, STATES), 0.5), math.pi * torch.arange(STATES).float().expand(d, -1)
        else:
            damping, pace = torch.rand(d, STATES), math.pi * STATES * torch.rand(d, STATES)
        self.damping, self.pace = nn.Parameter(damping.log()), nn.Parameter(pace.clone())
        self.step = nn.Parameter(torch.empty(d).uniform_(math.log(0.001), math.log(0.1)))
        self.weight, self.skip = nn.Parameter(torch.randn(d, STATES, 2) / 2 ** 0.5), nn.Parameter(torch.randn(d))
        self.out = nn.Linear(d, d)

    def kernel(self, length: int) -> Tensor:
        """(D, T)."""
        a = torch.complex(-self.damping.exp(), self.pace)
        scaled = a * self.step.exp()[:, None]
        weight = torch.view_as_complex(self.weight) * (scaled.exp() - 1) / a
        powers = (scaled[:, :, None] * torch.arange(length, device=a.device)).exp()
        return 2 * torch.einsum("dn,dnt->dt", weight, powers).real

    def forward(self, x: Tensor) -> Tensor:
        u, length = x.transpose(1, 2), x.shape[1]
        found = torch.fft.irfft(torch.fft.rfft(u, 2 * length) * torch.fft.rfft(self.kernel(length), 2 * length),
                                2 * length)[..., :length]
        return self.out(F.gelu(found + u * self.skip[:, None]).transpose(1, 2))
