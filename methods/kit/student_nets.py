"""Small networks of pictures that teach and learn: a convolutional one and a transformer, cut in two the same way.

Both turn pictures (N, 1, H, W) into `Said`: logits and the features before the last layer. `lower` makes a map (N, C,
h, w) half way, and `upper` goes on from there, so that a map of one network can be looked at beside another's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 10
PATCHES, HEADS = 16, 4
TURN = 0.3              # radians by which the pictures of a shifted student are turned


class Said(NamedTuple):
    """Logits (N, C) and features (N, D)."""

    logits: Tensor
    features: Tensor


def _layer(into: int, out: int) -> list[nn.Module]:
    return [nn.Conv2d(into, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]


class ConvNet(nn.Module):
    """Three strided convolutions of `width`, 2 and 4 times as many channels, a layer of features and the head."""

    def __init__(self, side: int, width: int, features: int):
        super().__init__()
        end = math.ceil(side / 8)
        self.width, self.wide = width, features
        self.lower_shape = (2 * width, math.ceil(side / 4), math.ceil(side / 4))
        self.lower = nn.Sequential(*_layer(1, width), *_layer(width, 2 * width))
        self.rest = nn.Sequential(*_layer(2 * width, 4 * width), nn.Flatten(),
                                  nn.Linear(4 * width * end * end, features), nn.ReLU())
        self.head = nn.Linear(features, CLASSES)

    def upper(self, half: Tensor) -> Said:
        features = self.rest(half)
        return Said(self.head(features), features)

    def forward(self, x: Tensor) -> Said:
        return self.upper(self.lower(x))


class Block(nn.Module):
    """Attention and two layers, each normalised before; with `maps` (N, heads, T, T) given, it attends by these."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.value = nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.mix = nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor, maps: Tensor | None = None) -> tuple[Tensor, Tensor]:
        n, t, width = tokens.shape
        h = self.first(tokens)
        if maps is None:
            q, k = self.ask(h).view(n, t, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
            maps = (q @ k.transpose(2, 3) / math.sqrt(width / self.heads)).softmax(-1)
        v = self.value(h).view(n, t, self.heads, -1).transpose(1, 2)
        tokens = tokens + self.mix((maps @ v).transpose(1, 2).flatten(2))
        return tokens + self.think(self.second(tokens)), maps


class PatchNet(nn.Module):
    """A transformer on 16 patches: two blocks of width 64 and four heads; features are the mean of the tokens."""

    def __init__(self, side: int, width: int = 64, blocks: int = 2):
        super().__init__()
        self.patch, self.wide, self.width = side // 4, width, width
        self.dots = self.patch ** 2
        self.lower_shape = (width, 4, 4)
        self.embed = nn.Linear(self.dots, width)
        self.place = nn.Parameter(0.02 * torch.randn(PATCHES, width))
        self.blocks = nn.ModuleList([Block(width, HEADS) for _ in range(blocks)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, CLASSES)

    def patches(self, x: Tensor) -> Tensor:
        """(N, 16, dots)."""
        return F.unfold(x, self.patch, stride=self.patch).transpose(1, 2)

    def encode(self, tokens: Tensor, maps: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        """Tokens after all blocks and the last norm, and the maps of each block."""
        seen = []
        for i, block in enumerate(self.blocks):
            tokens, used = block(tokens, maps[i] if maps else None)
            seen.append(used)
        return self.norm(tokens), seen

    def tokens(self, x: Tensor, maps: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        return self.encode(self.embed(self.patches(x)) + self.place, maps)

    def judge(self, tokens: Tensor) -> Said:
        features = tokens.mean(1)
        return Said(self.head(features), features)

    def lower(self, x: Tensor) -> Tensor:
        tokens = self.embed(self.patches(x)) + self.place
        for block in list(self.blocks)[:-1]:
            tokens = block(tokens)[0]
        return tokens.transpose(1, 2).unflatten(2, (4, 4))

    def upper(self, half: Tensor) -> Said:
        return self.judge(self.norm(self.blocks[-1](half.flatten(2).transpose(1, 2))[0]))

    def forward(self, x: Tensor) -> Said:
        return self.judge(self.tokens(x)[0])


def turned(x: Tensor) -> Tensor:
    """All pictures turned by the same angle."""
    cos, sin = math.cos(TURN), math.sin(TURN)
    theta = torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]]).expand(len(x), -1, -1)
    return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)
