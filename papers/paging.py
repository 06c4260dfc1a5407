"""Pages of lists that may be long: no page costs more because more rows are stored than it shows.

The first MOST rows are numbered pages; a list that is longer is said to be so instead of counted, and is read on
after its last shown row, by that row's own values. And parts of lists by time: what is not older than a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils.functional import cached_property

MANY = 2_000  # rows that are rather met on the way through the order than fetched and sorted
MOST = 10_000  # rows that are counted and can be reached by number


class LongPaginator(Paginator):
    """Of a queryset: `count` is at most MOST, and `more` says whether there are more rows than that.

    `known` tells the number of all rows where that costs nothing, and `as_many` are other rows that are as many and
    sooner counted; `in_order` gives the rows by another way, which is the better one where there are MANY.
    """

    def __init__(self, rows: QuerySet, per_page: int, *, known: Callable[[], int] | None = None,
                 as_many: QuerySet | None = None, in_order: Callable[[], QuerySet] | None = None):
        super().__init__(rows, per_page)
        self.known, self.as_many, self.in_order = known, as_many, in_order

    def page(self, number):
        """See Paginator; the rows are counted first."""
        counted = self.validate_number(number)
        if self.in_order and self.found > MANY:
            self.object_list, self.in_order = self.in_order(), None
        return super().page(counted)

    @cached_property
    def found(self) -> int:
        """How many rows there are; MOST + 1 where nobody knows how many more."""
        if self.known:
            return self.known()
        rows: Any = self.object_list if self.as_many is None else self.as_many
        return rows.order_by().values("pk")[:MOST + 1].count()

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


Times = tuple[str, ...] | Callable[[Any, datetime], Any]  # the fields of a row that say when, or what finds them


def not_older(rows: Any, since: datetime | None, times: Times) -> Any:
    """The rows of which any of the times is at or after `since`, in their order: of a queryset, or of a list."""
    if since is None:
        return rows
    if callable(times):
        return times(rows, since)
    if isinstance(rows, QuerySet):
        newer = Q()
        for name in times:
            newer |= Q(**{f"{name}__gte": since})
        return rows.filter(newer)
    return [row for row in rows if any((at := getattr(row, name)) and at >= since for name in times)]


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
        named: Any = field.expression  # an F, of whose name the types know nothing
        return named.name, field.descending
    return field.removeprefix("-"), field.startswith("-")


def _value(row: Any, name: str) -> Any:
    return row.pk if name == "pk" else getattr(row, name)


def _nullable(rows: QuerySet, name: str) -> bool:
    return name != "pk" and rows.model._meta.get_field(name).null
