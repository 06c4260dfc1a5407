"""Methods from best to worst with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluations.arithmetic import rounding
from evaluations.tables.plots.axes import LABELS, RIGHT, TOP, WIDTH, Scale, Tick, nice_ticks, shortened, unit_after
from evaluations.tables.table import Cell, Column, Table

ROW = 24


@dataclass(frozen=True)
class Line:
    """A vertical reference line with its name."""

    x: float
    name: str
    text: str


@dataclass(frozen=True)
class IntervalRow:
    """One method: its mean, its interval cut to the frame, and each seed."""

    y: float
    top: float
    label: str
    text: str
    x: float
    left: float | None
    right: float | None
    cut_left: bool
    cut_right: bool
    seeds: tuple[float, ...]
    first_tier: bool
    stale: bool
    is_baseline: bool


@dataclass(frozen=True)
class IntervalPlot:
    """Methods from best to worst, mean and 95 % interval, over reference lines."""

    title: str
    description: str
    height: float
    bottom: float
    ticks: tuple[Tick, ...]
    rows: tuple[IntervalRow, ...]
    lines: tuple[Line, ...]
    axis: str
    note: str
    left_out: int
    width: float = WIDTH
    left: float = LABELS
    right: float = WIDTH - RIGHT
    row_height: float = ROW


def interval_plot(table: Table, column: Column, *, most: int | None = None) -> IntervalPlot | None:
    """Means with intervals and seeds of one metric; None when nothing is measured.

    Of more than `most` methods, the best ones and the baseline are drawn.
    """
    measured = [row for row in table.rows if column.key in row.cells]
    if not measured:
        return None
    measured.sort(key=lambda row: row.cells[column.key].mean, reverse=column.better != "lower")
    methods = len(measured)
    measured = [row for place, row in enumerate(measured) if most is None or place < most or row.is_baseline]
    cells = {row.method: row.cells[column.key] for row in measured}
    baseline = cells.get(table.baseline)
    low, high, outside = _domain(list(cells.values()), column.chance)
    places = column.decimals
    scale = Scale(low, high, LABELS + 10, WIDTH - RIGHT)
    rows = []
    for place, row in enumerate(measured):
        cell = cells[row.method]
        left, right = (None if end is None else scale.cut(end) for end in (cell.low, cell.high))
        rows.append(IntervalRow(
            y=TOP + place * ROW + ROW / 2, top=TOP + place * ROW, label=shortened(row.title),
            text=f"{row.title}: {rounding.plus_minus(cell.mean, cell.low, cell.high, places)} {column.unit}".rstrip()
                 + f", {cell.n} seed{'s' * (cell.n != 1)}",
            x=scale(cell.mean), left=left, right=right,
            cut_left=cell.low is not None and cell.low < low, cut_right=cell.high is not None and cell.high > high,
            seeds=tuple(scale(value) for value in cell.by_seed.values()) if cell.n > 1 else (),
            first_tier=cell.tier == 1, stale=cell.stale, is_baseline=row.is_baseline))
    lines = []
    if baseline:
        lines.append(Line(scale(baseline.mean), "baseline", f"baseline {rounding.number(baseline.mean, places)}"))
    if column.chance is not None and not outside:
        lines.append(Line(scale(column.chance), "chance", f"chance {column.chance:g}"))
    bottom = TOP + len(rows) * ROW
    note = f"Chance, {column.chance:g}{unit_after(column)}, lies outside the frame." if outside else ""
    return IntervalPlot(
        f"{column.metric}: {table.title}, {table.subject}", _in_words(rows, column, methods), bottom + 44, bottom,
        tuple(Tick(scale(v), text) for v, text in nice_ticks(low, high)), tuple(rows), tuple(lines),
        f"{column.heading}", note, methods - len(rows))


def _domain(cells: Sequence[Cell], chance: float | None) -> tuple[float, float, bool]:
    """The frame: every seed, intervals as far as twice the spread of the seeds, and chance when it is near."""
    values = [value for cell in cells for value in cell.by_seed.values()]
    low, high = min(values), max(values)
    room = (high - low) or abs(high) * 0.1 or 1.0
    low = min([low, *(max(cell.low, low - room / 2) for cell in cells if cell.low is not None)])
    high = max([high, *(min(cell.high, high + room / 2) for cell in cells if cell.high is not None)])
    outside = False
    if chance is not None:
        outside = not low - room <= chance <= high + room
        if not outside:
            low, high = min(low, chance), max(high, chance)
    margin = (high - low) * 0.03 or room * 0.03
    return low - margin, high + margin, outside


def _in_words(rows: Sequence[IntervalRow], column: Column, methods: int) -> str:
    first, last = rows[0], rows[-1]
    ends = f"from {first.text} (best) to {last.text}" if len(rows) > 1 else first.text
    tier = [row.label for row in rows if row.first_tier]
    drawn = f"The best {len(rows)} of {methods}" if methods > len(rows) else f"{methods}"
    return f"{drawn} methods by {column.subject}, {ends}. " + \
        (f"First tier: {', '.join(tier)}." if tier else "")
