"""Parts of a byte model opened up: attention of each head, what each head writes, and the stream after each block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.kit.lm_nets import Block, Body, rotary


@dataclass(frozen=True)
class Opened:
    """Stream after entry and after each block (L + 1, B, T, D), attention (L, B, H, T, T) and what heads say before
    the output map (L, B, T, H, d)."""

    states: list[Tensor]
    attention: list[Tensor]
    heads: list[Tensor]


def attend(block: Block, x: Tensor) -> tuple[Tensor, Tensor]:
    """Attention (B, H, T, T) of a causal block that reads the stream x, and what each head says (B, T, H, d).

    >>> import torch
    >>> block = Body(5, 8, 1, 2).blocks[0]
    >>> x = torch.randn(2, 3, 8)
    >>> torch.allclose(write(block, attend(block, x)[1]), block.mixer(block.norm_mixer(x)), atol=1e-5)
    True
    """
    q, k, v = block.mixer.ask(block.norm_mixer(x)).unflatten(-1, (3, block.mixer.heads, -1)).permute(2, 0, 3, 1, 4)  # type: ignore[operator]
    scores = rotary(q) @ rotary(k).transpose(2, 3) / math.sqrt(q.shape[-1])
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).triu(1)
    weights = scores.masked_fill(later, -torch.inf).softmax(-1)
    return weights, (weights @ v).transpose(1, 2)


def write(block: Block, said: Tensor) -> Tensor:
    """What heads (B, T, H, d) add to the stream."""
    return block.mixer.out(said.flatten(2))  # type: ignore[operator]


def opened(net: Body, ids: Tensor, given: Sequence[Tensor | None] | None = None) -> Opened:
    """All parts; where `given` holds what the heads of a block say, that is written in place of what they would."""
    x = net.enter(ids)
    states, attention, heads = [x], [], []
    for i, block in enumerate(net.blocks):
        weights, said = attend(block, x)  # type: ignore[arg-type]
        kept = given[i] if given is not None else None
        attention.append(weights)
        heads.append(said)
        x = x + write(block, said if kept is None else kept)  # type: ignore[arg-type]
        x = x + block.feed(block.norm_feed(x))  # type: ignore[operator]
        states.append(x)
    return Opened(states, attention, heads)
