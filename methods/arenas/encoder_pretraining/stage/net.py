"""The encoder that all methods train: embeddings of words, places and segments, a short convolution, blocks."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Feed, Short

SEGMENTS = 2


class Attention(nn.Module):
    """Multi-head attention of x (B, T, D) to `memory` (B, S, D), itself unless given, where `mask` (…, T, S) allows."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.ask, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None, memory: Tensor | None = None) -> Tensor:
        if memory is None:
            q, k, v = self.ask(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        else:
            rows, bias = self.ask.weight.split(self.ask.in_features), self.ask.bias.split(self.ask.in_features)
            q, k, v = (F.linear(what, rows[i], bias[i]).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                       for i, what in enumerate((x, memory, memory)))
        if mask is not None and mask.dim() == 3:
            mask = mask[:, None]
        return self.out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """x + attention(norm(x)), then + feed(norm(x))."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm_mixer, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixer, self.feed = Attention(width, heads), Feed(width, 4 * width)

    def forward(self, x: Tensor, mask: Tensor | None = None, memory: Tensor | None = None) -> Tensor:
        memory = None if memory is None else self.norm_mixer(memory)
        x = x + self.mixer(self.norm_mixer(x), mask, memory)
        return x + self.feed(self.norm_feed(x))


class Encoder(nn.Module):
    """Words (B, T) -> `states`, the stream (B, T, D) after every block; output weights are the embeddings'.

    `causal`: the convolution and attention look to the left alone.
    """

    def __init__(self, words: int, width: int, blocks: int, heads: int, length: int, causal: bool = False):
        super().__init__()
        self.causal, self.heads, self.words = causal, heads, words
        self.embed, self.place = nn.Embedding(words, width), nn.Parameter(torch.zeros(length, width))
        self.segment = nn.Parameter(torch.zeros(SEGMENTS, width))
        self.short = Short(width, 3 if causal else 5, causal)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm, self.bias = nn.LayerNorm(width), nn.Parameter(torch.zeros(words))
        init_(self)

    @property
    def width(self) -> int:
        return self.place.shape[1]

    def vectors(self, ids: Tensor) -> Tensor:
        return self.embed(ids)

    def enter(self, ids: Tensor, segments: Tensor | None = None, near: Tensor | None = None) -> Tensor:
        """(B, T, D) what the first block reads. `near` (B, T, D) is what the convolution sees, all words unless
        given."""
        x = self.vectors(ids)
        x = x + self.short(x if near is None else near) + self.place[:ids.shape[1]]
        return x if segments is None else x + self.segment[segments]

    def through(self, x: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """The stream after every block."""
        if self.causal:
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        states = [x]
        for block in self.blocks:
            states.append(block(states[-1], mask))
        return states[1:]

    def states(self, ids: Tensor, segments: Tensor | None = None, mask: Tensor | None = None) -> list[Tensor]:
        return self.through(self.enter(ids, segments), mask)

    def guess(self, state: Tensor) -> Tensor:
        """Logits (…, V) of words from states of the last block (…, D)."""
        return F.linear(self.norm(state), self.embed.weight, self.bias)

    def forward(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        return self.states(ids, segments)[-1]


def init_(net: Encoder) -> Encoder:
    """All weights before training: deviation 0.1 for embeddings, 0.05 for what asks, little for what writes."""
    nn.init.normal_(net.embed.weight, std=0.1)
    nn.init.normal_(net.place, std=0.02)
    nn.init.normal_(net.segment, std=0.02)
    nn.init.normal_(net.short.conv.weight, std=0.3)
    for block in net.blocks:
        start_block(block, len(net.blocks))
    nn.init.zeros_(net.short.conv.bias)  # type: ignore[arg-type]  # there is one
    return net


def start_block(block: nn.Module, blocks: int) -> None:
    for name, layer in block.named_modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.02 / math.sqrt(2 * blocks) if name.endswith("out") else 0.05)
            nn.init.zeros_(layer.bias)
