"""A transformer that reads two pictures: an encoder for both, and a decoder that looks from one at the other."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 3
MOVES = 5           # that a quarter may have made


def sines(grid: int, width: int) -> Tensor:
    """(grid * grid, width): sines and cosines of row and column, half of the width each."""
    quarter = width // 4
    at = torch.arange(grid)[:, None] / 100 ** (torch.arange(quarter) / quarter)
    one = torch.cat([at.sin(), at.cos()], 1)
    return torch.cat([one.repeat_interleave(grid, 0), one.repeat(grid, 1)], 1)


def turns(grid: int, width: int) -> Tensor:
    """(grid * grid, width / 2) angles by which pairs of features are turned: half by the row, half by the column."""
    quarter = width // 4
    at = torch.arange(grid)[:, None] / 10 ** (torch.arange(quarter) / quarter)
    return torch.cat([at.repeat_interleave(grid, 0), at.repeat(grid, 1)], 1)


def rotated(x: Tensor, angles: Tensor) -> Tensor:
    """Queries or keys (N, heads, T, D) whose pairs of features are turned by angles (N, T, D / 2): then the product of
    two depends on how far apart their places are."""
    first, second = x.chunk(2, 3)
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    return torch.cat([first * cos - second * sin, first * sin + second * cos], 3)


class Attention(nn.Module):
    """Tokens (N, T, width) look at others (N, U, width); places as angles (N, T, .) and (N, U, .) where they turn."""

    def __init__(self, width: int):
        super().__init__()
        self.ask, self.offer, self.mix = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, y: Tensor, at: Tensor | None, there: Tensor | None) -> Tensor:
        q = self.ask(x).unflatten(2, (HEADS, -1)).transpose(1, 2)
        k, v = self.offer(y).unflatten(2, (2, HEADS, -1)).permute(2, 0, 3, 1, 4)
        if at is not None and there is not None:
            q, k = rotated(q, at), rotated(k, there)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.mix(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention to one's own picture, with `crossed` to the other too, and two layers; each normalised before."""

    def __init__(self, width: int, crossed: bool = False):
        super().__init__()
        self.first, self.own = nn.LayerNorm(width), Attention(width)
        self.crossed = crossed
        if crossed:
            self.between, self.there, self.other = nn.LayerNorm(width), nn.LayerNorm(width), Attention(width)
        self.second = nn.LayerNorm(width)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor, at: Tensor | None, y: Tensor | None = None, there: Tensor | None = None) -> Tensor:
        h = self.first(x)
        x = x + self.own(h, h, at, at)
        if self.crossed and y is not None:
            x = x + self.other(self.between(x), self.there(y), at, there)
        return x + self.think(self.second(x))


class Reader(nn.Module):
    """The network: `encode` a picture's patches (N, T, dots), or those of places `shown` (N, V) alone, and `decode` the
    first picture's tokens, with the second's. With `rotary` places turn queries and keys, else they are added."""

    def __init__(self, side: int, grid: int, width: int, blocks: int, rotary: bool):
        super().__init__()
        self.patch, self.grid, self.width, self.rotary, self.paid = side // grid, grid, width, rotary, 0
        self.dots = self.patch ** 2
        self.place: Tensor
        self.angles: Tensor
        self.register_buffer("place", sines(grid, width))
        self.register_buffer("angles", turns(grid, width // HEADS))
        self.embed, self.token = nn.Linear(self.dots, width), nn.Parameter(0.02 * torch.randn(width))
        self.encoder = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.decoder = nn.ModuleList([Block(width, crossed=True)])
        self.norm, self.last, self.say = nn.LayerNorm(width), nn.LayerNorm(width), nn.Linear(width, self.dots)

    def patches(self, x: Tensor) -> Tensor:
        return (F.unfold(x, self.patch, stride=self.patch).transpose(1, 2) - 0.29) / 0.35

    def everywhere(self, many: int) -> Tensor:
        return torch.arange(self.grid ** 2, device=self.place.device).expand(many, -1)

    def encode(self, patches: Tensor, shown: Tensor | None = None) -> Tensor:
        self.paid += len(patches) * torch.is_grad_enabled()
        at = self.everywhere(len(patches)) if shown is None else shown
        tokens = self.embed(taken(patches, at))
        tokens = tokens if self.rotary else tokens + self.place[at]
        for block in self.encoder:
            tokens = block(tokens, self.angles[at] if self.rotary else None)
        return self.norm(tokens)

    def decode(self, tokens: Tensor, shown: Tensor, other: Tensor | None) -> Tensor:
        """(N, T, width) of the first picture's places, from its tokens of the places `shown` and all of the other's."""
        at = self.everywhere(len(tokens))
        full = self.token.expand(len(tokens), at.shape[1], -1).scatter(
            1, shown[:, :, None].expand_as(tokens), tokens)
        full = full if self.rotary else full + self.place
        angles = self.angles[at] if self.rotary else None
        for block in self.decoder:
            full = block(full, angles, other, angles)
        return self.last(full)

    def compare(self, one: Tensor, two: Tensor) -> Tensor:
        """The decoder's tokens (N, T, width) of whole pictures (N, 1, H, W)."""
        first = self.encode(self.patches(one))
        return self.decode(first, self.everywhere(len(one)), self.encode(self.patches(two)))


class Mover(nn.Module):
    """A reader and what says of its tokens how far each quarter moved: logits (N, 4, moves)."""

    def __init__(self, reader: Reader):
        super().__init__()
        self.reader, self.out = reader, nn.Linear(4 * reader.width, MOVES)

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        tokens, half = self.reader.compare(one, two), self.reader.grid // 2
        n = len(tokens)
        places = tokens.view(n, 2, half, 2, half, -1).transpose(2, 3).reshape(n, 4, half * half, -1)
        if half * half != 4:
            places = F.adaptive_avg_pool1d(places.flatten(0, 1).transpose(1, 2), 4).transpose(1, 2).unflatten(0, (n, 4))
        return self.out(places.flatten(2))


def taken(x: Tensor, rows: Tensor) -> Tensor:
    """The rows (N, V) of x (N, T, D): (N, V, D)."""
    return x.gather(1, rows[:, :, None].expand(-1, -1, x.shape[2]))


def hidden_square(said: Tensor, patches: Tensor, hidden: Tensor) -> Tensor:
    """Mean squared error over the hidden places (N, T) of patches standardised each by itself."""
    target = (patches - patches.mean(2, keepdim=True)) / (patches.var(2, keepdim=True) + 1e-6).sqrt()
    return (said - target).square().mean(2)[hidden].mean()
