"""A `model-index` block for model cards, in the Hugging Face format: one model per method, in YAML.

The value of a metric is the mean over seeds, a number. The format has no field for its uncertainty, so interval,
standard deviation and seeds go into the metric's `args`, which may hold anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import stdev
from typing import Any

from evaluations.tables.table import Cell, Column, Row, Table

TITLE, MEDIA_TYPE, EXTENSION = "Model card (YAML)", "application/yaml; charset=utf-8", "yaml"


def render(table: Table) -> bytes:
    lines = [f"# {' '.join(table.caption().split())}", *_yaml({"model-index": model_index(table)})]
    return ("\n".join(lines) + "\n").encode()


def model_index(table: Table) -> list[dict[str, Any]]:
    """The block as plain data; methods that nothing was measured of are left out."""
    return [{"name": f"{table.arena}.{row.method}", "results": _results(table, row)} for row in table.rows
            if any(column.key in row.cells for column in table.metrics)]


def _results(table: Table, row: Row) -> list[dict[str, Any]]:
    """One result per setting, with all its metrics."""
    found = []
    for setting in dict.fromkeys(column.setting for column in table.metrics):
        metrics = [_metric(column, row.cells[column.key], row.own) for column in table.metrics
                   if column.setting == setting and column.key in row.cells]
        if metrics:
            found.append({"task": {"type": table.arena, "name": table.title},
                          "dataset": {"type": table.arena, "name": f"{table.title}, setting {setting}",
                                      "config": setting, "args": {"scale": table.facts.scale}},
                          "metrics": metrics})
    return found


def _metric(column: Column, cell: Cell, own: str) -> dict[str, Any]:
    args: dict[str, Any] = {"seeds": cell.n, "better": column.better}
    if column.unit:
        args["unit"] = column.unit
    if cell.low is not None:
        args |= {"ci95_low": cell.low, "ci95_high": cell.high, "std": stdev(cell.by_seed.values())}
    if own:
        args["own_hyperparameters"] = own
    if cell.stale:
        args["measured_with_older_code"] = True
    return {"type": column.key.partition("@")[0], "name": column.metric, "value": cell.mean, "args": args}


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Block style with JSON scalars, which YAML 1.2 reads as they are."""
    for head, each in ((f"{key}:", of) for key, of in value.items()) if isinstance(value, dict) else (
            ("-", of) for of in value):
        if isinstance(each, dict | list) and each:
            first, *rest = _yaml(each, indent + "  ")
            if head == "-":
                yield f"{indent}- {first.strip()}"
                yield from rest
            else:
                yield f"{indent}{head}"
                yield first
                yield from rest
        else:
            yield f"{indent}{head} {_scalar(each)}"


def _scalar(value: Any) -> str:
    """A float keeps a point: without one, YAML 1.1 reads 1e-07 as text."""
    if isinstance(value, float):
        mantissa, e, power = repr(value).partition("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}{e}{power}"
    return json.dumps(value, ensure_ascii=False)
