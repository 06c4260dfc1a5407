"""The small model that translates words by the demonstrations before them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Layer(nn.Module):
    """One head of attention over what the mask (T, T) allows, and a feed-forward net, both behind a norm.

    Before training keys equal queries and what is seen is copied: from other starts nothing is learnt in 500 steps.
    """

    def __init__(self, width: int):
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.join = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        with torch.no_grad():
            query, key, value = self.attend.weight.chunk(3)
            query *= 2
            key.copy_(query)
            value.copy_(torch.linalg.qr(torch.randn(width, width))[0])
            self.join.weight.copy_(value.T)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query, key, value = self.attend(self.before(x)).chunk(3, 2)
        scores = query @ key.transpose(1, 2) / x.shape[2] ** 0.5
        x = x + self.join(scores.masked_fill(~mask, -1e9).softmax(2) @ value)
        return x + self.feed(self.between(x))


class Reader(nn.Module):
    """Demonstrations of aligned word pairs, then words to translate; a pair is one position, a word asked another.

    Pairs see the pairs before the question, words asked see those and one another. `slot` counts demonstrations from
    the question backwards, so the last one shown is always slot 0.
    """

    def __init__(self, words: int, width: int, layers: int, slots: int):
        super().__init__()
        self.words, self.width = words, width
        self.source, self.target = nn.Embedding(words, width), nn.Embedding(words, width)
        self.slot, self.mark = nn.Embedding(slots, width), nn.Parameter(torch.randn(2, width))
        self.layers = nn.ModuleList(Layer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def states(self, source: Tensor, target: Tensor, asked: Tensor, *, back: bool = False,
               weights: Tensor | None = None, block: int = 0, empty: bool = False) -> Tensor:
        """(B, K M + L, D) after the last norm, of pairs `source`, `target` (B, K, M) and of words asked (B, L).

        `back` asks for sources of target words; `weights` (B, K) scale the pairs of a demonstration before its slot is
        added; with `block` > 0 a demonstration sees only those of its own block of so many; `empty` asks of nothing.
        """
        pairs = self.source(source) + self.target(target)                                             # (B, K, M, D)
        b, k, m, _ = pairs.shape
        if weights is not None:
            pairs = pairs * weights[:, :, None, None]
        backwards = torch.arange(k - 1, -1, -1, device=asked.device).clamp(max=self.slot.num_embeddings - 1)
        pairs = (pairs + self.slot(backwards)[None, :, None]).reshape(b, k * m, self.width)
        words = (self.target if back else self.source)(asked)
        x = torch.cat([pairs, (torch.zeros_like(words) if empty else words) + self.mark[int(back)]], 1)
        mask = sees(k, m, asked.shape[1], block, asked.device)
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x)

    def forward(self, source: Tensor, target: Tensor, asked: Tensor, *, back: bool = False,
                weights: Tensor | None = None, block: int = 0, empty: bool = False) -> Tensor:
        """Logits (B, L, V) over target words, or over source words with `back`."""
        h = self.states(source, target, asked, back=back, weights=weights, block=block, empty=empty)
        table = (self.source if back else self.target).weight
        return F.linear(h[:, source.shape[1] * source.shape[2]:], table) / self.width ** 0.5


def sees(k: int, m: int, asked: int, block: int, device: torch.device | str = "cpu") -> Tensor:
    """(T, T): which position sees which."""
    shown = torch.arange(k, device=device).repeat_interleave(m)
    mask = torch.ones(k * m + asked, k * m + asked, dtype=torch.bool, device=device)
    mask[:k * m, k * m:] = False
    if block:
        mask[:k * m, :k * m] = (shown[:, None] // block) == (shown[None] // block)
    return mask
