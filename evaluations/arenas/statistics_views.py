"""The statistics of one arena, and the comparison across arenas."""

from __future__ import annotations

from django.shortcuts import get_object_or_404, render

from evaluations.arenas.across import BLOCKS, across
from evaluations.arenas.statistics import POSTHOCS, ArenaStatistics, arena_statistics
from evaluations.tables.build import TableError
from evaluations.tables.plots.profile import profile_plot
from evaluations.tables.plots.ranks import rank_plot
from evaluations.tables.plots.rows import improvement_plot, ladder
from evaluations.tables.state import default_state, read_state
from methods.models import Arena


def arena_statistics_page(request, slug):
    """Ranks, chances to improve, profiles and reliability of one setting and metric."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    against, posthoc = request.GET.get("against", ""), request.GET.get("posthoc") or "nemenyi"
    try:
        state = read_state(arena, request.GET)
        found = arena_statistics(arena, state, against=against, posthoc=posthoc)
    except TableError as error:
        return render(request, "evaluations/arenas/arena_statistics.html", {
            "arena": arena, "error": str(error), "state": default_state(arena)}, status=400)
    return render(request, "evaluations/arenas/arena_statistics.html", {
        "arena": arena, "state": state, "found": found, "posthoc": posthoc, "posthocs": POSTHOCS,
        "query": state.query(arena), **_plots(found),
        "against_title": found.titles.get(found.against, ""),
        "measured": [row for row in found.table.rows if row.method in found.table.values(found.column.key)]})


def compare(request):
    """Every arena's statistics at a glance, and the methods that several arenas share."""
    blocks = request.GET.get("blocks", "")
    found = across([key for key in request.GET.getlist("methods") if key],
                   blocks if blocks in BLOCKS else BLOCKS[0])
    comparison = found.reading.comparison
    return render(request, "evaluations/arenas/compare.html", {
        "found": found, "kinds": BLOCKS,
        "plot": ladder("across", comparison, found.reading.titles, found.blocks) if comparison else None})


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
