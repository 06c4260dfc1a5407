"""What mixes the positions of a sequence, what follows it, and the network that both stand in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Body, Feed, rotary

__all__ = ["Feed", "Net", "Site", "Softmax", "heads", "joined", "mixed_linearly", "rotary"]


@dataclass(frozen=True)
class Site:
    """Where a mixer stands: states (B, T, width), in block `layer` of `layers`. `length` is how long sequences are in
    training; `hidden` is the width inside a feed-forward part, set so that all methods have as many weights."""

    width: int
    heads: int
    layer: int
    layers: int
    length: int
    hidden: int


def heads(x: Tensor, many: int) -> Tensor:
    """(B, T, many * d) -> (B, many, T, d)."""
    return x.unflatten(-1, (many, -1)).transpose(1, 2)


def joined(x: Tensor) -> Tensor:
    """(B, heads, T, d) -> (B, T, heads * d)."""
    return x.transpose(1, 2).flatten(2)


class Softmax(nn.Module):
    """Causal softmax attention; with `turned` queries and keys turn with their position, `window` is how many
    positions, its own among them, one sees at most."""

    def __init__(self, site: Site, turned: bool = True, window: int = 0):
        super().__init__()
        self.heads, self.turned, self.window = site.heads, turned, window
        self.pairs = min(window or site.length, (site.length + 1) / 2)
        self.ask, self.out = nn.Linear(site.width, 3 * site.width), nn.Linear(site.width, site.width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.ask(x).chunk(3, -1)
        q, k, v = heads(q, self.heads), heads(k, self.heads), heads(v, self.heads)
        if self.turned:
            q, k = rotary(q), rotary(k)
        if not self.window:
            return self.out(joined(F.scaled_dot_product_attention(q, k, v, is_causal=True)))
        at = torch.arange(x.shape[1], device=x.device)
        apart = at[:, None] - at
        return self.out(joined(F.scaled_dot_product_attention(q, k, v, (apart >= 0) & (apart < self.window))))


def mixed_linearly(q: Tensor, k: Tensor, v: Tensor, decay: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """sum_{s <= t} (q_t . k_s) lam^{t - s} v_s, and the same sum without v, of (B, heads, T, d); `decay` (heads,) is
    -log lam.

    >>> one = torch.ones(1, 1, 3, 1)
    >>> mixed_linearly(one, one, one, torch.tensor([math.log(2)]))[0].flatten().tolist()
    [1.0, 1.5, 1.75]
    """
    at = torch.arange(q.shape[2], device=q.device)
    apart = (at[:, None] - at).float()
    seen = (apart >= 0).float()
    if decay is not None:
        seen = seen * (-decay[:, None, None] * apart.clamp(min=0)).exp()
    weight = q @ k.transpose(-1, -2) * seen
    return weight @ v, weight.sum(-1, keepdim=True)


class Net(nn.Module):
    """ids (B, T) -> logits of the next piece (B, T, V), or with `classes` of the whole sequence (B, C)."""

    def __init__(self, body: Body, classes: int):
        super().__init__()
        self.body = body
        self.head = nn.Linear(body.width, classes) if classes else None

    def forward(self, ids: Tensor) -> Tensor:
        return self.body(ids)

    def named(self, ids: Tensor) -> Tensor:
        """(B, C) what a sequence is, from the mean of its last states."""
        assert self.head is not None
        return self.head(self.body.norm(self.body.states(ids)[-1]).mean(1))


def body(pieces: int, mixers: list[nn.Module], feeds: list[nn.Module], width: int) -> Body:
    """A causal body without a convolution before its blocks, its maps drawn anew for all methods alike: 0.05, and
    those that write to the stream 0.02 / sqrt(2 L)."""
    coming = iter(zip(mixers, feeds, strict=True))
    kept: list[nn.Module] = []

    def mixer(_: int) -> nn.Module:
        mix, feed = next(coming)
        kept.append(feed)
        return mix

    made = Body(pieces, width, len(mixers), 1, conv=1, mixer=mixer, feed=lambda _: kept[-1])
    for name, module in made.blocks.named_modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.02 / math.sqrt(2 * len(mixers)) if name.endswith("out") else 0.05)
    return made
