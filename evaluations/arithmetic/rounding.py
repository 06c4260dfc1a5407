"""One rounding rule for every number a person reads; files for machines carry full precision.

A column shows as many decimals as give its typical half interval two significant digits. Without intervals, and for
costs, it shows three significant digits of its typical value; whole numbers stay whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median

MOST_DECIMALS = 6


def decimals(means: Iterable[float], half_widths: Iterable[float] = ()) -> int:
    """How many decimals a column shows, 0 to 6."""
    widths = [width for width in half_widths if width]
    sizes = [abs(mean) for mean in means if mean]
    if widths:
        wanted = 1 - math.floor(math.log10(median(widths)))
    elif all(size == round(size) for size in sizes):
        wanted = 0
    else:
        wanted = 2 - math.floor(math.log10(median(sizes)))
    return min(max(wanted, 0), MOST_DECIMALS)


def number(value: float | None, places: int, *, signed: bool = False) -> str:
    """12,345.6 with `places` decimals; an en dash for nothing; never a minus before a zero."""
    if value is None:
        return "–"
    text = f"{value:{'+' if signed else ''},.{places}f}"
    return text.replace("-", "+" if signed else "") if not any(c in "123456789" for c in text) else text


def plus_minus(mean: float | None, low: float | None, high: float | None, places: int, *,
               signed: bool = False) -> str:
    """71.3 ± 1.2, or the mean alone when there is no interval."""
    text = number(mean, places, signed=signed)
    return text if low is None or high is None else f"{text} ± {number((high - low) / 2, places)}"
