"""The statistics of one arena."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404, render

from evaluations.arenas.drawn import drawn
from evaluations.arenas.statistics import POSTHOCS, ArenaStatistics, arena_statistics
from evaluations.runs.stamps import results_stamp, stamp_of
from evaluations.tables.build import TableError
from evaluations.tables.plots.profile import profile_plot
from evaluations.tables.plots.ranks import rank_plot
from evaluations.tables.plots.rows import improvement_plot, ladder
from evaluations.tables.state import TableState, default_state, read_state
from methods.models import Arena


def arena_statistics_page(request, slug):
    """Ranks, chances to improve, profiles and reliability of one setting and metric."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    against, posthoc = request.GET.get("against", ""), request.GET.get("posthoc") or "nemenyi"
    try:
        state = read_state(arena, request.GET)
        body = drawn(f"statistics-{slug}-{stamp_of(state, against, posthoc)}", results_stamp(slug),
                     "evaluations/arenas/_statistics.html", lambda: _statistics(arena, state, against, posthoc))
    except TableError as error:
        return render(request, "evaluations/arenas/arena_statistics.html", {
            "arena": arena, "error": str(error), "state": default_state(arena)}, status=400)
    return render(request, "evaluations/arenas/arena_statistics.html", {
        "arena": arena, "query": state.query(arena), "body": body})


def _statistics(arena: Arena, state: TableState, against: str, posthoc: str) -> dict[str, Any]:
    statistics = arena_statistics(arena, state, against=against, posthoc=posthoc)
    measured = statistics.table.values(statistics.column.key)
    return {"arena": arena, "state": state, "found": statistics, "posthoc": posthoc, "posthocs": POSTHOCS,
            "query": state.query(arena), **_plots(statistics),
            "against_title": statistics.titles.get(statistics.against, ""),
            "measured": [row for row in statistics.table.rows if row.method in measured]}


def _plots(found: ArenaStatistics) -> dict:
    """The drawings; None for what there is nothing to draw of."""
    seeds, settings = found.over_seeds, found.over_settings
    values = found.table.values(found.column.key)
    return {
        "seed_plot": ladder("seeds", seeds.comparison, seeds.titles, "seeds") if seeds.comparison else None,
        "ranks": rank_plot(seeds.comparison, found.titles, "seeds"),
        "setting_plot": ladder("settings", settings.comparison, settings.titles, "settings")
        if settings.comparison else None,
        "improvement": improvement_plot([(each.title, each.chance) for each in found.improvements],
                                        found.titles.get(found.against, "")),
        "profile": profile_plot({slug: values[slug] for slug in found.profiles}, found.titles, found.column.better,
                                found.column.heading, found.column.decimals)}
