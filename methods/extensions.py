"""What the apps above methods know of a method. Each registers its part in its AppConfig.ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.expressions import Combinable


def _no_runs() -> Combinable:
    return Value(0)


def _none_measured(since: datetime | None = None) -> QuerySet[Any, Any]:
    from methods.models import Method
    return Method.objects.none().values("pk")


def _none_judged() -> Mapping[str, QuerySet[Any, Any]]:
    return {}


@dataclass
class Extensions:
    """The parts that were registered.

    `runs_done` is an expression that counts a method's finished runs; `measured` the primary keys of the methods with
    a finished run of full scale, that ended since a moment where one is given; `judged` those of the methods with a
    current verdict, for every status there is.
    """

    runs_done: Callable[[], Combinable] = _no_runs
    measured: Callable[..., QuerySet[Any, Any]] = _none_measured
    judged: Callable[[], Mapping[str, QuerySet[Any, Any]]] = _none_judged


extensions = Extensions()
