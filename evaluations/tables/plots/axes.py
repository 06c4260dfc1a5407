"""What all plots share: the frame, scales, ticks and labels. Plots are drawn by templates as SVG; no markup here.

Every plot is a frozen dataclass in viewBox units, with a title and a description that say in words what it shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from evaluations.tables.table import Column

WIDTH = 760
LABELS, RIGHT, TOP = 200, 20, 10
LABEL_LETTERS = 27


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


class Scale:
    """From data to viewBox units."""

    def __init__(self, low: float, high: float, start: float, end: float, logarithmic: bool = False):
        self.f = math.log10 if logarithmic else float
        self.low, self.high = low, high if high > low else low + 1
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = (self.f(value) - self.f(self.low)) / (self.f(self.high) - self.f(self.low))
        return round(self.start + share * (self.end - self.start), 2)

    def cut(self, value: float) -> float:
        return self(min(max(value, self.low), self.high))


def nice_ticks(low: float, high: float, logarithmic: bool = False, wanted: int = 6) -> list[tuple[float, str]]:
    """Round numbers inside low to high, with their texts."""
    if logarithmic:
        ticks = [m * 10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
                 for m in (1, 2, 5) if low <= m * 10.0**e <= high]
        return [(value, f"{value:,.6g}") for value in ticks]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [(i * step, f"{i * step + 0.0:,.{places}f}") for i in range(first, math.floor(high / step + 1e-9) + 1)]


def shortened(text: str, letters: int = LABEL_LETTERS) -> str:
    return text if len(text) <= letters else text[:letters - 1].rstrip() + "…"


def unit_after(column: Column) -> str:
    return f" {column.unit}" if column.unit else ""


def placed(value: float, ends: tuple[float, float], start: float, stop: float) -> float:
    """Where a value lies between `start` and `stop`, which stand for `ends`."""
    low, high = ends
    return round(start + (value - low) / ((high - low) or 1) * (stop - start), 2)
