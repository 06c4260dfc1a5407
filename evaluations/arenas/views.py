"""The arena pages: the list, and one arena as an article around its table."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from evaluations.arithmetic import statistics
from evaluations.arithmetic.ranks import compare_ranks
from evaluations.claims.verdicts import claim_list
from evaluations.models import Run
from evaluations.snapshots.services import freeze_table, snapshot_list
from evaluations.tables.build import TableError
from evaluations.tables.cells import cell_runs
from evaluations.tables.plots.cost import cost_plot
from evaluations.tables.plots.intervals import interval_plot
from evaluations.tables.plots.ranks import MOST_RANKED, rank_plot
from evaluations.tables.renderers.registry import formats
from evaluations.tables.state import TableState, default_state, read_state
from evaluations.tables.summaries import IN_MINIATURE, STATUSES, arena_cards, findings
from evaluations.tables.table import Column, Table
from methods.models import Arena, Method

SEEDS = 10  # proposed when there are fewer: below that, tens of methods can hardly be told apart
SNAPSHOTS = 3  # the newest, named under the table


def arena_list(request):
    return render(request, "evaluations/arenas/arena_list.html", {"cards": arena_cards(), "scope": IN_MINIATURE})


def arena_detail(request, slug):
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    try:
        state = read_state(arena, request.GET)
        table = state.build(arena)
    except TableError as error:
        return render(request, "evaluations/arenas/arena_detail.html", {
            "arena": arena, "error": str(error), "state": default_state(arena)}, status=400)
    claims = claim_list(arena=arena)
    active = Run.objects.filter(method__arena=arena, state__in=Run.ACTIVE).count()
    context = {
        "arena": arena, "state": state, "table": table, "claims": claims, "active": active, "scope": IN_MINIATURE,
        "findings": findings(table, claims if state.scale == "full" else []),
        "plot": interval_plot(table, table.primary), "cost": cost_plot(table, table.primary),
        "ranks": _rank_plot(table, state), "head": _headings(arena, state, table),
        "body": list(zip(table.rows, table.records(), table.lines(), strict=True)),
        "downloads": [(module.TITLE, f"{_separated(state.query(arena))}format={name}")
                      for name, module in formats().items()],
        "verdicts": [(status, [c for c in claims if c.status == status]) for status in STATUSES
                     if any(c.status == status for c in claims)],
        "cells_at": reverse("arena_detail", args=[slug]) + "cells/", "query": state.query(arena),
        "cells_query": f"{urlencode({'setting': state.setting, 'scale': state.scale})}&",
        "may_freeze": request.user.has_perm("evaluations.add_snapshot"),
        "snapshots": snapshot_list(slug)[:SNAPSHOTS],
        "settings": _tabs(arena, state), "all_methods": arena.methods.filter(present=True).values("slug", "title"),
        "seeds": max(len(table.facts.seeds), SEEDS),
    }
    response = render(request, "evaluations/arenas/_arena_results.html" if request.htmx else
                      "evaluations/arenas/arena_detail.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@login_required
@permission_required("evaluations.add_snapshot", raise_exception=True)
@require_POST
def snapshot_freeze(request, slug):
    """Keep the table that the form's `state` (URL parameters) describes."""
    arena = get_object_or_404(Arena, slug=slug)
    query = request.POST.get("state", "")
    try:
        snapshot = freeze_table(arena=arena, state=read_state(arena, QueryDict(query)), by=request.user,
                                          title=request.POST.get("title", ""))
    except ValueError as error:
        messages.error(request, f"Nothing was frozen: {error}.")
        return redirect("arena_detail", slug)
    messages.success(request, "The table is frozen. This address keeps it as it is now.")
    return redirect("snapshot_detail", snapshot.key)


def cell_detail(request, slug, method):
    """The runs behind one number of an arena's table as it is today."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    row = get_object_or_404(Method.objects.defer("source_code"), arena=arena, slug=method)
    try:
        cell = cell_runs(arena, row, request.GET.get("column") or arena.primary_metric["name"],
                         setting=request.GET.get("setting", ""), scale=request.GET.get("scale") or "full")
    except TableError as error:
        raise Http404(str(error)) from error
    return render(request, "evaluations/arenas/cell_detail.html", {"arena": arena, "cell": cell})


def _headings(arena: Arena, state: TableState, table: Table) -> list[tuple[str, str, str, Column | None]]:
    """Heading, link that sorts by it, aria-sort, and the column; best first on the first click, then turned round.

    Tier, rank and seeds are those of the first metric.
    """
    found = []
    for key, heading in [("title", "Method"), ("", "Tier"), ("", "Rank"), ("", "Seeds"), *table.headings()[1:]]:
        column = next((c for c in table.columns if c.key == key), None)
        if column is None and key != "title":
            found.append((heading, "", "", None))
            continue
        first = f"-{key}" if column and column.better != "lower" else key
        now = state.sort or (("" if table.primary.better == "lower" else "-") + table.primary.key)
        turned = key if first.startswith("-") else f"-{key}"
        shown = {f"-{key}": "descending", key: "ascending"}.get(now, "")
        found.append((heading, f"?{state.query(arena, sort=turned if now == first else first)}", shown, column))
    return found


def _tabs(arena: Arena, state: TableState) -> list[tuple[str, str, str, bool]]:
    """Name, title, link and whether it is the present one: every setting, then all side by side."""
    kept = {"metrics": (), "sort": ""}
    tabs = [(s["name"], s["title"], f"?{state.query(arena, setting=s['name'], view='metrics', **kept)}",
             state.view == "metrics" and s["name"] == state.setting) for s in arena.settings]
    if len(tabs) > 1:
        tabs.append(("all settings", "the first metric in every setting",
                     f"?{state.query(arena, view='settings', setting=default_state(arena).setting, **kept)}",
                     state.view == "settings"))
    return tabs


def _rank_plot(table: Table, state: TableState):
    """Average ranks over seeds within a setting, or over settings when they stand side by side."""
    titles = {row.method: row.title for row in table.rows}
    column = table.primary
    if state.view == "settings":
        values = {row.method: {key: cell.mean for key, cell in row.cells.items() if not cell.stale}
                  for row in table.rows}
        everywhere = {slug: of for slug, of in values.items() if len(of) == len(table.columns)}
        if len(everywhere) > MOST_RANKED:
            return None
        return rank_plot(compare_ranks(everywhere, column.better), titles, f"{len(table.columns)} settings")
    values = statistics.well_measured(table.values(column.key))
    if len(values) > MOST_RANKED:
        return None
    return rank_plot(compare_ranks(values, column.better), titles, "the seeds all of them share")


def _separated(query: str) -> str:
    return f"{query}&" if query else ""
