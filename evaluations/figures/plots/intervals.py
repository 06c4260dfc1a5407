"""Methods from best to worst with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluations.arithmetic import rounding
from evaluations.figures.plots.axes import (
    RIGHT,
    TOP,
    WIDTH,
    Label,
    Scale,
    Tick,
    arrow_at,
    label_of,
    label_room,
    nice_ticks,
    unit_after,
    within_reach,
)
from evaluations.tables.table import Cell, Column, Row, Table

ROW = 24


@dataclass(frozen=True)
class Line:
    """A vertical reference line with its name."""

    x: float
    name: str
    text: str


@dataclass(frozen=True)
class IntervalRow:
    """One method: its mean, its interval cut to the frame, and each seed; `outside` is a mean that lies beyond, whose
    mark is an arrow."""

    method: str
    y: float
    top: float
    label: Label
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
    outside: str = ""
    arrow: str = ""
    anchor: str = ""
    href: str = ""


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
    notes: tuple[str, ...]
    left_out: int
    left: float
    width: float = WIDTH
    right: float = WIDTH - RIGHT
    row_height: float = ROW


def best_rows(table: Table, column: Column, most: int | None = None) -> list[Row]:
    """The rows with a value, best first; of more than `most`, the best ones and the baseline."""
    measured = [row for row in table.rows if column.key in row.cells]
    measured.sort(key=lambda row: row.cells[column.key].mean, reverse=column.better != "lower")
    return [row for place, row in enumerate(measured) if most is None or place < most or row.is_baseline]


def interval_plot(table: Table, column: Column, *, most: int | None = None,
                  hrefs: Mapping[str, str] | None = None) -> IntervalPlot | None:
    """Means with intervals and seeds of one metric; None when nothing is measured."""
    drawn = best_rows(table, column, most)
    if not drawn:
        return None
    methods = len(best_rows(table, column))
    cells = {row.method: row.cells[column.key] for row in drawn}
    baseline = cells.get(table.baseline)
    low, high, beyond = _domain(list(cells.values()), [
        (name, value) for name, value in (("baseline", baseline.mean if baseline else None), ("chance", column.chance),
                                          ("ceiling", column.ceiling)) if value is not None])
    left = label_room(label_of(row.title) for row in drawn)
    scale = Scale(low, high, left + 10, WIDTH - RIGHT)
    rows = tuple(_row(row, column, place, scale, (hrefs or {}).get(row.method, "")) for place, row in enumerate(drawn))
    lines = [Line(scale(value), name, f"{name} {value:g}") for name, value in (
        ("chance", column.chance), ("ceiling", column.ceiling)) if value is not None and name not in beyond]
    if baseline and scale.holds(baseline.mean):
        lines.insert(0, Line(scale(baseline.mean), "baseline",
                             f"baseline {rounding.number(baseline.mean, column.decimals)}"))
    bottom = TOP + len(rows) * ROW
    return IntervalPlot(
        f"{column.metric}: {table.title}, {table.subject}", _in_words(rows, drawn, column, methods), bottom + 44,
        bottom, tuple(Tick(scale(v), text) for v, text in nice_ticks(low, high)), rows, tuple(lines),
        column.heading, tuple(_notes(beyond, column, list(cells.values()), scale)), methods - len(rows), left)


def _row(row: Row, column: Column, place: int, scale: Scale, href: str) -> IntervalRow:
    cell, y = row.cells[column.key], TOP + place * ROW + ROW / 2
    left, right = (None if end is None else scale.cut(end) for end in (cell.low, cell.high))
    x, outside = scale.cut(cell.mean), not scale.holds(cell.mean)
    side = 1 if cell.mean > scale.high else -1
    return IntervalRow(
        method=row.method, y=y, top=TOP + place * ROW, label=label_of(row.title),
        text=f"{row.title}: {rounding.plus_minus(cell.mean, cell.low, cell.high, column.decimals)} {column.unit}"
             .rstrip() + f", {cell.n} seed{'s' * (cell.n != 1)}",
        x=x, left=None if outside else left, right=None if outside else right,
        cut_left=cell.low is not None and cell.low < scale.low,
        cut_right=cell.high is not None and cell.high > scale.high,
        seeds=tuple(scale(value) for value in cell.by_seed.values() if scale.holds(value)) if cell.n > 1 else (),
        first_tier=cell.tier == 1, stale=cell.stale, is_baseline=row.is_baseline,
        outside=rounding.number(cell.mean, column.decimals) if outside else "",
        arrow=arrow_at(x, y, side) if outside else "", anchor="end" if side > 0 else "start", href=href)


def _domain(cells: Sequence[Cell], references: Sequence[tuple[str, float]]) -> tuple[float, float, tuple[str, ...]]:
    """The frame, and the reference lines that lie beyond it: every mean that is not far out, seeds as far as the spread
    of the means again, intervals as far as half of the whole, the baseline, chance and ceiling when near."""
    low, high = within_reach([cell.mean for cell in cells])
    values = [value for cell in cells if low <= cell.mean <= high for value in cell.by_seed.values()]
    spread = (high - low) or max(values) - min(values)
    low, high = max(min(values), low - spread), min(max(values), high + spread)
    room = (high - low) or abs(high) * 0.1 or 1.0
    inside = [cell for cell in cells if low <= cell.mean <= high]
    low, high = (min([low, *(max(cell.low, low - room / 2) for cell in inside if cell.low is not None)]),
                 max([high, *(min(cell.high, high + room / 2) for cell in inside if cell.high is not None)]))
    beyond = tuple(name for name, value in references if not low - room <= value <= high + room)
    near = [value for name, value in references if name not in beyond]
    low, high = min([low, *near]), max([high, *near])
    margin = (high - low) * 0.03 or room * 0.03
    return low - margin, high + margin, beyond


def _notes(beyond: Sequence[str], column: Column, cells: Sequence[Cell], scale: Scale) -> list[str]:
    ends = {"chance": column.chance, "ceiling": column.ceiling}
    said = [f"{name.capitalize()}, {value:g}{unit_after(column)}, lies outside the frame."
            for name, value in ends.items() if name in beyond]
    far = sum(not scale.holds(cell.mean) for cell in cells)
    if far:
        said.append(f"{far} far from the others {'lie' if far != 1 else 'lies'} beyond the frame: an arrow with the "
                    "number.")
    seeds = sum(not scale.holds(value) for cell in cells if scale.holds(cell.mean) for value in cell.by_seed.values())
    if seeds:
        said.append(f"{seeds} single seed{'s' * (seeds != 1)} beyond it {'are' if seeds != 1 else 'is'} not drawn.")
    return said


def _in_words(rows: Sequence[IntervalRow], drawn: Sequence[Row], column: Column, methods: int) -> str:
    first, last = rows[0], rows[-1]
    ends = f"from {first.text} (best) to {last.text}" if len(rows) > 1 else first.text
    tier = [row.title for row, shown in zip(drawn, rows, strict=True) if shown.first_tier]
    of = f"The best {len(rows)} of {methods}" if methods > len(rows) else f"{methods}"
    return f"{of} methods by {column.subject}, {ends}. " + (f"First tier: {', '.join(tier)}." if tier else "")
