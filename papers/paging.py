"""Pages of lists that may be long: no page costs more because more rows are stored than it shows.

The first MOST rows are numbered pages; a list that is longer is said to be so instead of counted, and is read on
after its last shown row, by that row's own values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.functional import cached_property

MOST = 10_000  # rows that are counted and can be reached by number


class LongPaginator(Paginator):
    """Of a queryset: `count` is at most MOST, and `more` says whether there are more rows than that.

    `known` tells the number of all rows where that costs nothing.
    """

    def __init__(self, rows: QuerySet, per_page: int, *, known: Callable[[], int] | None = None):
        super().__init__(rows, per_page)
        self.known = known

    @cached_property
    def found(self) -> int:
        """How many rows there are; MOST + 1 where nobody knows how many more."""
        if self.known:
            return self.known()
        return self.object_list.order_by().values("pk")[:MOST + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self.found, MOST)

    @cached_property
    def more(self) -> bool:
        return self.found > MOST

    @cached_property
    def total(self) -> int | None:
        """The number of all rows, None where it is not known."""
        return self.found if self.known or not self.more else None


def after(rows: QuerySet, order: list[str | OrderBy], row: Model) -> QuerySet:
    """The rows that come after `row` in this order, whose last field tells any two apart."""
    behind, level = Q(), Q()
    for field in order:
        name, falling = _field(field)
        value = _value(row, name)
        if value is None:  # nulls come last, and all of them are level here
            level &= Q(**{f"{name}__isnull": True})
            continue
        beyond = Q(**{f"{name}__{'lt' if falling else 'gt'}": value})
        if _nullable(rows, name):
            beyond |= Q(**{f"{name}__isnull": True})
        behind |= level & beyond
        level &= Q(**{name: value})
    return rows.filter(behind)


def _field(field: str | OrderBy) -> tuple[str, bool]:
    """Its name, and whether it falls."""
    if isinstance(field, OrderBy):
        assert isinstance(field.expression, F)
        return field.expression.name, field.descending
    return field.removeprefix("-"), field.startswith("-")


def _value(row: Any, name: str) -> Any:
    return row.pk if name == "pk" else getattr(row, name)


def _nullable(rows: QuerySet, name: str) -> bool:
    return name != "pk" and rows.model._meta.get_field(name).null
