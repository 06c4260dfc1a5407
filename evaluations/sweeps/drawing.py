"""Points of a sweep as drawings: a response curve, a table of heat, parallel coordinates. No markup here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluations.figures.plots.axes import RIGHT, WIDTH, Scale, nice_ticks
from evaluations.runs.contestants import written
from evaluations.sweeps.plan import by_ratio

LEFT, TOP, BOTTOM, HEIGHT = 70, 16, 262, 312
MOST_LABELS = 9  # on the x axis, where each value has its own
MOST_ACROSS = 14  # values of a hyperparameter in a table of heat
FILLED = 0.5  # of that table; one with fewer numbers is drawn as points
LEVELS = 5
MOST_LINES = 80  # of parallel coordinates: the best
INSET = 60

Points = Sequence[Mapping[str, Any]]


def response_plot(record: Mapping[str, Any], points: Points, name: str, *, joined: bool) -> dict[str, Any] | None:
    """Means with intervals against one hyperparameter, joined where nothing else changes; None for a single value."""
    values = list(dict.fromkeys(point["values"][name] for point in points))
    if len(values) < 2:
        return None
    x, logarithmic = _axis(values, LEFT + 16, WIDTH - RIGHT - 16)
    ends = [end for point in points for end in (point["mean"], point["low"], point["high"]) if end is not None]
    low, high = _padded(min(ends), max(ends))
    y = Scale(low, high, BOTTOM, TOP)
    marks = [{"x": x[point["values"][name]], "y": y(point["mean"]), "default": point["is_default"],
              "top": None if point["high"] is None else y(point["high"]),
              "bottom": None if point["low"] is None else y(point["low"]), "stale": point["stale"],
              "text": f"{point['name']}: {point['text']} {record['unit']}".rstrip() + f", {_seeds(point)}"}
             for point in points]
    labelled = values if len(values) <= MOST_LABELS else values[::-(-len(values) // MOST_LABELS)]
    best = max(points, key=lambda point: point["mean"] if record["better"] != "lower" else -point["mean"])
    default = next((mark for mark in marks if mark["default"]), None)
    return {
        "key": f"response-{name}", "title": f"{record['metric_title']} by {name}: {record['title']}",
        "description": f"{len(points)} sets of values, {name} from {written(values[0])} to {written(values[-1])}. "
                       f"Best mean: {best['name']}, {best['text']} {record['unit']}".rstrip() + ".",
        "marks": marks, "line": " ".join(f"{mark['x']},{mark['y']}" for mark in marks) if joined else "",
        "default": default, "x_ticks": [{"at": x[value], "text": written(value)} for value in labelled],
        "y_ticks": [{"at": y(value), "text": text} for value, text in nice_ticks(low, high)],
        "x_axis": f"{name}{', log scale' * logarithmic}",
        "y_axis": f"{record['metric_title']}{' (' + record['unit'] + ')' if record['unit'] else ''}"
                  f"{ {'higher': ' ↑', 'lower': ' ↓'}.get(record['better'], '')}",
        "left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "bottom": BOTTOM, "width": WIDTH, "height": HEIGHT}


def heat(record: Mapping[str, Any], points: Points, over: Sequence[str]) -> dict[str, Any] | None:
    """Means of two hyperparameters as a table, coloured from worst to best; None where it would be mostly empty."""
    first, second = over
    rows = list(dict.fromkeys(point["values"][first] for point in points))
    columns = sorted(dict.fromkeys(point["values"][second] for point in points), key=lambda v: (isinstance(v, str), v))
    if max(len(rows), len(columns)) > MOST_ACROSS or len(points) < max(4, FILLED * len(rows) * len(columns)):
        return None
    at = {(point["values"][first], point["values"][second]): point for point in points}
    low, high = (end(point["mean"] for point in points) for end in (min, max))
    sign = -1 if record["better"] == "lower" else 1

    def level(mean: float) -> int:
        share = (mean - low) / ((high - low) or 1.0)
        return 1 + min(LEVELS - 1, int((share if sign > 0 else 1 - share) * LEVELS))

    return {"first": first, "second": second, "columns": [written(value) for value in columns], "rows": [
        {"value": written(row), "cells": [{**point, "level": level(point["mean"])} if (point := at.get((row, column)))
                                          else None for column in columns]} for row in rows]}


def parallel_plot(record: Mapping[str, Any], points: Points, names: Sequence[str]) -> dict[str, Any] | None:
    """A line for each set of values through an axis for each hyperparameter, the score last; the best third stands out.
    None for fewer than two points."""
    if len(points) < 2:
        return None
    ranked = sorted(points, key=lambda point: point["mean"], reverse=record["better"] != "lower")[:MOST_LINES]
    step = (WIDTH - 2 * INSET) / len(names)
    axes, places = [], []
    for place, name in enumerate(names):
        values = sorted({point["values"][name] for point in ranked}, key=lambda v: (isinstance(v, str), v))
        y, logarithmic = _axis(values, BOTTOM, TOP + 20)
        shown = values if len(values) <= MOST_LABELS else [values[0], values[-1]]
        places.append(y)
        axes.append({"x": round(INSET + place * step, 2), "name": name + ", log" * logarithmic,
                     "ticks": [{"at": y[value], "text": written(value)} for value in shown]})
    low, high = _padded(min(point["mean"] for point in ranked), max(point["mean"] for point in ranked))
    score = Scale(low, high, BOTTOM, TOP + 20)
    axes.append({"x": WIDTH - INSET, "name": record["metric_title"], "ticks": [
        {"at": score(value), "text": text} for value, text in nice_ticks(low, high)]})
    lines = [{"points": " ".join([*(f"{axis['x']},{y[point['values'][name]]}" for axis, y, name in zip(
        axes, places, names, strict=False)), f"{WIDTH - INSET},{score(point['mean'])}"]),
        "strong": place < max(1, len(ranked) // 3), "default": point["is_default"],
        "text": f"{point['name']}: {point['text']} {record['unit']}".rstrip()}
        for place, point in enumerate(ranked)]
    return {"title": f"{record['title']}: {len(ranked)} sets of values in {len(names)} hyperparameters",
            "description": f"Best mean: {ranked[0]['name']}, {ranked[0]['text']}; last: {ranked[-1]['name']}, "
                           f"{ranked[-1]['text']}.", "left_out": len(points) - len(ranked),
            "axes": axes, "lines": lines[::-1], "width": WIDTH, "height": BOTTOM + 30, "top": TOP + 20,
            "bottom": BOTTOM}


def _axis(values: Sequence[Any], start: float, end: float) -> tuple[dict[Any, float], bool]:
    """Where each value lies: numbers by size or by ratio, others one after another."""
    if any(isinstance(value, bool | str) for value in values) or len(values) == 1:
        scale = Scale(0, max(1, len(values) - 1), start, end)
        return {value: scale(place) for place, value in enumerate(values)}, False
    logarithmic = by_ratio(min(values), max(values))
    scale = Scale(min(values), max(values), start, end, logarithmic)
    return {value: scale(value) for value in values}, logarithmic


def _padded(low: float, high: float) -> tuple[float, float]:
    room = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _seeds(point: Mapping[str, Any]) -> str:
    return f"{point['seeds']} seed{'s' * (point['seeds'] != 1)}"


