"""Small networks that read whole words: embeddings, a short convolution, blocks of attention and feed-forward.

Weights start so that a few hundred steps teach something: embeddings and what asks 0.1 and 0.05, what writes to the
stream 0.02 / sqrt(2 L), all biases zero.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 4


class Read(NamedTuple):
    """What a network makes of words (B, T): `states` (B, T, D), the embeddings and the stream after each block, and
    for each block its queries, keys and values (3, B, heads, T, d)."""

    states: tuple[Tensor, ...]
    asked: tuple[Tensor, ...]

    @property
    def last(self) -> Tensor:
        return self.states[-1]


class WordBlock(nn.Module):
    """x + attention(norm(x)), then + feed(norm(x))."""

    def __init__(self, width: int, heads: int, causal: bool):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm_mix, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.rise, self.fall = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        asked = self.ask(self.norm_mix(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, k, v = asked
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=self.causal).transpose(1, 2).flatten(2))
        return x + self.fall(F.gelu(self.rise(self.norm_feed(x)))), asked


class WordNet(nn.Module):
    """Words (B, T) -> `read`; `words` guesses words with the embeddings as output weights, `classes` names classes."""

    def __init__(self, vocabulary: int, width: int, blocks: int, classes: int, length: int, *, causal: bool = False):
        super().__init__()
        self.width, self.causal, self.kernel = width, causal, 3 if causal else 5
        self.embed, self.place = nn.Embedding(vocabulary, width), nn.Parameter(torch.zeros(length, width))
        self.conv = nn.Conv1d(width, width, self.kernel, groups=width)
        self.blocks = nn.ModuleList(WordBlock(width, HEADS, causal) for _ in range(blocks))
        self.norm, self.bias = nn.LayerNorm(width), nn.Parameter(torch.zeros(vocabulary))
        self.head = nn.Linear(width, classes)
        start(self)

    def read(self, ids: Tensor) -> Read:
        x = self.embed(ids)
        before = self.kernel - 1 if self.causal else self.kernel // 2
        x = x + self.conv(F.pad(x.transpose(1, 2), (before, self.kernel - 1 - before))).transpose(1, 2)
        x = x + self.place[:ids.shape[1]]
        states, asked = [x], []
        for block in self.blocks:
            x, said = block(x)
            states.append(x)
            asked.append(said)
        return Read((*states[:-1], self.norm(x)), tuple(asked))

    def words(self, state: Tensor) -> Tensor:
        return state @ self.embed.weight.T + self.bias

    def classes(self, state: Tensor) -> Tensor:
        return self.head(state)

    def forward(self, ids: Tensor) -> Tensor:
        return self.classes(self.read(ids).last)


def start(net: WordNet) -> None:
    """The weights before training."""
    nn.init.normal_(net.embed.weight, std=0.05 if net.causal else 0.1)
    nn.init.normal_(net.place, std=0.02)
    nn.init.normal_(net.conv.weight, std=0.3)
    nn.init.zeros_(net.conv.bias)  # type: ignore[arg-type]  # there is one
    nn.init.normal_(net.head.weight, std=0.02)
    nn.init.zeros_(net.head.bias)
    for block in net.blocks:
        for name, layer in block.named_children():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.05 if name in ("ask", "rise")
                                else 0.02 / math.sqrt(2 * len(net.blocks)))
                nn.init.zeros_(layer.bias)


def masked_loss(net: WordNet, ids: Tensor, mask: int, generator: torch.Generator, share: float = 0.15) -> Tensor:
    """Mean nats of words that were hidden: of the chosen 80 % are masked, 10 % exchanged, 10 % left."""
    chance = torch.rand(ids.shape, generator=generator).to(ids.device)
    any_word = torch.randint(len(net.embed.weight), ids.shape, generator=generator).to(ids.device)
    hidden = chance < share
    shown = torch.where(chance < 0.8 * share, mask, torch.where(chance < 0.9 * share, any_word, ids))
    return F.cross_entropy(net.words(net.read(torch.where(hidden, shown, ids)).last[hidden]), ids[hidden])
