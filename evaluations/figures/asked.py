"""What is asked for: an arena, a table's state, the options of one kind of figure, and how many rows to draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.urls import reverse
from django.utils.http import urlencode

from evaluations.figures.figure import FigureError
from evaluations.runs.contestants import slug_of
from evaluations.tables.state import TableState
from evaluations.tables.statistics import ArenaStatistics, arena_statistics
from evaluations.tables.table import Column, Table
from methods.models import Arena

ROWS, MOST_ROWS = 40, 5000
EVERY = "all"


@dataclass(frozen=True)
class Asked:
    """`most` bounds the rows drawn, None for all; `options` are those of the kind, without the empty ones."""

    arena: Arena
    state: TableState
    options: Mapping[str, str] = field(default_factory=dict)
    most: int | None = ROWS
    given: Table | None = None  # the table of this state, and its statistics, where somebody has them already
    known: ArenaStatistics | None = None

    @cached_property
    def table(self) -> Table:
        return self.given or self.state.build(self.arena)

    @property
    def column(self) -> Column:
        return self.table.primary

    @cached_property
    def statistics(self) -> ArenaStatistics:
        return self.known or arena_statistics(self.arena, self.state, against=self.options.get("against", ""),
                                posthoc=self.options.get("posthoc") or "nemenyi")

    def option(self, name: str, choices: Iterable[str]) -> str:
        """The choice made, the first where none is. Raises FigureError for one there is not."""
        known = list(choices)
        chosen = self.options.get(name) or known[0]
        if chosen not in known:
            raise FigureError(f"there is no {name} {chosen[:40]}; there are {', '.join(known)}")
        return chosen

    def methods(self, slugs: Iterable[str]) -> dict[str, str]:
        """Where each method's page is."""
        return {slug: reverse("method_detail", args=[self.arena.slug, slug_of(slug)]) for slug in slugs}

    def cells(self, slugs: Iterable[str], column: Column) -> dict[str, str]:
        """Where the runs behind each method's number in a column are."""
        query = urlencode({"column": column.key, "setting": column.setting, "scale": self.state.scale})
        return {slug: f"{reverse('cell_detail', args=[self.arena.slug, slug])}?{query}" if slug == slug_of(slug) else
                reverse("method_detail", args=[self.arena.slug, slug_of(slug)]) for slug in slugs}

    @property
    def slugs(self) -> list[str]:
        """The methods among the rows, without those that have hyperparameters of a reader's own."""
        return [row.method for row in self.table.rows if not row.params]

    @property
    def subject(self) -> str:
        """Arena and setting in words."""
        return f"{self.table.title}, {self.table.subject}"

    @property
    def narrowed(self) -> str:
        return f" {self.table.narrowed}." if self.table.narrowed else ""


def rows_asked(text: str) -> int | None:
    """Of the parameter `rows`: a number, or all. Raises FigureError for anything else."""
    if text == EVERY:
        return None
    if not text:
        return ROWS
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) <= MOST_ROWS):
        raise FigureError(f"rows is a whole number from 1 to {MOST_ROWS}, or {EVERY}, not {text[:40]!r}")
    return int(text)
