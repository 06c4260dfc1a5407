"""What all plots share: the frame, scales, ticks, labels. Plots are drawn by templates as SVG; no markup here.

Every plot is a frozen dataclass in viewBox units, with a title and a description that say in words what it shows.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluations.tables.table import Column

WIDTH = 760
RIGHT, TOP = 20, 10
LETTER, SMALL = 6.9, 5.8  # width of a letter of a label on one line, and on two; of a wide font
ONE_LINE, TWO_LINES = 40, 48  # letters of a line
FAR = 3.0  # times the middle half of the values beyond it: further out is told by an arrow, not drawn to scale
WORTH = 1.5  # times the range without far values: below that, all are drawn to scale
UNCUT = 3  # values: as few are all drawn to scale


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Label:
    """A whole name on one line, or on two smaller ones."""

    first: str
    second: str = ""

    @property
    def width(self) -> float:
        return SMALL * max(len(self.first), len(self.second)) if self.second else LETTER * len(self.first)


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

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def nice_ticks(low: float, high: float, logarithmic: bool = False, wanted: int = 6) -> list[tuple[float, str]]:
    """Round numbers inside low to high, with their texts; over many decades powers of ten alone."""
    if logarithmic:
        steps = (1, 2, 5) if high / low < 2000 else (1,)
        ticks = [m * 10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
                 for m in steps if low <= m * 10.0**e <= high]
        return [(value, f"{value:,.6g}") for value in ticks]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(m for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [(i * step, f"{i * step + 0.0:,.{places}f}") for i in range(first, math.floor(high / step + 1e-9) + 1)]


def shortened(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[:letters - 1].rstrip() + "…"


def label_of(title: str, letters: int = ONE_LINE) -> Label:
    """The whole name, on two lines where it has more letters; only what does not fit these is cut."""
    if len(title) <= letters:
        return Label(title)
    lines = textwrap.wrap(title, max(len(title) // 2 + 6, 30))
    if len(lines) == 1:
        lines = textwrap.wrap(title, len(title) // 2 + 1)
    return Label(*(shortened(line, TWO_LINES) for line in (lines[0], " ".join(lines[1:]))))


def label_room(labels: Iterable[Label], least: float = 110) -> float:
    """How wide the column of names is."""
    return round(max([least, *(label.width for label in labels)]) + 14)


def unit_after(column: Column) -> str:
    return f" {column.unit}" if column.unit else ""


def placed(value: float, ends: tuple[float, float], start: float, stop: float) -> float:
    """Where a value lies between `start` and `stop`, which stand for `ends`."""
    low, high = ends
    return round(start + (value - low) / ((high - low) or 1) * (stop - start), 2)


def padded(values: Sequence[float], logarithmic: bool = False) -> tuple[float, float]:
    low, high = min(values), max(values)
    if logarithmic:
        return low / 1.25, high * 1.25
    room = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def within_reach(values: Sequence[float], far: float = FAR, worth: float = WORTH) -> tuple[float, float]:
    """The least and the greatest value that are drawn to scale, so that a few far ones do not squeeze the rest."""
    if len(values) <= UNCUT:
        return min(values), max(values)
    first, third = (float(at) for at in np.quantile(values, (0.25, 0.75)))
    reach = far * (third - first) or math.inf
    near = [value for value in values if first - reach <= value <= third + reach]
    if max(values) - min(values) <= worth * (max(near) - min(near)):
        return min(values), max(values)
    return min(near), max(near)


def arrow_at(x: float, y: float, side: int) -> str:
    """A triangle at the frame's right (1) or left (-1) edge, which points to what lies beyond."""
    return f"{x},{y} {x - side * 10},{y - 5} {x - side * 10},{y + 5}"
