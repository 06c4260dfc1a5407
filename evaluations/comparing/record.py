"""A comparison as data and as a file: the page's own record, one row for each contestant, setting and metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluations.comparing.choice import Choice
from evaluations.comparing.comparison import CELLS, comparison
from evaluations.comparing.curves import CurveChoice
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from evaluations.tables.renderers import csv
from evaluations.tables.table import Field

METHODS = CurveChoice()  # a line for each method
WHERE = ("arena", "setting", "contestant", "metric", "unit", "better", "baseline")


def comparison_stamp(choice: Choice) -> str:
    """Changes with everything that a comparison shows."""
    arenas = sorted({each.method.arena_id for each in choice.contestants})
    return stamp_of(*(results_stamp(arena) for arena in arenas), [
        (each.method.pk, each.params, each.method.read_from) for each in choice.contestants])


def comparison_record(choice: Choice, stamp: str, curves: CurveChoice = METHODS) -> dict[str, Any]:
    """The comparison as it stands, computed once for each stamp."""
    name = f"comparing-{stamp_of(choice.query(), choice.notes, curves)}"
    return kept(name, stamp, lambda: comparison(choice, curves))


def comparison_csv(record: Mapping[str, Any]) -> str:
    """The scores in full precision; text that a spreadsheet would run as a formula is quoted."""
    fields = [Field(name, name, str) for name in (*WHERE, *CELLS)]
    rows = [{"arena": of["arena"], "setting": of["setting"], "contestant": name, "metric": row["metric"],
             "unit": row["unit"], "better": row["better"], "baseline": of["baseline"]}
            | {key: cell[key] for key in CELLS}
            for of in record["arenas"] for row in of["scores"]
            for name, cell in zip(of["names"], row["cells"], strict=True) if cell]
    return "".join(csv.lines(fields, rows))
