"""Means with intervals: what the table says, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.plots.intervals import best_rows, interval_plot
from evaluations.tables.table import Column, Field, Table

TITLE = "Means with intervals"
ABOUT = "Every method's mean of the first metric, its 95 % interval, each seed, chance and the best possible."
OPTIONS: Mapping[str, str] = {}
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("mean", "Mean", float),
          Field("low", "95 % low", float), Field("high", "95 % high", float), Field("seeds", "Seeds", int),
          Field("tier", "Tier", int), Field("stale", "Older code", bool), Field("baseline", "Is the baseline", bool))


def draw(asked: Asked) -> Figure:
    table, column = asked.table, asked.column
    found = interval_figure(table, column, asked.most, asked.cells([row.method for row in best_rows(
        table, column, asked.most)], column))
    if found is None:
        raise NothingToDraw("nothing is measured here yet")
    return found


def interval_figure(table: Table, column: Column, most: int | None, hrefs: Mapping[str, str]) -> Figure | None:
    """Of any table, a frozen one as well; None where nothing is measured."""
    plot = interval_plot(table, column, most=most, hrefs=hrefs)
    if plot is None:
        return None
    records: list[dict[str, Any]] = []
    for row in best_rows(table, column, most):
        cell = row.cells[column.key]
        records.append({"method": row.method, "title": row.title, "mean": cell.mean, "low": cell.low, "high": cell.high,
                        "seeds": cell.n, "tier": cell.tier, "stale": cell.stale, "baseline": row.is_baseline})
    lines = [f"{'Dashed' if line.name == 'baseline' else 'Dotted'}: {line.text}." for line in plot.lines]
    more = [f"{plot.left_out} methods below these are not drawn."] if plot.left_out else []
    said = ["Dot: mean; bar: 95 % interval over seeds; small dots: single seeds. Shaded: the top tier.", *lines,
            *plot.notes, *more]
    if table.narrowed:
        said.append(f"{table.narrowed}; tiers are those among all.")
    return Figure("intervals", plot.title, plot.description, " ".join(said), "intervals", plot, FIELDS, tuple(records),
                  tuple(hrefs.get(record["method"], "") for record in records))
