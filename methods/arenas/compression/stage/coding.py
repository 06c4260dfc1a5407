"""How many bits a code may take, and the trade of codes against thin products beside them."""

from __future__ import annotations

from torch import nn

from methods.arenas.compression.stage.packed import WORD, maps, weights

GROUPS = (48, 24, 16, 12, 8)


def grid(bits: float, least: int = 1) -> tuple[int, int]:
    """Bits a code and weights a group, the most bits first, that with scale and offset take at most so many a weight.

    >>> grid(3.9), grid(7.0)
    ((3, 48), (6, 48))
    """
    for code in range(8, least - 1, -1):
        for group in reversed(GROUPS):
            if code + 2 * WORD / group <= bits:
                return code, group
    return least, GROUPS[0]


def rank_for(net: nn.Module, bits: float, spent: float = 0.0) -> int:
    """The rank of products beside all maps that take so many bits a weight, less what is `spent` in all."""
    sides = sum(sum(linear.weight.shape) for _, _, linear in maps(net))
    return max(0, int((bits * weights(net) - spent) / (WORD * sides)))
