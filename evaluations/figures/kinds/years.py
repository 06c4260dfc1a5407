"""Scores by the year of the method's paper, and the best so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluations.arithmetic import rounding, statistics
from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure, NothingToDraw
from evaluations.figures.plots.axes import Scale, unit_after
from evaluations.figures.plots.scatter import HOLLOW, MARK, PALE, Datum, scatter
from evaluations.tables.table import Field, Row

TITLE = "Scores by year"
ABOUT = "Does the field get better? Every method at the year of its paper, with the best so far."
OPTIONS: Mapping[str, str] = {}
FIELDS = (Field("method", "Method", str), Field("title", "Title", str), Field("year", "Year", int),
          Field("score", "Score", float), Field("low", "95 % low", float), Field("high", "95 % high", float),
          Field("seeds", "Seeds", int), Field("record", "Best so far", bool),
          Field("surer", "Told apart from the best before", bool))
WITHIN = 0.6  # of a year: how far apart methods of one year are drawn


def draw(asked: Asked) -> Figure:
    table, column = asked.table, asked.column
    measured = [row for row in table.rows if column.key in row.cells and not row.cells[column.key].stale]
    rows = [row for row in measured if row.year]
    if len({row.year for row in rows}) < 2:
        raise NothingToDraw("methods of at least two years must be measured")
    sign = -1.0 if column.better == "lower" else 1.0
    means = {row.method: row.cells[column.key].mean for row in rows}
    rows.sort(key=lambda row: (row.year, -sign * means[row.method], row.method))
    steps = running_best(rows, means, sign)
    pairs = statistics.compare_pairs(table.values(column.key), column.better)
    told = _told(steps, pairs)
    best = {*steps, *sorted(means, key=lambda name: -sign * means[name])[:asked.most]}
    drawn = [row for row in rows if row.method in best]
    at, hrefs = _apart(drawn), asked.methods(row.method for row in drawn)
    last = float(max(row.year or 0 for row in rows)) + WITHIN / 2
    data = [_datum(row, column, at[row.method], steps, told, hrefs[row.method]) for row in drawn]
    baseline = next((row for row in measured if row.is_baseline), None)
    references = [(name, value, words) for name, value, words in (
        ("baseline", baseline.cells[column.key].mean if baseline else None, "the baseline's mean"),
        ("chance", column.chance, f"chance {column.chance}"),
        ("ceiling", column.ceiling, f"best possible {column.ceiling}")) if value is not None]

    def path(x: Scale, y: Scale) -> str:
        points: list[str] = []
        for place, name in enumerate(steps):
            until = at[steps[place + 1]] if place + 1 < len(steps) else last
            points += [f"{x(at[name])},{y.cut(means[name])}", f"{x(until)},{y.cut(means[name])}"]
        return " ".join(points)
    plot = scatter(data, "year of the paper", column.heading, logarithmic=False, references=references, path=path,
                   whole_numbers=True)
    titles = {row.method: row.title for row in rows}
    undated = len(measured) - len(rows)
    luck = [titles[name] for name in steps[1:] if not told[name]]
    caption = " ".join(filter(None, (
        "Line: the best mean so far. A filled point on it is told apart from the best before (paired t tests over all "
        "pairs, Holm-corrected); a hollow one may be luck. Pale: not the best of its time. Within a year, methods "
        "stand side by side from good to bad.",
        f"Dashed: the baseline{f', {baseline.title}' if baseline else ''}." if plot.lines and baseline else "",
        f"{plot.outside} far from the others: an arrow at the edge." if plot.outside else "",
        f"{undated} measured methods without a year are not drawn." if undated else "",
        f"{len(rows) - len(drawn)} more are not drawn." if len(rows) > len(drawn) else "", asked.narrowed.strip())))
    return Figure(
        "years", f"{column.metric} by year of the paper: {asked.subject}",
        f"{len(drawn)} methods from {rows[0].year} to {rows[-1].year}. The best so far, in turn: "
        f"{', '.join(f'{titles[name]} ({row.year})' for name in steps for row in rows if row.method == name)}."
        f"{f' Not told apart from the one before: {chr(44).join(luck)}.' if luck else ''}", caption, "scatter", plot,
        FIELDS, tuple({"method": row.method, "title": row.title, "year": row.year, "score": means[row.method],
                       "low": row.cells[column.key].low, "high": row.cells[column.key].high,
                       "seeds": row.cells[column.key].n, "record": row.method in steps,
                       "surer": told.get(row.method)} for row in drawn), tuple(hrefs.values()))


def running_best(rows: Sequence[Row], means: Mapping[str, float], sign: float) -> list[str]:
    """The methods better than all of earlier years and of their own, in the order of years."""
    steps: list[str] = []
    for row in rows:  # within a year the best comes first
        if not steps or sign * means[row.method] > sign * means[steps[-1]]:
            steps.append(row.method)
    return steps


def _told(steps: Sequence[str], pairs: statistics.Pairs) -> dict[str, bool]:
    """For each step, whether its method is significantly better than the best before; the first has none before."""
    told = {steps[0]: True}
    for before, name in zip(steps, steps[1:], strict=False):
        place, other = pairs.names.index(name), pairs.names.index(before)
        told[name] = bool(pairs.p_value[place, other] <= statistics.ALPHA)
    return told


def _apart(rows: Sequence[Row]) -> dict[str, float]:
    """Methods of one year side by side around it, in their order."""
    by_year: dict[int, list[str]] = {}
    for row in rows:
        by_year.setdefault(row.year or 0, []).append(row.method)
    return {name: year + (WITHIN * (place / (len(names) - 1) - 0.5) if len(names) > 1 else 0.0)
            for year, names in by_year.items() for place, name in enumerate(names)}


def _datum(row: Row, column, at: float, steps: Sequence[str], told: Mapping[str, bool], href: str) -> Datum:
    cell, best = row.cells[column.key], row.method in steps
    said = f"{row.title} ({row.year}): {rounding.plus_minus(cell.mean, cell.low, cell.high, column.decimals)}" \
           f"{unit_after(column)}{', the best so far' * best}"
    mark = PALE if not best else MARK if told[row.method] else HOLLOW
    return Datum(row.method, row.title, at, cell.mean, said, mark, 5 if best else 3.5, cell.low if best else None,
                 cell.high if best else None, 2 if best else 0, row.is_baseline, href)
