"""What stands beside each other whatever the arena: hyperparameters, environment and code."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from evaluations.models import Run
from evaluations.runs.contestants import Contestant
from evaluations.runs.measurements import CARRIED_OVER, LIBRARY

CONTEXT = 3  # equal lines around a difference
MOST_LINES = 1500  # of one file that is compared; difflib's time grows with the product of both


def parameter_rows(contestants: Sequence[Contestant]) -> list[dict[str, Any]]:
    """Every hyperparameter any of them has, with each one's value; None where it has no such hyperparameter."""
    values = [{param["name"]: param["default"] for param in each.method.params} | dict(each.params)
              for each in contestants]
    helps = {param["name"]: param["help"] for each in reversed(contestants) for param in each.method.params}
    names = dict.fromkeys(name for of in values for name in of)
    return [_row(name, [of.get(name) for of in values], helps.get(name, "")) for name in names]


def environment_rows(runs: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Facts of the machines and versions with which each one's runs (primary keys) were measured; one query."""
    facts = dict(Run.objects.filter(pk__in=[pk for of in runs for pk in of]).values_list("pk", "environment"))
    names = dict.fromkeys(name for of in facts.values() for name in of if name not in (LIBRARY, CARRIED_OVER))
    return [_row(name, [" · ".join(dict.fromkeys(
        str(facts[pk][name]) for pk in of if name in facts.get(pk, {}))) or None for of in runs]) for name in names]


def _row(name: str, values: Sequence[Any], help_text: str = "") -> dict[str, Any]:
    return {"name": name, "help": help_text, "values": list(values),
            "same": all(value == values[0] for value in values)}


def code_beside(contestants: Sequence[Contestant]) -> dict[str, Any] | None:
    """The unified difference of two methods' files, in stretches of one kind; None unless there are two."""
    if len(contestants) != 2:
        return None
    ours, theirs = (each.method for each in contestants)
    old, new = (method.source_code.splitlines() for method in (ours, theirs))
    if ours == theirs or max(len(old), len(new)) > MOST_LINES:
        return {"old": ours.key, "new": theirs.key, "parts": [], "equal": ours == theirs,
                "too_long": ours != theirs}
    lines = list(difflib.unified_diff(old, new, lineterm="", n=CONTEXT))[2:]
    kinds = {"+": "added", "-": "removed", "@": "place"}
    return {"old": ours.key, "new": theirs.key, "equal": not lines, "too_long": False, "parts": [
        {"kind": kind, "text": "\n".join(of) + "\n"} for kind, of in groupby(
            lines, lambda line: kinds.get(line[:1], "same"))]}
