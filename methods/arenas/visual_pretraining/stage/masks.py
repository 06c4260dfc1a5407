"""Which places of a picture's grid are hidden."""

from __future__ import annotations

import torch
from torch import Tensor


def scattered(many: int, places: int, share: float, generator: torch.Generator) -> Tensor:
    """(many, places), True for `share` of the places of each, drawn anew for each."""
    keys = torch.rand(many, places, generator=generator)
    return keys.argsort(1).argsort(1) < round(share * places)


def shown(hidden: Tensor) -> Tensor:
    """The places (N, V) that are not hidden, in their order; all rows of `hidden` (N, T) hide as many."""
    return (~hidden).nonzero()[:, 1].view(len(hidden), -1)


def rectangles(share: Tensor, grid: int, longest: int, generator: torch.Generator) -> Tensor:
    """(N, grid * grid), True in rectangles with sides of one to `longest` places, drawn until at least `share` (N,) of
    a picture's places are covered."""
    many, at = len(share), torch.arange(grid)
    covered = torch.zeros(many, grid, grid, dtype=torch.bool)
    while (short := covered.flatten(1).float().mean(1) < share).any():
        size = torch.randint(1, longest + 1, (2, many), generator=generator)
        start = (torch.rand(2, many, generator=generator) * (grid - size + 1)).long()
        inside = (at >= start[:, :, None]) & (at < (start + size)[:, :, None])                    # (2, many, grid)
        covered |= short[:, None, None] & inside[0, :, :, None] & inside[1, :, None, :]
    return covered.flatten(1)
