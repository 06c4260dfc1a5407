"""A method with hyperparameters of one's own: a row of a table, a contestant of a comparison, a point of a sweep.

Its key is written `lora;r=2;alpha=4`: the method's slug, then the values that differ from its defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, QuerySet

from evaluations.models import Run, params_key
from evaluations.runs.requests import parse_params
from methods.models import Method

MOST_VARIANTS = 24  # rows of one table
BETWEEN = ";"
ESCAPES = {"%": "%25", BETWEEN: "%3B"}


@dataclass(frozen=True, eq=False)
class Contestant:
    """A method with the hyperparameters that differ from its defaults: none for the method as its paper has it."""

    method: Method
    params: Mapping[str, Any]

    @property
    def params_key(self) -> str:
        return params_key(dict(self.params))

    @property
    def key(self) -> str:
        """Its name in addresses and tables."""
        return BETWEEN.join([self.method.slug, *(f"{name}={_escaped(written(value))}"
                                                 for name, value in self._in_order())])

    @property
    def name(self) -> str:
        return f"{self.method.title} ({self.values})" if self.params else self.method.title

    @property
    def values(self) -> str:
        return ", ".join(f"{name} = {written(value)}" for name, value in self._in_order())

    def _in_order(self) -> list[tuple[str, Any]]:
        """As the method declares them, so that equal contestants have equal keys; what it has no more comes last."""
        declared = [param["name"] for param in self.method.params] if self.params else []
        return sorted(self.params.items(), key=lambda pair: (
            declared.index(pair[0]) if pair[0] in declared else len(declared), pair[0]))


def variants_of(runs: QuerySet[Run], most: int = MOST_VARIANTS) -> list[Contestant]:
    """The methods with own hyperparameters among these runs, each once, those run last first; one query.

    Values that a method does not allow any more make no row of a table, so they are left out.
    """
    newest = runs.exclude(params_key="").filter(method__present=True, replay_of=None).order_by().values(
        "method", "params_key").annotate(run=Max("pk")).order_by("-run").values_list("run", flat=True)[:most]
    rows = Run.objects.filter(pk__in=newest).select_related("method").only(
        "params", "method__slug", "method__title", "method__arena_id", "method__params", "method__code_digest",
        "method__digests").order_by("-pk")
    return list(_allowed(Contestant(run.method, run.params) for run in rows))


def _allowed(contestants: Iterable[Contestant]) -> Iterable[Contestant]:
    for each in contestants:
        try:
            read_contestant(each.method, each.key)
        except ValueError:
            continue
        yield each


def slug_of(key: str) -> str:
    """The method's slug in a contestant's key."""
    return key.partition(BETWEEN)[0].strip()


def read_contestant(method: Method, key: str) -> Contestant:
    """What a key says of this method. Raises ValueError in words: a name or value there is not, or only defaults."""
    texts: dict[str, str] = {}
    for part in key.split(BETWEEN)[1:]:
        name, equals, text = part.partition("=")
        if not equals or name.strip() in texts:
            raise ValueError(f"{key[:100]!r} is not written METHOD;NAME=VALUE, with further ;NAME=VALUE")
        texts[name.strip()] = _unescaped(text)
    values = own_values(method, parse_params(method, texts))
    if not values:
        raise ValueError(f"{key[:100]} has no value other than the defaults of {method.slug}")
    return Contestant(method, values)


def own_values(method: Method, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of hyperparameters those that are not at their default."""
    defaults = {param["name"]: param["default"] for param in method.params}
    return {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}


def written(value: Any) -> str:
    """A value as the parser of requests reads it back.

    >>> [written(value) for value in (2, 2.0, 0.05, 1e-7, True, "greedy")]
    ['2', '2', '0.05', '1e-07', 'true', 'greedy']
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _escaped(text: str) -> str:
    return "".join(ESCAPES.get(letter, letter) for letter in text)


def _unescaped(text: str) -> str:
    return text.replace(ESCAPES[BETWEEN], BETWEEN).replace(ESCAPES["%"], "%")
