"""Which of the source's entries each of the target's is."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.arenas.warm_start.stage.growing import HEADS, HIDDEN, STREAM, doubled, lottery, widths
from methods.kit.lm_nets import Body


def by_lot(target: Body, source: Body, generator: torch.Generator) -> dict[str, Tensor]:
    """Old entries first, then some drawn; heads stay whole."""
    ours, theirs = widths(target), widths(source)
    size = source.width // source.blocks[0].mixer.heads  # type: ignore[operator, union-attr]
    return {side: lottery(theirs[side], ours[side], generator, size if side == HEADS else 1)
            for side in (STREAM, HEADS, HIDDEN)}


def in_turn(target: Body, source: Body) -> dict[str, Tensor]:
    """All entries again and again."""
    ours, theirs = widths(target), widths(source)
    return {side: doubled(theirs[side], ours[side], source.embed.weight.device) for side in (STREAM, HEADS, HIDDEN)}
