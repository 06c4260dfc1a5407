"""One model that reads a source both ways and says a target from left to right."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Attention, Body


def turned(x: Tensor, places: Tensor) -> Tensor:
    """(B, H, T, d) each pair of halves turned by an angle that grows with the place (B, T).

    >>> turned(torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[0]])).flatten().tolist()
    [1.0, 0.0]
    """
    half = x.shape[-1] // 2
    speed = 10_000.0 ** (-torch.arange(half, device=x.device) / half)
    angle = places[:, None, :, None] * speed
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class PrefixAttention(Attention):
    """Attention in which everybody sees what `mask` (B, 1, T, T) shows, by `places` (B, T)."""

    mask: Tensor
    places: Tensor

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.ask(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(
            turned(q, self.places), turned(k, self.places), v, attn_mask=self.mask).transpose(1, 2).flatten(2))


def seen(source: Tensor) -> Tensor:
    """(B, 1, T, T) who is seen by whom: all of the source, and what stands to the left.

    >>> seen(torch.tensor([[True, True, False]]))[0, 0].int().tolist()
    [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    length = source.shape[1]
    left = torch.ones(length, length, dtype=torch.bool, device=source.device).tril()
    return (source[:, None, :] | left)[:, None]


class PrefixBody(Body):
    """ids, which are source, and places (B, T) -> states after every block."""

    def states(self, ids: Tensor, source: Tensor | None = None, places: Tensor | None = None) -> list[Tensor]:
        mask = seen(torch.zeros_like(ids, dtype=torch.bool) if source is None else source)
        at = torch.arange(ids.shape[1], device=ids.device).expand_as(ids) if places is None else places
        for block in self.blocks:
            block.mixer.mask = mask  # type: ignore[union-attr]
            block.mixer.places = at  # type: ignore[union-attr]
        return super().states(ids)

    def forward(self, ids: Tensor, source: Tensor | None = None, places: Tensor | None = None) -> Tensor:
        return self.logits(self.states(ids, source, places)[-1])


def prefix_body(pieces: int, width: int, blocks: int) -> PrefixBody:
    heads = max(1, width // 16)

    def mixer(d: int) -> nn.Module:
        return PrefixAttention(d, heads)

    return PrefixBody(pieces, width, blocks, heads, mixer=mixer)
