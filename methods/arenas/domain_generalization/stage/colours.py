"""The colour of strokes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def coloured(x: Tensor, characters: Tensor, agree: float | None, drawn: torch.Generator) -> Tensor:
    """Pictures (N, 1, S, S) on two channels: on both alike, or on one, the character's parity with chance `agree`."""
    if agree is None:
        return x.expand(-1, 2, -1, -1)
    told = torch.rand(len(x), generator=drawn) < agree
    colour = torch.where(told, characters % 2, 1 - characters % 2)
    return x * F.one_hot(colour, 2).to(x.dtype)[:, :, None, None]
