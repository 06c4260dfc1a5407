"""What everybody sees of an arena, drawn once for each state of its results.

A table with its plots takes far longer to compute and to draw than to send, and it is the same for all readers: it is
kept until a stamp of the results changes. Long tables show their first rows, with the rest a click away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from evaluations.arenas.table_part import whole_table
from evaluations.arithmetic import statistics
from evaluations.arithmetic.ranks import compare_ranks
from evaluations.claims.open_questions import ArenaEstimate, Proposal, arena_estimate, proposals, worker_slots
from evaluations.claims.verdicts import ClaimStanding, claim_list
from evaluations.models import Run
from evaluations.reported.beside import reported_beside
from evaluations.runs.contestants import variants_of
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from evaluations.tables.plots.cost import cost_plot
from evaluations.tables.plots.forest import forest_plots
from evaluations.tables.plots.intervals import interval_plot
from evaluations.tables.plots.ranks import MOST_RANKED, RankPlot, rank_plot
from evaluations.tables.state import TableState
from evaluations.tables.summaries import STATUSES, findings
from evaluations.tables.table import FIRST_ROWS, Facts, Table
from methods.models import Arena

CLAIMS = 4  # shown of each verdict; the ledger has them all
FOREST_ROWS = 8  # drawn; a forest plot of more is cut to the claims with the smallest p
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
    more_plots: str
    claims: int
    groups: tuple[ClaimGroup, ...]
    proposals: Mapping[int, Proposal]
    forest: str
    estimate: ArenaEstimate


def arena_stamp(arena: Arena) -> str:
    """Changes with everything that an arena's page shows; six queries."""
    return stamp_of(results_stamp(arena.pk), worker_slots())


def arena_page(arena: Arena, state: TableState, stamp: str, *, every: bool = False) -> ArenaPage:
    """Around the table in this state, with `every` row drawn or the first ones: the same however the rows are narrowed.
    Raises TableError for what the arena has not."""
    return kept(f"arena-page-{arena.pk}-{stamp_of(state.whole, every)}", stamp,
                lambda: _arena_page(arena, state, stamp, every))


def drawn(name: str, stamp: str, template: str, context: Callable[[], dict[str, Any]]) -> SafeString:
    """A template that is the same for all readers, rendered once for each stamp."""
    return kept(f"drawn-{name}", stamp, lambda: render_to_string(template, context()))


def _arena_page(arena: Arena, state: TableState, stamp: str, every: bool) -> ArenaPage:
    table = whole_table(arena, state, stamp)
    claims = claim_list(arena=arena)
    seeds = max(len(table.facts.seeds), SEEDS)
    by_status = {status: [standing for standing in claims if standing.status == status] for status in STATUSES}
    groups = tuple(ClaimGroup(status, len(standings), tuple(standings[:CLAIMS]))
                   for status, standings in by_status.items() if standings)
    measured = bool(table.facts.measured)
    most = None if every else FIRST_ROWS
    return ArenaPage(
        table.facts, len(table.rows), tuple(arena.methods.filter(present=True).values_list("slug", "title")),
        tuple((each.key, each.name) for each in variants_of(_runs_here(arena, state), VARIANTS)),
        () if measured else tuple((row.slug, row.title) for row in table.rows),
        Run.objects.filter(method__arena=arena, state__in=Run.ACTIVE).count(), seeds,
        tuple(findings(table, claims if state.scale == "full" else [])),
        _html("tables/_plot_intervals.html", plot=interval_plot(table, table.primary, most=most)),
        _html("tables/_plot_ranks.html", ranks=_rank_plot(table, state))
        + _html("tables/_plot_cost.html", cost=cost_plot(table, table.primary, most=most)),
        len(claims), groups, proposals([standing for group in groups for standing in group.standings]),
        forest_html(claims), arena_estimate(arena, scale=state.scale, seeds=seeds))


def _runs_here(arena: Arena, state: TableState) -> QuerySet[Run]:
    """Those that the table is made of, whatever their hyperparameters."""
    runs = Run.objects.filter(method__arena=arena, scale=state.scale, state=Run.DONE)
    return runs if state.view == "settings" else runs.filter(setting=state.setting)


def _html(template: str, **context: Any) -> str:
    """A part of the page; nothing where there is nothing to draw."""
    return "" if None in context.values() else render_to_string(f"evaluations/{template}", context)


def forest_html(claims: Sequence[ClaimStanding]) -> str:
    """What was claimed against what was measured, a plot per unit, folded away where there are many."""
    shown = surest(claims, FOREST_ROWS)
    plots = forest_plots(shown, reported_beside({standing.claim.method_id for standing in shown}))
    rows, decided = sum(len(plot.rows) for plot in plots), sum(standing.verdict is not None for standing in claims)
    return _html("tables/_forest_folded.html", forests=plots, rows=rows, left_out=decided - rows,
                 open=decided <= FOREST_ROWS)


def surest(claims: Sequence[ClaimStanding], most: int) -> Sequence[ClaimStanding]:
    """The claims, or of too many those with the smallest p."""
    decided = [standing for standing in claims if standing.verdict is not None]
    if len(decided) <= most:
        return claims
    return sorted(decided, key=lambda standing: (standing.decided.p_value, standing.claim.pk))[:most]


def _rank_plot(table: Table, state: TableState) -> RankPlot | None:
    """Average ranks over seeds within a setting, or over settings when they stand side by side."""
    titles = {row.method: row.title for row in table.rows}
    column = table.primary
    if state.view == "settings":
        means = {row.method: {key: cell.mean for key, cell in row.cells.items() if not cell.stale}
                 for row in table.rows}
        everywhere = {slug: by_setting for slug, by_setting in means.items() if len(by_setting) == len(table.columns)}
        if len(everywhere) > MOST_RANKED:
            return None
        return rank_plot(compare_ranks(everywhere, column.better), titles, f"{len(table.columns)} settings")
    values = statistics.well_measured(table.values(column.key))
    if len(values) > MOST_RANKED:
        return None
    return rank_plot(compare_ranks(values, column.better), titles, "the seeds all of them share")
