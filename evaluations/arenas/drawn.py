"""What everybody sees of an arena, drawn once for each state of its results.

A table with its plots takes far longer to compute and to draw than to send, and it is the same for all readers: it is
kept until a stamp of the results changes. Long tables show their first rows, with the rest a click away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from evaluations.arenas.table_part import whole_table
from evaluations.claims.open_questions import ArenaEstimate, Proposal, arena_estimate, proposals, worker_slots
from evaluations.claims.verdicts import ClaimStanding, claim_list
from evaluations.figures.asked import Asked
from evaluations.figures.figure import FigureError
from evaluations.figures.kinds.cost import costs_of, default_cost
from evaluations.figures.kinds.forest import forest_figures, surest
from evaluations.figures.registry import figure_of
from evaluations.models import Run
from evaluations.runs.contestants import variants_of
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from evaluations.tables.state import TableState
from evaluations.tables.summaries import STATUSES, findings
from evaluations.tables.table import Facts, Table
from methods.models import Arena

CLAIMS = 4  # shown of each verdict; the ledger has them all
PLOTTED = 8  # methods in a figure beside the table, whose own page has all
FOREST_ROWS = 6  # drawn; a forest plot of more is cut to the claims with the smallest p
VARIANTS = 12  # with own hyperparameters, offered as rows: those run last
SEEDS = 10  # proposed when there are fewer: below that, tens of methods can hardly be told apart


@dataclass(frozen=True)
class ClaimGroup:
    """The claims of one verdict, the first of them to be shown."""

    status: str
    total: int
    standings: tuple[ClaimStanding, ...]


@dataclass(frozen=True)
class ArenaPage:
    """All of an arena's page that does not depend on the reader; texts of HTML are empty where nothing is measured."""

    facts: Facts
    rows: int
    methods: tuple[tuple[str, str], ...]  # slug and title of all that can be chosen
    variants: tuple[tuple[str, str], ...]  # key and title of those that have runs here
    idle: tuple[tuple[str, str], ...]  # slug and title of the methods, while nothing is measured
    active: int
    seeds: int
    findings: tuple[str, ...]
    intervals: str
    cost: str
    costs: tuple[tuple[str, str, bool], ...]  # what can stand on x, in words, and whether it does
    claims: int
    groups: tuple[ClaimGroup, ...]
    proposals: Mapping[int, Proposal]
    forest: str
    estimate: ArenaEstimate


def arena_stamp(arena: Arena) -> str:
    """Changes with everything that an arena's page shows; six queries."""
    return stamp_of(results_stamp(arena.pk), worker_slots())


def table_of(arena: Arena, state: TableState) -> Table:
    """The table in this state, as its page shows it. Raises TableError for what the arena does not have."""
    return state.narrowing.of(whole_table(arena, state, arena_stamp(arena)))


def arena_page(arena: Arena, state: TableState, stamp: str, *, every: bool = False, x: str = "") -> ArenaPage:
    """Around the table in this state, with `every` row drawn or the first ones, and cost `x` on the axis of costs: the
    same however the rows are narrowed. Raises TableError for what the arena has not."""
    costs = {column.key for column in costs_of(whole_table(arena, state, stamp))}
    x = x if x in costs else ""
    return kept(f"arena-page-{arena.pk}-{stamp_of(state.whole, every, x)}", stamp,
                lambda: _arena_page(arena, state, stamp, every, x))


def drawn(name: str, stamp: str, template: str, context: Callable[[], dict[str, Any]]) -> SafeString:
    """A template that is the same for all readers, rendered once for each stamp."""
    return kept(f"drawn-{name}", stamp, lambda: render_to_string(template, context()))


def _arena_page(arena: Arena, state: TableState, stamp: str, every: bool, x: str) -> ArenaPage:
    table = whole_table(arena, state, stamp)
    claims = claim_list(arena=arena)
    seeds = max(len(table.facts.seeds), SEEDS)
    by_status = {status: [standing for standing in claims if standing.status == status] for status in STATUSES}
    groups = tuple(ClaimGroup(status, len(standings), tuple(standings[:CLAIMS]))
                   for status, standings in by_status.items() if standings)
    measured = bool(table.facts.measured)
    most = None if every else PLOTTED
    return ArenaPage(
        table.facts, len(table.rows), tuple(arena.methods.filter(present=True).values_list("slug", "title")),
        tuple((each.key, each.name) for each in variants_of(_runs_here(arena, state), VARIANTS)),
        () if measured else tuple((row.slug, row.title) for row in table.rows),
        Run.objects.filter(method__arena=arena, state__in=Run.ACTIVE).count(), seeds,
        tuple(findings(table, claims if state.scale == "full" else [])),
        figure_html("intervals", Asked(arena, state.whole, {}, most, table)),
        figure_html("cost", Asked(arena, state.whole, {"x": x} if x else {}, most, table)),
        tuple((cost.key, cost.title, cost.key == (x or default_cost(table))) for cost in costs_of(table)),
        len(claims), groups, proposals([standing for group in groups for standing in group.standings]),
        forest_html(arena, claims), arena_estimate(arena, scale=state.scale, seeds=seeds))


def figure_html(kind: str, asked: Asked) -> str:
    """A figure without the table behind it; nothing where there is nothing to draw."""
    try:
        return _html("figures/_figure.html", figure=figure_of(kind, asked))
    except FigureError:
        return ""


def _runs_here(arena: Arena, state: TableState) -> QuerySet[Run]:
    """Those that the table is made of, whatever their hyperparameters."""
    runs = Run.objects.filter(method__arena=arena, scale=state.scale, state=Run.DONE)
    return runs if state.view == "settings" else runs.filter(setting=state.setting)


def _html(template: str, **context: Any) -> str:
    """A part of the page; nothing where there is nothing to draw."""
    return "" if None in context.values() else render_to_string(f"evaluations/{template}", context)


def forest_html(arena: Arena, claims: Sequence[ClaimStanding]) -> str:
    """What was claimed against what was measured, a plot per unit, folded away where there are many."""
    path = reverse("figure_page", args=[arena.pk, "forest"]).removesuffix("/")
    figures = [replace(figure, path=path, query=urlencode({"unit": figure.plot.unit, "rows": FOREST_ROWS}))
               for figure in forest_figures(surest(claims, FOREST_ROWS))]
    rows, decided = sum(len(figure.records) for figure in figures), sum(each.verdict is not None for each in claims)
    return _html("figures/_forest_folded.html", figures=figures, rows=rows, left_out=decided - rows,
                 open=decided <= FOREST_ROWS)
