"""A picture's tokens weighed by frequency."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.arenas.vision_mixers.stage.nets import Feed, Site


class Spectrum(nn.Module):
    """IFFT2(K * FFT2(x)) of tokens (N, side, side, width), K learnt for each frequency and channel."""

    def __init__(self, width: int, side: int):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(side, side // 2 + 1, width, 2))

    def forward(self, x: Tensor) -> Tensor:
        found = torch.fft.rfft2(x, dim=(1, 2), norm="ortho") * torch.view_as_complex(self.weight)
        return torch.fft.irfft2(found, s=x.shape[1:3], dim=(1, 2), norm="ortho")


class SpectralBlock(nn.Module):
    """x + feed(norm(spectrum(norm(x)))): one residual around both, as global filter networks have it."""

    def __init__(self, site: Site):
        super().__init__()
        self.path = nn.Sequential(nn.LayerNorm(site.width), Spectrum(site.width, site.side),
                                  nn.LayerNorm(site.width), Feed(site.width, site.hidden))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.path(x)
