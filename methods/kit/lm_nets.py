"""Small language models: token embeddings, a short convolution, blocks of attention and feed-forward, tied output.

Weights start so that even a hundred steps teach something: embeddings of deviation 0.05, queries, keys, values and the
first feed-forward map 0.05, maps that write to the stream 0.02 / sqrt(2 L), all biases zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZES = {"narrow": (32, 1), "tiny": (24, 2), "small": (48, 2), "base": (64, 2), "deep": (64, 3), "parent": (96, 4)}
Part = Callable[[int], nn.Module]        # width -> what maps (B, T, D) to (B, T, D)


def rotary(x: Tensor) -> Tensor:
    """(…, T, d) each pair of halves turned by an angle that grows with the position."""
    half = x.shape[-1] // 2
    speed = 10_000.0 ** (-torch.arange(half, device=x.device) / half)
    angle = torch.arange(x.shape[-2], device=x.device)[:, None] * speed
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Attention(nn.Module):
    """Multi-head attention with rotary positions; `causal`: to the left only."""

    def __init__(self, width: int, heads: int, causal: bool = True):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.ask, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.ask(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(rotary(q), rotary(k), v, is_causal=self.causal)
                        .transpose(1, 2).flatten(2))


class Feed(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.rise, self.out = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(F.gelu(self.rise(x)))


class Block(nn.Module):
    """x + mixer(norm(x)), then + feed(norm(x)). What mixes positions and what follows can be replaced."""

    def __init__(self, width: int, mixer: nn.Module, feed: nn.Module):
        super().__init__()
        self.norm_mixer, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixer, self.feed = mixer, feed

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixer(self.norm_mixer(x))
        return x + self.feed(self.norm_feed(x))


class Short(nn.Module):
    """A depthwise convolution over positions, to the left or, where not `causal`, to both sides."""

    def __init__(self, width: int, kernel: int, causal: bool):
        super().__init__()
        self.conv = nn.Conv1d(width, width, kernel, groups=width)
        self.before = kernel - 1 if causal else kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.conv.kernel_size[0]
        return self.conv(F.pad(x.transpose(1, 2), (self.before, kernel - 1 - self.before))).transpose(1, 2)


class Body(nn.Module):
    """ids (B, T) -> `states`, the stream after every block, and `logits` of the last; output weights are the
    embeddings'."""

    def __init__(self, pieces: int, width: int, blocks: int, heads: int, *, causal: bool = True, conv: int = 3,
                 mixer: Part | None = None, feed: Part | None = None):
        super().__init__()
        self.embed, self.short = nn.Embedding(pieces, width), Short(width, conv, causal)
        self.blocks = nn.ModuleList(
            Block(width, mixer(width) if mixer else Attention(width, heads, causal),
                  feed(width) if feed else Feed(width, 4 * width)) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        init_(self)

    @property
    def width(self) -> int:
        return self.embed.embedding_dim

    def enter(self, ids: Tensor) -> Tensor:
        """(B, T, D) what the first block reads."""
        x = self.embed(ids)
        return x + self.short(x)

    def states(self, ids: Tensor) -> list[Tensor]:
        """(B, T, D) after every block."""
        states = [self.enter(ids)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states[1:]

    def logits(self, h: Tensor) -> Tensor:
        return F.linear(self.norm(h), self.embed.weight)

    def forward(self, ids: Tensor) -> Tensor:
        return self.logits(self.states(ids)[-1])


def init_(body: Body) -> Body:
    """The start of all weights; modules that were put in place of attention or feed keep their own but the biases."""
    nn.init.normal_(body.embed.weight, std=0.05)
    for block in body.blocks:
        for part in (block.mixer, block.feed):
            if isinstance(part, Attention | Feed):
                nn.init.normal_((part.ask if isinstance(part, Attention) else part.rise).weight, std=0.05)
                nn.init.normal_(part.out.weight, std=0.02 / math.sqrt(2 * len(body.blocks)))
    for module in body.modules():
        if isinstance(module, nn.Linear | nn.Conv1d) and module.bias is not None:
            nn.init.zeros_(module.bias)
    return body


def body(size: str, pieces: int) -> Body:
    """A causal body of a named size, with heads of 16."""
    width, blocks = SIZES[size]
    return Body(pieces, width, blocks, max(1, width // 16))


def nats(net: nn.Module, windows: Tensor) -> Tensor:
    """(B, T) the loss of each piece of windows (B, T + 1) after those before it."""
    windows = windows.long()
    return F.cross_entropy(net(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten(),
                           reduction="none").view(len(windows), -1)


@torch.no_grad()
def bits_per_byte(net: nn.Module, windows: Tensor, sizes: Tensor, batch: int = 256) -> float:
    """Nats of all predicted pieces over log 2, by the bytes they stand for.

    >>> sure = lambda ids: torch.zeros(*ids.shape, 4)                    # any of four pieces: two bits each
    >>> bits_per_byte(sure, torch.tensor([[0, 1, 2, 3]]), torch.tensor([1, 2, 1, 1]))
    1.5
    """
    total = sum(nats(net, part).double().sum().item() for part in windows.split(batch))
    return total / math.log(2) / int(sizes[windows[:, 1:].long()].sum())


def groups(net: nn.Module, decay: float) -> list[dict]:
    """Parameters to train as AdamW wants them: matrices decay, vectors do not."""
    learnt = [p for p in net.parameters() if p.requires_grad]
    return [{"params": [p for p in learnt if p.dim() > 1], "weight_decay": decay},
            {"params": [p for p in learnt if p.dim() <= 1], "weight_decay": 0.0}]


def batches(rows: int, size: int, steps: int, drawn: torch.Generator) -> Iterator[Tensor]:
    """Row numbers (size,) of `steps` batches: one mixed order of all rows after another."""
    order = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        while len(order) < size:
            order = torch.cat([order, torch.randperm(rows, generator=drawn)])
        yield order[:size]
        order = order[size:]
