"""Methods one below another on a common axis: average ranks, chances to improve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluations.arithmetic.ranks import RankComparison
from evaluations.arithmetic.statistics import Interval
from evaluations.tables.plots.axes import LABELS, TOP, WIDTH, Tick, nice_ticks, placed, shortened

RIGHT, ROW = 24, 22


@dataclass(frozen=True)
class PlotRow:
    """One method: a dot, and a bar where there is one."""

    y: float
    label: str
    text: str
    x: float
    left: float | None
    right: float | None
    strong: bool


@dataclass(frozen=True)
class RowPlot:
    """Methods one below another on a common axis."""

    key: str  # makes the ids of this drawing its own on the page
    title: str
    description: str
    axis: str
    ticks: tuple[Tick, ...]
    rows: tuple[PlotRow, ...]
    line: float | None
    bottom: float
    height: float
    width: float = WIDTH
    left: float = LABELS
    right: float = WIDTH - RIGHT


def ladder(key: str, comparison: RankComparison, titles: Mapping[str, str], blocks: str) -> RowPlot:
    """Average ranks, best first; bars of half a critical difference each way do not overlap where ranks differ."""
    k, cd = len(comparison.names), comparison.critical_difference
    ends = (1 - (cd or 0) / 2, k + (cd or 0) / 2)
    places = list(zip(comparison.names, comparison.average_ranks, strict=True))
    rows = [_row(place, titles[name], f"{titles[name]}: average rank {rank:.2f}", rank,
                 (rank - cd / 2, rank + cd / 2) if cd else (None, None), ends) for place, (name, rank) in
            enumerate(places)]
    words = ", ".join(f"{titles[name]} {rank:.2f}" for name, rank in places)
    ticks = [(1, "1"), *(tick for tick in nice_ticks(1, k) if tick[0] > 1 + k / 12)]
    return _plot(key, f"Average ranks over {blocks}", f"From best to worst: {words}.", "average rank, 1 is best", ticks,
                 ends, rows, None)


def improvement_plot(found: Sequence[tuple[str, Interval]], against: str) -> RowPlot | None:
    """Chance that a run of each method beats a run of `against`, with intervals; the line is at one half."""
    if not found:
        return None
    rows = []
    for place, (title, chance) in enumerate(found):
        low, high = (chance.mean if end is None else end for end in (chance.low, chance.high))
        rows.append(_row(place, title, f"{title}: {chance.mean:.2f}, 95 % interval {low:.2f} to {high:.2f}",
                         chance.mean, (low, high), (0, 1), strong=not low <= 0.5 <= high))
    words = "; ".join(row.text for row in rows)
    return _plot("improvement", f"Chance that a run beats a run of {against}", f"{words}.",
                 f"share of pairs of runs in which the method beats {against}",
                 [(value / 4, f"{value / 4:g}") for value in range(5)], (0, 1), rows, 0.5)


def _row(place: int, label: str, text: str, value: float, bar: tuple, ends: tuple[float, float],
         strong: bool = True) -> PlotRow:
    left, right = (None if end is None else _at(end, ends) for end in bar)
    return PlotRow(TOP + place * ROW + ROW / 2, shortened(label), text, _at(value, ends), left, right, strong)


def _plot(key, title, description, axis, ticks, ends, rows, line) -> RowPlot:
    bottom = TOP + len(rows) * ROW
    return RowPlot(key, title, description, axis, tuple(Tick(_at(value, ends), text) for value, text in ticks),
                   tuple(rows), None if line is None else _at(line, ends), bottom, bottom + 42)


def _at(value: float, ends: tuple[float, float]) -> float:
    return placed(value, ends, LABELS + 10, WIDTH - RIGHT)
