"""Grids of tokens, what mixes them, and the network that the mixers stand in."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Site:
    """Where blocks stand: tokens (N, side, side, width). `layers` blocks are foreseen; `hidden` is the width inside a
    feed-forward part, set so that all methods have as many weights; `window` is the side of a window."""

    width: int
    heads: int
    side: int
    layers: int
    hidden: int
    window: int


def windows(x: Tensor, size: int) -> Tensor:
    """(N, H, W, D) -> (N * windows, size * size, D): squares that touch.

    >>> windows(torch.arange(16.0).view(1, 4, 4, 1), 2)[1].flatten().tolist()
    [2.0, 3.0, 6.0, 7.0]
    """
    n, h, w, d = x.shape
    return x.view(n, h // size, size, w // size, size, d).transpose(2, 3).reshape(-1, size * size, d)


def unwindowed(x: Tensor, size: int, side: int) -> Tensor:
    """The tokens of `windows` back at their places."""
    many = side // size
    return x.view(-1, many, many, size, size, x.shape[-1]).transpose(2, 3).reshape(-1, side, side, x.shape[-1])


def grids(x: Tensor, size: int) -> Tensor:
    """(N, H, W, D) -> (N * grids, size * size, D): tokens that lie H / size apart.

    >>> grids(torch.arange(16.0).view(1, 4, 4, 1), 2)[1].flatten().tolist()
    [1.0, 3.0, 9.0, 11.0]
    """
    n, h, w, d = x.shape
    return x.view(n, size, h // size, size, w // size, d).permute(0, 2, 4, 1, 3, 5).reshape(-1, size * size, d)


def ungridded(x: Tensor, size: int, side: int) -> Tensor:
    """The tokens of `grids` back at their places."""
    step = side // size
    return x.view(-1, step, step, size, size, x.shape[-1]).permute(0, 3, 1, 4, 2, 5) \
        .reshape(-1, side, side, x.shape[-1])


class Bias(nn.Module):
    """(heads, T, T) what is learnt for each offset between two places of a square."""

    index: Tensor

    def __init__(self, size: int, heads: int):
        super().__init__()
        self.table = nn.Parameter(0.02 * torch.randn(heads, (2 * size - 1) ** 2))
        row, column = torch.arange(size).repeat_interleave(size), torch.arange(size).repeat(size)
        self.register_buffer("index", (row[:, None] - row + size - 1) * (2 * size - 1)
                             + column[:, None] - column + size - 1, persistent=False)

    def forward(self) -> Tensor:
        return self.table[:, self.index]


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """softmax(q k^T / sqrt d + bias) v of (N, heads, T, d), the heads side by side: (N, T, heads * d)."""
    return F.scaled_dot_product_attention(q, k, v, bias).transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """Among the tokens (N, T, D) of squares of side `size`; `biased` adds what is learnt for each offset. `pairs` are
    the keys a query sees."""

    def __init__(self, width: int, heads: int, size: int, biased: bool = True):
        super().__init__()
        self.heads, self.pairs = heads, size * size
        self.ask, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias = Bias(size, heads) if biased else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (windows of a picture, T, T) is added to the products."""
        q, k, v = self.ask(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        bias = self.bias() if self.bias else None
        if mask is not None:
            bias = mask[:, None] if bias is None else bias + mask[:, None]
            bias = bias.repeat(len(x) // len(mask), 1, 1, 1)
        return self.out(attend(q, k, v, bias))


class Everywhere(nn.Module):
    """Attention among all tokens of a picture."""

    def __init__(self, site: Site):
        super().__init__()
        self.attention = Attention(site.width, site.heads, site.side, biased=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x.flatten(1, 2)).view(x.shape)


class Windowed(nn.Module):
    """Attention inside windows; with a `shift`, inside windows moved by so many tokens, as the Swin transformer does:
    the grid is rolled, and tokens that did not lie side by side before do not see each other."""

    mask: Tensor

    def __init__(self, site: Site, shift: int = 0):
        super().__init__()
        self.size, self.shift, self.side = site.window, shift, site.side
        self.attention = Attention(site.width, site.heads, site.window)
        at = torch.arange(site.side)
        part = (at >= site.side - site.window).long() + (at >= site.side - shift).long()
        region = windows((3 * part[:, None] + part).view(1, site.side, site.side, 1), site.window)[..., 0]
        self.register_buffer("mask", torch.where(region[:, None] == region[:, :, None], 0.0, -torch.inf)
                             if shift else None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.shift:
            x = x.roll((-self.shift, -self.shift), (1, 2))
        x = unwindowed(self.attention(windows(x, self.size), self.mask), self.size, self.side)
        return x.roll((self.shift, self.shift), (1, 2)) if self.shift else x


class Gridded(nn.Module):
    """Attention among tokens that lie side / window apart."""

    def __init__(self, site: Site):
        super().__init__()
        self.size, self.side = site.window, site.side
        self.attention = Attention(site.width, site.heads, site.window)

    def forward(self, x: Tensor) -> Tensor:
        return ungridded(self.attention(grids(x, self.size)), self.size, self.side)


class Feed(nn.Sequential):
    def __init__(self, width: int, hidden: int):
        super().__init__(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class Block(nn.Module):
    """x + mixer(norm(x)), then + feed(norm(x)), of tokens (N, H, W, D)."""

    def __init__(self, site: Site, mixer: nn.Module):
        super().__init__()
        self.first, self.second = nn.LayerNorm(site.width), nn.LayerNorm(site.width)
        self.mixer, self.feed = mixer, Feed(site.width, site.hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixer(self.first(x))
        return x + self.feed(self.second(x))


class SqueezeExcite(nn.Module):
    """Channels (N, C, H, W) times what two layers say of their means, `inner` wide between them."""

    def __init__(self, channels: int, inner: int):
        super().__init__()
        self.say = nn.Sequential(nn.Linear(channels, inner), nn.SiLU(), nn.Linear(inner, channels), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return x * self.say(x.mean((2, 3)))[:, :, None, None]


class MBConv(nn.Module):
    """x + a depthwise convolution between two maps, `hidden` channels wide, weighted by squeeze-and-excitation, of
    tokens (N, H, W, D)."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.path = nn.Sequential(
            nn.BatchNorm2d(width), nn.Conv2d(width, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.GELU(),
            nn.Conv2d(hidden, hidden, 3, 1, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.GELU(),
            SqueezeExcite(hidden, width // 4), nn.Conv2d(hidden, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + conved(self.path, x)


def conved(conv: nn.Module, x: Tensor) -> Tensor:
    """A module of pictures (N, D, H, W) on tokens (N, H, W, D)."""
    return conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def sines(side: int, width: int) -> Tensor:
    """(side, side, width): sines and cosines of row and column, half of the width each."""
    quarter = width // 4
    at = torch.arange(side)[:, None] / 100 ** (torch.arange(quarter) / quarter)
    one = torch.cat([at.sin(), at.cos()], 1)
    return torch.cat([one[:, None].expand(-1, side, -1), one[None].expand(side, -1, -1)], 2)


class Network(nn.Module):
    """Pictures (N, 1, S, S) -> patches as tokens with positions -> `stack` -> mean of the tokens, standardised over the
    batch -> logits (N, C)."""

    place: Tensor

    def __init__(self, site: Site, patch: int, stack: nn.Module, classes: int):
        super().__init__()
        self.embed = nn.Sequential(nn.Conv2d(1, site.width // 2, patch // 2 + 1, patch // 2, patch // 4), nn.GELU(),
                                   nn.Conv2d(site.width // 2, site.width, 3, 2, 1))
        self.register_buffer("place", sines(site.side, site.width), persistent=False)
        self.stack, self.norm = stack, nn.BatchNorm1d(site.width)
        self.head = nn.Linear(site.width, classes)

    def begin(self) -> None:
        """Draw the first weights of all but the stack."""
        for module in (self.embed[0], self.embed[2], self.head):
            module.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(x).permute(0, 2, 3, 1) + self.place
        return self.head(self.norm(self.stack(tokens).mean((1, 2))))
