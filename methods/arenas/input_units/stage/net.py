"""A small causal encoder of units, as wide as its weights may be."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from methods.kit.lm_nets import Body

BLOCKS, HEADS = 2, 2


def weights(many: int, width: int, blocks: int) -> int:
    """How many weights an encoder of so many units has, about.

    >>> weights(512, 40, 2)
    60400
    """
    return many * width + blocks * (12 * width * width + 13 * width) + 6 * width


def widest(many: int, allowed: int, blocks: int = BLOCKS) -> int:
    """The greatest width, a multiple of 4, with no more weights than allowed.

    >>> widest(512, 60_000, 2)
    36
    """
    width = 4
    while weights(many, width + 4, blocks) <= allowed:
        width += 4
    return width


def encoder(many: int, width: int, blocks: int = BLOCKS) -> Body:
    return Body(many, width, blocks, HEADS)


def next_units(logits: Tensor, ids: Tensor, pad: int) -> Tensor:
    """Mean nats of the units that follow, padding not counted."""
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), ignore_index=pad)

