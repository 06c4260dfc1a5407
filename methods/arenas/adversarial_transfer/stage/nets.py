"""The public encoder, a transformer on patches, and the private models that are fine-tuned from it."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 4


class States(NamedTuple):
    """`layers` are the tokens (N, T, D) after each block, `features` (N, D) the mean of the normalised last ones."""

    layers: list[Tensor]
    features: Tensor


class Block(nn.Module):
    """Attention and two layers, each normalised before."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        n, t, width = tokens.shape
        q, k, v = self.ask(self.first(tokens)).view(n, t, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = (q @ k.transpose(2, 3) / math.sqrt(width / HEADS)).softmax(-1) @ v
        tokens = tokens + self.mix(seen.transpose(1, 2).flatten(2))
        return tokens + self.think(self.second(tokens))


class Encoder(nn.Module):
    """Pictures (N, 1, H, W) in 0..1, cut into 16 patches, to `States`."""

    def __init__(self, side: int, width: int, blocks: int):
        super().__init__()
        self.patch, self.width = side // 4, width
        self.embed = nn.Linear(self.patch ** 2, width)
        self.place = nn.Parameter(0.02 * torch.randn(16, width))
        self.blocks = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> States:
        tokens = self.embed(F.unfold(2 * x - 1, self.patch, stride=self.patch).transpose(1, 2)) + self.place
        layers = []
        for block in self.blocks:
            tokens = block(tokens)
            layers.append(tokens)
        return States(layers, self.norm(tokens).mean(1))


class Classifier(nn.Module):
    """An encoder and a linear head: logits (N, C)."""

    def __init__(self, encoder: Encoder, classes: int):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(encoder.width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x).features)
