"""Learning curves of what is compared: a line for each method, setting or value of a hyperparameter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from evaluations.comparing.choice import Contestant
from evaluations.figures.curves import Runs, curve_figure
from evaluations.figures.figure import Figure
from evaluations.runs.measurements import Measurement
from papers.parameters import MOST_LETTERS

METHOD, SETTING, DIFFERENCES = "method", "setting", "differences"


@dataclass(frozen=True)
class CurveChoice:
    """What lines are: `by` "method", "setting" or the name of a hyperparameter; with `differences`, to the first."""

    by: str = METHOD
    differences: bool = False

    @property
    def query(self) -> str:
        return urlencode([*([("by", self.by)] if self.by != METHOD else []),
                          *([("curves", DIFFERENCES)] if self.differences else [])])


def read_curve_choice(query: QueryDict) -> CurveChoice:
    return CurveChoice(query.get("by", "").strip()[:MOST_LETTERS] or METHOD, query.get("curves") == DIFFERENCES)


def fields_of(contestants: Sequence[Contestant]) -> list[str]:
    """What lines can be: method, setting, and the hyperparameters any contestant has."""
    return [METHOD, SETTING, *dict.fromkeys(param["name"] for each in contestants for param in each.method.params
                                            if param["name"] not in (METHOD, SETTING))]


def lines_of(contestants: Sequence[Contestant], measured: Mapping[Contestant, Mapping[str, Measurement]], setting: str,
             by: str) -> list[Runs]:
    """The runs of the setting shown, of every setting where lines are settings, grouped; a contestant without the
    hyperparameter is in no line."""
    lines: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    settings = list(dict.fromkeys(name for each in contestants for name in measured[each])) if by == SETTING else [
        setting]
    for name in settings:
        for each in contestants:
            of = measured[each].get(name)
            line = _line(each, name, by)
            if of is not None and line is not None:
                for seed, run in of.runs.items():
                    lines[line][seed].append(run)
    return [Runs(name, by_seed) for name, by_seed in lines.items()]


def curve_figures(arena: Mapping[str, Any], query: str) -> list[Figure]:
    """Of an arena's part of the record of the comparison with this query, each with the address of its files."""
    path = reverse("compare_curves", args=[arena["arena"], "svg"]).removesuffix(".svg")
    drawn = [curve_figure(record, arena["title"], f"{arena['arena']}-{place}")
             for place, record in enumerate(arena["curves"])]
    return [replace(figure, path=path, query=f"{query}&{urlencode({'value': record['name']})}")
            for figure, record in zip(drawn, arena["curves"], strict=True) if figure]


def _line(contestant: Contestant, setting: str, by: str) -> str | None:
    """The name of the line that a contestant's runs of a setting belong to."""
    if by == METHOD:
        return contestant.name
    if by == SETTING:
        return setting
    values = {param["name"]: param["default"] for param in contestant.method.params} | dict(contestant.params)
    return f"{by} = {values[by]}" if by in values else None
