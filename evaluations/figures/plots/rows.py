"""Methods one below another on a common axis: average ranks, chances to improve, means of the middle half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluations.arithmetic.ranks import RankComparison
from evaluations.arithmetic.statistics import Interval
from evaluations.figures.plots.axes import (
    TOP,
    WIDTH,
    Label,
    Scale,
    Tick,
    arrow_at,
    label_of,
    label_room,
    nice_ticks,
    within_reach,
)

RIGHT, ROW = 24, 24

Values = tuple[str, str, float, float | None, float | None, bool]  # name, text, value, low, high, strong


@dataclass(frozen=True)
class PlotRow:
    """One method: a dot, and a bar where there is one; an arrow with a number where the dot lies beyond the frame."""

    name: str
    y: float
    label: Label
    text: str
    x: float
    left: float | None
    right: float | None
    strong: bool
    outside: str = ""
    arrow: str = ""
    anchor: str = ""
    href: str = ""


@dataclass(frozen=True)
class RowPlot:
    """Methods one below another on a common axis."""

    title: str
    description: str
    axis: str
    ticks: tuple[Tick, ...]
    rows: tuple[PlotRow, ...]
    line: float | None
    bottom: float
    height: float
    left: float
    width: float = WIDTH
    right: float = WIDTH - RIGHT


def ladder(comparison: RankComparison, titles: Mapping[str, str], blocks: str, *, most: int | None = None,
           hrefs: Mapping[str, str] | None = None) -> RowPlot:
    """Average ranks, best first; bars of half a critical difference each way do not overlap where ranks differ."""
    k, cd = len(comparison.names), comparison.critical_difference
    places = list(zip(comparison.names, comparison.average_ranks, strict=True))[:most]
    last = places[-1][1]
    rows: list[Values] = [
        (name, f"{titles[name]}: average rank {rank:.2f}", rank, *((rank - cd / 2, rank + cd / 2) if cd else
                                                                   (None, None)), True) for name, rank in places]
    words = ", ".join(f"{titles[name]} {rank:.2f}" for name, rank in places)
    ends = (1 - (cd or 0) / 2, (k if most is None else min(k, last + 0.5)) + (cd or 0) / 2)
    ticks = [(1.0, "1"), *(tick for tick in nice_ticks(1, ends[1]) if tick[0] > 1 + ends[1] / 12 and tick[0] <= k)]
    return row_plot(f"Average ranks over {blocks}", f"From best to worst: {words}.", "average rank, 1 is best", rows,
                    titles, ends, ticks=ticks, hrefs=hrefs)


def improvement_plot(found: Sequence[tuple[str, Interval]], against: str, titles: Mapping[str, str],
                     hrefs: Mapping[str, str] | None = None) -> RowPlot | None:
    """Chance that a run of each method beats a run of `against`, with intervals; the line is at one half."""
    if not found:
        return None
    rows: list[Values] = []
    for name, chance in found:
        low, high = (chance.mean if end is None else end for end in (chance.low, chance.high))
        rows.append((name, f"{titles[name]}: {chance.mean:.2f}, 95 % interval {low:.2f} to {high:.2f}", chance.mean,
                     low, high, not low <= 0.5 <= high))
    words = "; ".join(row[1] for row in rows)
    return row_plot(f"Chance that a run beats a run of {against}", f"{words}.",
                    f"share of pairs of runs in which the method beats {against}", rows, titles, (0, 1), line=0.5,
                    ticks=[(value / 4, f"{value / 4:g}") for value in range(5)], hrefs=hrefs)


def row_plot(title: str, description: str, axis: str, rows: Sequence[Values], titles: Mapping[str, str],
             ends: tuple[float, float] | None = None, *, line: float | None = None,
             ticks: Sequence[tuple[float, str]] | None = None, hrefs: Mapping[str, str] | None = None) -> RowPlot:
    """On the axis between `ends`, or one made for the values, which a few far ones do not squeeze."""
    low, high = ends or _ends(rows, line)
    left = label_room(label_of(titles[row[0]]) for row in rows)
    scale = Scale(low, high, left + 10, WIDTH - RIGHT)
    bottom = TOP + len(rows) * ROW
    return RowPlot(title, description, axis, tuple(Tick(scale(value), text) for value, text in
                                                   (nice_ticks(low, high) if ticks is None else ticks)),
                   tuple(_row(place, row, titles, scale, hrefs or {}) for place, row in enumerate(rows)),
                   None if line is None or not scale.holds(line) else scale(line), bottom, bottom + 42, left)


def _row(place: int, row: Values, titles: Mapping[str, str], scale: Scale, hrefs: Mapping[str, str]) -> PlotRow:
    name, text, value, low, high, strong = row
    x, y, outside = scale.cut(value), TOP + place * ROW + ROW / 2, not scale.holds(value)
    side = 1 if value > scale.high else -1
    left, right = (None if end is None or outside else scale.cut(end) for end in (low, high))
    return PlotRow(name, y, label_of(titles[name]), text, x, left, right, strong, f"{value:.3g}" if outside else "",
                   arrow_at(x, y, side) if outside else "", "end" if side > 0 else "start", hrefs.get(name, ""))


def _ends(rows: Sequence[Values], line: float | None) -> tuple[float, float]:
    low, high = within_reach([row[2] for row in rows])
    room = (high - low) or abs(high) * 0.1 or 1.0
    inside = [row for row in rows if low <= row[2] <= high]
    low = min([low, *(max(row[3], low - room / 2) for row in inside if row[3] is not None)])
    high = max([high, *(min(row[4], high + room / 2) for row in inside if row[4] is not None)])
    if line is not None and low - room <= line <= high + room:
        low, high = min(low, line), max(high, line)
    return low - room * 0.03, high + room * 0.03
