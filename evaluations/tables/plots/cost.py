"""Quality against cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluations.arithmetic import rounding
from evaluations.tables.plots.axes import RIGHT, WIDTH, Scale, Tick, nice_ticks, shortened, unit_after
from evaluations.tables.table import Column, Row, Table


@dataclass(frozen=True)
class CostPoint:
    x: float
    y: float
    label: str
    text: str
    label_y: float | None
    anchor: str
    on_front: bool
    is_baseline: bool
    first_tier: bool


@dataclass(frozen=True)
class CostPlot:
    """Quality against cost; the front holds the methods no other beats at the same or lower cost."""

    title: str
    description: str
    x_axis: str
    y_axis: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    points: tuple[CostPoint, ...]
    front: str  # points of a polyline
    front_names: tuple[str, ...]
    logarithmic: bool
    width: float = WIDTH
    height: float = 380
    left: float = 64
    right: float = WIDTH - RIGHT
    top: float = 16
    bottom: float = 332


def cost_plot(table: Table, column: Column, cost: str = "seconds", *, most: int | None = None) -> CostPlot | None:
    """A scatter of the present-code means; None with fewer than two methods that have both.

    Of more than `most` methods, those on the front, the best ones and the baseline are drawn.
    """
    rows = [row for row in table.rows if cost in row.cells and column.key in row.cells
            and not row.cells[column.key].stale]
    if len(rows) < 2:
        return None
    if most is not None and len(rows) > most:
        rows = _most_telling(rows, column, cost, most)
    costs = [row.cells[cost].mean for row in rows]
    values = [row.cells[column.key].mean for row in rows]
    logarithmic = min(costs) > 0 and max(costs) / min(costs) > 8
    x_low, x_high = _padded(costs, logarithmic)
    y_low, y_high = _padded(values, False)
    plot = CostPlot
    x_scale = Scale(x_low, x_high, plot.left, plot.right, logarithmic)
    y_scale = Scale(y_low, y_high, plot.bottom, plot.top)
    front = pareto_front([_two_digits(cost) for cost in costs], values, column.better)
    x, y = [x_scale(cost) for cost in costs], [y_scale(value) for value in values]
    named = [i for i, row in enumerate(rows) if i in front or row.is_baseline]
    label_at = _spread({i: y[i] for i in named}, plot.top + 4, plot.bottom - 4)
    cost_column = table.column(cost)
    points = tuple(CostPoint(
        x[i], y[i], shortened(row.title),
        f"{row.title}: {rounding.number(values[i], column.decimals)}{unit_after(column)} at "
        f"{rounding.number(costs[i], cost_column.decimals)}{unit_after(cost_column)}", label_at.get(i),
        "end" if x[i] > (plot.left + plot.right) * 0.62 else "start", i in front, row.is_baseline,
        row.cells[column.key].tier == 1) for i, row in enumerate(rows))
    names = tuple(rows[i].title for i in front)
    return CostPlot(
        f"{column.metric} against {cost_column.title.lower()}",
        f"{len(rows)} methods. On the front, from cheap to good: {', '.join(names)}.",
        f"{cost_column.title}{f' ({cost_column.unit})' if cost_column.unit else ''}{', log scale' * logarithmic}",
        column.heading,
        tuple(Tick(x_scale(v), text) for v, text in nice_ticks(x_low, x_high, logarithmic)),
        tuple(Tick(y_scale(v), text) for v, text in nice_ticks(y_low, y_high)), points,
        " ".join(f"{x[i]:.1f},{y[i]:.1f}" for i in front), names, logarithmic)


def _most_telling(rows: Sequence[Row], column: Column, cost: str, most: int) -> list[Row]:
    """The rows on the front, the best by the metric and the baseline, in their order."""
    values = [row.cells[column.key].mean for row in rows]
    best = sorted(range(len(rows)), key=lambda place: values[place], reverse=column.better != "lower")
    chosen = {*best[:most], *pareto_front([_two_digits(row.cells[cost].mean) for row in rows], values, column.better)}
    return [row for place, row in enumerate(rows) if place in chosen or row.is_baseline]


def pareto_front(costs: Sequence[float], values: Sequence[float], better: str) -> list[int]:
    """Places of the points that no other beats at the same or lower cost, from cheap to expensive."""
    sign = -1.0 if better == "lower" else 1.0
    front: list[int] = []
    for i in sorted(range(len(costs)), key=lambda i: (costs[i], -sign * values[i])):
        if not front or sign * values[i] > sign * values[front[-1]]:
            front.append(i)
    return front


def _two_digits(value: float) -> float:
    """Costs that agree to two digits count as equal: a busy machine makes the third one up."""
    return float(f"{value:.1e}")


def _padded(values: Sequence[float], logarithmic: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if logarithmic:
        return low / 1.25, high * 1.25
    room = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _spread(at: dict[int, float], top: float, bottom: float, gap: float = 14) -> dict[int, float]:
    """Label heights near their points, pushed apart."""
    placed: dict[int, float] = {}
    last = top - gap
    for key in sorted(at, key=lambda key: at[key]):
        last = max(at[key], last + gap)
        placed[key] = last
    over = last - bottom
    return {key: y - over for key, y in placed.items()} if over > 0 else placed
