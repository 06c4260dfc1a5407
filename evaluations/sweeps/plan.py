"""Which sets of hyperparameters a sweep tries: one or two of them, on a grid or drawn at random.

Values are written as a list (`1, 2, 4`) or as a range with how many (`1 to 64 in 7`). A range is spaced by ratio where
it starts above zero and its end is ten times its start or more, else evenly; and so are values drawn from one.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.http import QueryDict
from django.utils.http import urlencode

from evaluations.runs.contestants import written
from evaluations.runs.requests import parse_seeds
from methods.kit.params import Param, params_from
from methods.models import Method
from papers.parameters import MOST_LETTERS

KINDS = ("grid", "random")
MOST_SWEPT = 2
MOST_POINTS, MOST_RUNS = 100, 5000  # of one sweep
SUGGESTED = 5  # values of a hyperparameter for which none are given
BY_RATIO = 10  # from here on a range's ends are that far apart
DIGITS = 4  # of a value between the ends of a range
RANGE = re.compile(r"(?P<first>\S+)\s+to\s+(?P<last>\S+)(?:\s+in\s+(?P<number>\d{1,3}))?")


@dataclass(frozen=True)
class Plan:
    """A sweep as its address says it; without any hyperparameter, nothing is planned yet."""

    method: Method
    setting: str
    scale: str
    metric: str
    over: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    kind: str = KINDS[0]
    draws: str = "10"
    draw: str = "0"  # the seed of the draws
    seeds: str = "5"

    @property
    def query(self) -> str:
        plain = Plan(self.method, self.method.arena.settings[0]["name"], "full",
                     self.method.arena.primary_metric["name"])
        pairs = [pair for name, text in zip(self.over, self.texts, strict=True)
                 for pair in (("over", name), ("values", text))]
        return urlencode(pairs + [(name, getattr(self, name)) for name in (
            "kind", "draws", "draw", "seeds", "setting", "scale", "metric") if getattr(self, name) != getattr(
                plain, name)])

    def points(self) -> list[dict[str, Any]]:
        """The sets of values, each once. Raises ValueError for what the method does not allow, or too many."""
        declared = params_from(self.method.params)
        swept = [declared[name] for name in self.over]
        if not swept:
            return []
        if self.kind == "random":
            luck = random.Random(_whole("the seed of the draws", self.draw, 0, 10**6))
            draws = [_drawer(param, text) for param, text in zip(swept, self.texts, strict=True)]
            sets = [tuple(draw(luck) for draw in draws)
                    for _ in range(_whole("the number of draws", self.draws, 1, MOST_POINTS))]
        else:
            columns = [values_of(param, text) for param, text in zip(swept, self.texts, strict=True)]
            if (number := math.prod(map(len, columns))) > MOST_POINTS:
                raise ValueError(f"a sweep tries at most {MOST_POINTS} sets of values, not {number}")
            sets = list(product(*columns))
        points = [dict(zip(self.over, each, strict=True)) for each in dict.fromkeys(sets)]
        if (runs := len(points) * len(parse_seeds(self.seeds))) > MOST_RUNS:
            raise ValueError(f"a sweep asks for at most {MOST_RUNS:,} runs, not {runs:,}")
        return points


def read_plan(method: Method, query: QueryDict) -> Plan:
    """Raises ValueError for names that the method or its arena does not have."""
    arena = method.arena
    plain = Plan(method, arena.settings[0]["name"], "full", arena.primary_metric["name"])
    texts = {name: query.get(name, "").strip()[:MOST_LETTERS] or getattr(plain, name) for name in (
        "kind", "draws", "draw", "seeds", "setting", "scale", "metric")}
    names, values = query.getlist("over"), query.getlist("values")
    over = {name: text.strip()[:MOST_LETTERS] for name, text in zip(
        names, [*values, *[""] * len(names)], strict=False) if name}
    known = [param["name"] for param in method.params]
    for kind, name, names_there in (
            ("setting", texts["setting"], [each["name"] for each in arena.settings]),
            ("scale", texts["scale"], list(arena.scales)), ("kind of sweep", texts["kind"], KINDS),
            ("metric", texts["metric"], [each["name"] for each in arena.metrics]),
            *(("hyperparameter", name, known) for name in over)):
        if name not in names_there:
            raise ValueError(f"there is no {kind} {name}; there are {', '.join(names_there) or 'none'}")
    if len(over) > MOST_SWEPT:
        raise ValueError(f"a sweep goes over one or two hyperparameters, not {len(over)}")
    return Plan(method, over=tuple(over), texts=tuple(over.values()), **texts)


def values_of(param: Param, text: str) -> list[Any]:
    """The values of a list or of a range; those suggested where nothing is written.

    >>> rank = Param(8, "rank", low=1, high=64, name="r", type=int)
    >>> values_of(rank, ""), values_of(rank, "2, 4,16"), values_of(rank, "2 to 8 in 4")
    ([1, 3, 8, 23, 64], [2, 4, 16], [2, 4, 6, 8])
    """
    if not text:
        return suggested(param)
    if found := RANGE.fullmatch(text):
        first, last = _ends(param, found)
        if found["number"] is None:
            raise ValueError(f"{param.name}: say how many values, as in “{text} in {SUGGESTED}”")
        return spaced(param, first, last, _whole(f"{param.name}: the number of values", found["number"], 2,
                                                 MOST_POINTS))
    return list(dict.fromkeys(param.from_text(part) for part in text.split(",") if part.strip()))


def suggested(param: Param) -> list[Any]:
    """Every choice, or values between the bounds, or around the default where there are no bounds."""
    if param.type is bool or param.choices is not None:
        return [True, False] if param.type is bool else list(param.choices or ())
    if param.type is str:
        return [param.default]
    if param.low is not None and param.high is not None:
        return spaced(param, param.type(param.low), param.type(param.high), SUGGESTED)
    tried = [param.type(param.default * factor) for factor in (0.25, 0.5, 1, 2, 4)] if param.default else \
        [param.type(value) for value in (0, 1, 2, 4)]
    return [value for value in dict.fromkeys(tried) if (param.low is None or value >= param.low)
            and (param.high is None or value <= param.high)]


def suggestion(param: Param) -> str:
    return ", ".join(map(written, suggested(param)))


def spaced(param: Param, first: float, last: float, number: int) -> list[Any]:
    """Values of a range, ends included; whole ones once each."""
    values = [_between(first, last, place / (number - 1)) for place in range(1, number - 1)]
    return [param.check(value) for value in dict.fromkeys(
        _rounded(param, value) for value in [first, *values, last])]


def by_ratio(first: float, last: float) -> bool:
    return first > 0 and last / first >= BY_RATIO


def _between(first: float, last: float, share: float) -> float:
    return first * (last / first) ** share if by_ratio(first, last) else first + share * (last - first)


def _rounded(param: Param, value: float) -> Any:
    return round(value) if param.type is int else float(f"{value:.{DIGITS}g}")


def _ends(param: Param, found: re.Match) -> tuple[float, float]:
    if param.type not in (int, float) or param.choices is not None:
        raise ValueError(f"{param.name} has no range: it is {param.allowed}")
    first, last = param.from_text(found["first"]), param.from_text(found["last"])
    if first >= last:
        raise ValueError(f"{param.name}: a range goes from the smaller to the larger value")
    return first, last


def _drawer(param: Param, text: str) -> Callable[[random.Random], Any]:
    """A function that draws a value with the luck it is given: from a range, or from a list."""
    found, ends = RANGE.fullmatch(text), None
    if found:
        ends = _ends(param, found)
    elif not text and param.choices is None and param.low is not None and param.high is not None:
        ends = param.low, param.high
    if ends:
        first, last = ends
        return lambda luck: param.check(_rounded(param, _between(first, last, luck.random())))
    values: Sequence[Any] = values_of(param, text)
    return lambda luck: luck.choice(values)


def _whole(what: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 8 or not least <= int(text) <= most:
        raise ValueError(f"{what} is a whole number from {least} to {most}, not {text[:40]!r}")
    return int(text)


def sets_in_words(points: Sequence[Mapping[str, Any]], most: int = 12) -> str:
    """The values of each hyperparameter, for people."""
    names = points[0] if points else ()
    said = []
    for name in names:
        values = [written(value) for value in dict.fromkeys(point[name] for point in points)]
        more = f" and {len(values) - most} more" if len(values) > most else ""
        said.append(f"{name} = {', '.join(values[:most])}{more}")
    return "; ".join(said)
