"""Quality against any cost, and how sure the front between them is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluations.arithmetic import rounding
from evaluations.arithmetic.fronts import CERTAIN, RESAMPLES, front_chances, pareto_front, two_digits
from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, FigureError, NothingToDraw
from evaluations.figures.plots.axes import Scale, unit_after
from evaluations.figures.plots.scatter import HOLLOW, MARK, PALE, Datum, scatter
from evaluations.tables.table import Column, Field, Row, Table

TITLE = "Quality against cost"
ABOUT = "The first metric against what a run costs; no other method is as good as those on the front at the same cost."
OPTIONS = {"x": "the cost on the horizontal axis: seconds, parameters, or whatever the arena counts"}
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("cost", "Cost", float),
          Field("score", "Score", float), Field("low", "95 % low", float), Field("high", "95 % high", float),
          Field("seeds", "Seeds", int), Field("on_front", "On the front", bool),
          Field("front_chance", "Share of bootstrap samples on the front", float))
UNLIKELY = 1 - CERTAIN


def choices(asked: Asked) -> Mapping[str, list[tuple[str, str]]]:
    return {"x": [(column.key, column.title) for column in costs_of(asked.table)]}


def costs_of(table: Table) -> list[Column]:
    """What can stand on x: every cost that tells methods apart."""
    return [column for column in table.columns if column.kind == "cost" and len(
        {row.cells[column.key].mean for row in table.rows if column.key in row.cells}) > 1]


def default_cost(table: Table) -> str:
    """Time where it was measured; "" where no cost tells methods apart."""
    keys = [column.key for column in costs_of(table)]
    return "seconds" if "seconds" in keys else keys[0] if keys else ""


def draw(asked: Asked) -> Figure:
    table, column = asked.table, asked.column
    costs = costs_of(table)
    if asked.state.view == "settings":
        raise NothingToDraw("costs are of one setting: choose one")
    if not costs:
        raise NothingToDraw("no two methods with different costs are measured here yet")
    key = asked.options.get("x") or default_cost(table)
    if key not in {c.key for c in costs}:
        raise FigureError(f"there is no cost {key[:40]} to put on x; there are {', '.join(c.key for c in costs)}")
    return cost_figure(table, column, table.column(key), asked)


def cost_figure(table: Table, column: Column, cost: Column, asked: Asked) -> Figure:
    rows = [row for row in table.rows if cost.key in row.cells and column.key in row.cells
            and not row.cells[column.key].stale]
    if len(rows) < 2:
        raise NothingToDraw("fewer than two methods with score and cost are measured here by the present code")
    chances = front_chances({row.method: row.cells[cost.key].by_seed for row in rows},
                            {row.method: row.cells[column.key].by_seed for row in rows}, column.better)
    front = _front(rows, column, cost)
    drawn = _most_telling(rows, column, front, chances, asked.most)
    hrefs = asked.methods(row.method for row in drawn)
    data = [_datum(row, column, cost, row.method in front, chances[row.method], hrefs[row.method]) for row in drawn]
    means = {row.method: (row.cells[cost.key].mean, row.cells[column.key].mean) for row in rows}

    def path(x: Scale, y: Scale) -> str:
        return " ".join(f"{x(means[name][0])},{y.cut(means[name][1])}" for name in front)
    references = [(name, value, f"{name} {value:g}") for name, value in (
        ("chance", column.chance), ("ceiling", column.ceiling)) if value is not None]
    plot = scatter(data, f"{cost.title}{f' ({cost.unit})' if cost.unit else ''}", column.heading, path=path,
                   references=references)
    titles = {row.method: row.title for row in rows}
    sure = [titles[name] for name in front if chances[name] >= CERTAIN]
    unsure = [f"{titles[row.method]} ({chances[row.method]:.0%})" for row in drawn
              if UNLIKELY <= chances[row.method] < CERTAIN]
    left_out = len(rows) - len(drawn)
    caption = " ".join(filter(None, (
        "Line: the front of the means, from cheap to good; costs that agree to two digits count as equal.",
        f"Filled, large: on the front in {CERTAIN:.0%} or more of {RESAMPLES:,} bootstrap samples of the seeds, drawn "
        f"for all methods together: {_listed(sure) if sure else 'none'}.",
        f"Hollow: uncertain, with the share of samples that have it on the front: {_listed(unsure)}." if unsure else "",
        "Pale: not on it.", "The horizontal axis is logarithmic." if plot.logarithmic else "",
        " ".join(f"{'Dotted'}: {line.text}." for line in plot.lines),
        f"{plot.outside} far below or above the others: an arrow." if plot.outside else "",
        f"{left_out} more methods are not drawn." if left_out else "", asked.narrowed.strip())))
    return Figure(
        "cost", f"{column.metric} against {cost.title.lower()}: {asked.subject}",
        f"{len(drawn)} methods. On the front, from cheap to good: {', '.join(titles[name] for name in front)}.",
        caption, "scatter", plot, FIELDS, tuple(_record(row, column, cost, row.method in front, chances[row.method])
                                       for row in drawn), tuple(hrefs.values()))


def _front(rows: Sequence[Row], column: Column, cost: Column) -> list[str]:
    places = pareto_front([two_digits(row.cells[cost.key].mean) for row in rows],
                          [row.cells[column.key].mean for row in rows], column.better)
    return [rows[place].method for place in places]


def _most_telling(rows: Sequence[Row], column: Column, front: Sequence[str], chances: Mapping[str, float],
                  most: int | None) -> list[Row]:
    """Those that may be on the front, the best by the metric and the baseline."""
    best = sorted(rows, key=lambda row: row.cells[column.key].mean, reverse=column.better != "lower")[:most]
    names = {*front, *(row.method for row in best), *(name for name, chance in chances.items() if chance >= UNLIKELY)}
    return [row for row in rows if row.method in names or row.is_baseline]


def _datum(row: Row, column: Column, cost: Column, on_front: bool, chance: float, href: str) -> Datum:
    cell, spent = row.cells[column.key], row.cells[cost.key].mean
    sure, unsure = on_front and chance >= CERTAIN, UNLIKELY <= chance < CERTAIN
    said = f"{row.title}: {rounding.plus_minus(cell.mean, cell.low, cell.high, column.decimals)}" \
           f"{unit_after(column)} at {rounding.number(spent, cost.decimals)}{unit_after(cost)}" \
           f"{f', on the front in {chance:.0%} of samples' if unsure or sure else ''}"
    title = f"{row.title}{' (baseline)' * row.is_baseline}{f', {chance:.0%}' if unsure else ''}"
    return Datum(row.method, title, spent, cell.mean, said, MARK if sure else HOLLOW if unsure else PALE,
                 6 if sure else 5 if unsure else 4, cell.low if sure or unsure else None,
                 cell.high if sure or unsure else None, 3 if on_front else 2 if row.is_baseline else chance,
                 row.is_baseline, href)


def _record(row: Row, column: Column, cost: Column, on_front: bool, chance: float) -> dict[str, object]:
    cell = row.cells[column.key]
    return {"method": row.method, "title": row.title, "cost": row.cells[cost.key].mean, "score": cell.mean,
            "low": cell.low, "high": cell.high, "seeds": cell.n, "on_front": on_front, "front_chance": chance}


def _listed(names: Sequence[str], most: int = 8) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
