"""A small encoder of texts: symbols one by one, then their mean, then a layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoder(nn.Module):
    """Texts (N, L) to (N, D); `noise` (N, L, D) is added to what symbols are embedded as."""

    def __init__(self, symbols: int, width: int):
        super().__init__()
        self.width = width
        self.embed = nn.Embedding(symbols, width)
        nn.init.normal_(self.embed.weight, std=0.3)
        self.each, self.norm, self.out = nn.Linear(width, width), nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, texts: Tensor, noise: Tensor | None = None) -> Tensor:
        x = self.embed(texts)
        x = x if noise is None else x + noise
        return F.relu(self.out(self.norm(F.relu(self.each(x)).mean(1))))


def like_embedded(encoder: Encoder, texts: Tensor, deviation: float, drawn: torch.Generator) -> Tensor:
    """Noise for texts (N, L)."""
    return deviation * torch.randn(*texts.shape, encoder.width, generator=drawn).to(texts.device)
