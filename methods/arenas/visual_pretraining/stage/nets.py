"""The transformer on patches that all methods train, what they put on top of it, and copies that follow slowly."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_WIDTH = 16


def sines(grid: int, width: int) -> Tensor:
    """(grid * grid, width): sines and cosines of row and column, half of the width each."""
    quarter = width // 4
    pace = 1 / 100 ** (torch.arange(quarter) / quarter)
    at = torch.arange(grid)[:, None] * pace
    one = torch.cat([at.sin(), at.cos()], 1)                                      # (grid, width / 2)
    return torch.cat([one.repeat_interleave(grid, 0), one.repeat(grid, 1)], 1)


class Block(nn.Module):
    """Attention and two layers, each normalised before. `keys` (N, T) are the tokens that may be attended to."""

    def __init__(self, width: int, stretch: int = 2):
        super().__init__()
        self.heads = max(1, width // HEAD_WIDTH)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, stretch * width), nn.GELU(), nn.Linear(stretch * width, width))

    def forward(self, tokens: Tensor, keys: Tensor | None = None) -> Tensor:
        n, t, width = tokens.shape
        q, k, v = self.ask(self.first(tokens)).view(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, None if keys is None else keys[:, None, None])
        tokens = tokens + self.mix(mixed.transpose(1, 2).reshape(n, t, width))
        return tokens + self.think(self.second(tokens))


class Encoder(nn.Module):
    """Pictures (N, 1, H, W) -> features (N, width), the mean of the tokens after the last norm.

    Patches are standardised dots (N, T, dots); a token is `embed` of a patch plus its row of `place`, and `run` is all
    that follows. Pictures that pass through `run` with gradients on are paid for.
    """

    def __init__(self, side: int, grid: int, width: int, blocks: int, mean: float, sd: float):
        super().__init__()
        self.patch, self.grid, self.width, self.mean, self.sd = side // grid, grid, width, mean, sd
        self.places, self.dots = grid * grid, (side // grid) ** 2
        self.embed = nn.Linear(self.dots, width)
        self.place = nn.Parameter(sines(grid, width))
        self.blocks = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)
        self.paid = 0

    def patches(self, x: Tensor) -> Tensor:
        return (F.unfold(x, self.patch, stride=self.patch).transpose(1, 2) - self.mean) / self.sd

    def run(self, tokens: Tensor, keys: Tensor | None = None) -> Tensor:
        self.paid += len(tokens) * torch.is_grad_enabled()
        for block in self.blocks:
            tokens = block(tokens, keys)
        return self.norm(tokens)

    def tokens(self, patches: Tensor, shown: Tensor | None = None) -> Tensor:
        """All tokens (N, T, width), or those of the places `shown` (N, V) alone."""
        tokens = self.embed(patches) + self.place
        return self.run(tokens if shown is None else taken(tokens, shown))

    def forward(self, x: Tensor) -> Tensor:
        return self.tokens(self.patches(x)).mean(1)


class Decoder(nn.Module):
    """What encoded tokens (N, V, width) of the places `shown` (N, V) say of every place: (N, T, out).

    Hidden places hold one learnt token. There are `blocks` blocks of half the encoder's width, to whole heads, after a
    layer into it.
    """

    def __init__(self, encoder: Encoder, out: int, blocks: int = 1):
        super().__init__()
        inner = -(-encoder.width // (2 * HEAD_WIDTH)) * HEAD_WIDTH
        self.into, self.token = nn.Linear(encoder.width, inner), nn.Parameter(0.02 * torch.randn(inner))
        self.place: Tensor
        self.register_buffer("place", sines(encoder.grid, inner))
        self.blocks = nn.ModuleList([Block(inner) for _ in range(blocks)])
        self.say = nn.Sequential(nn.LayerNorm(inner), nn.Linear(inner, out))

    def forward(self, tokens: Tensor, shown: Tensor) -> Tensor:
        known = self.into(tokens)
        full = self.token.expand(len(tokens), len(self.place), -1)
        full = full.scatter(1, shown[:, :, None].expand_as(known), known) + self.place
        for block in self.blocks:
            full = block(full)
        return self.say(full)


class Parts(nn.Module):
    """An encoder and what trains with it and is thrown away."""

    def __init__(self, encoder: Encoder, **others: nn.Module):
        super().__init__()
        self.encoder = encoder
        for name, module in others.items():
            self.add_module(name, module)


def head(into: int, hidden: int, out: int) -> nn.Sequential:
    """Two layers with a batch norm and a ReLU between them."""
    return nn.Sequential(nn.Linear(into, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, out))


def taken(x: Tensor, rows: Tensor) -> Tensor:
    """The rows (N, V) of x (N, T, D): (N, V, D)."""
    return x.gather(1, rows[:, :, None].expand(-1, -1, x.shape[2]))


def frozen_copy(net: nn.Module) -> nn.Module:
    """A copy that no gradient changes: the start of a slowly moving network."""
    return copy.deepcopy(net).requires_grad_(False)


@torch.no_grad()
def follow(slow: nn.Module, net: nn.Module, momentum: float) -> None:
    """Each weight of `slow` keeps `momentum` of itself and takes the rest of `net`."""
    for kept, there in zip(slow.parameters(), net.parameters(), strict=True):
        kept.lerp_(there.detach(), 1 - momentum)


def slowness(start: float, progress: float) -> float:
    """What a slow copy keeps of itself, from `start` to 1 along a cosine."""
    return 1 - (1 - start) * (math.cos(math.pi * progress) + 1) / 2
