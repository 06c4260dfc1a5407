"""The statistics of one arena."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.shortcuts import get_object_or_404, render

from evaluations.arenas.drawn import drawn
from evaluations.figures.asked import Asked
from evaluations.figures.figure import Figure
from evaluations.figures.registry import drawn_or_why, figures_stamp, kinds
from evaluations.runs.stamps import stamp_of
from evaluations.tables.build import TableError
from evaluations.tables.state import TableState, default_state, read_state
from evaluations.tables.statistics import POSTHOCS, ArenaStatistics, arena_statistics
from evaluations.tables.table import FIRST_ROWS
from methods.models import Arena

ELSEWHERE = ("intervals", "cost", "forest")  # figures that stand on the arena's page


def arena_statistics_page(request, slug):
    """Ranks, chances to improve, profiles and reliability of one setting and metric."""
    arena = get_object_or_404(Arena.objects.defer("source_code"), slug=slug)
    against, posthoc = request.GET.get("against", ""), request.GET.get("posthoc") or "nemenyi"
    try:
        state = read_state(arena, request.GET)
        body = drawn(f"statistics-{slug}-{stamp_of(state, against, posthoc)}", figures_stamp(slug),
                     "evaluations/arenas/_statistics.html", lambda: _statistics(arena, state, against, posthoc))
    except TableError as error:
        return render(request, "evaluations/arenas/arena_statistics.html", {
            "arena": arena, "error": str(error), "state": default_state(arena)}, status=400)
    return render(request, "evaluations/arenas/arena_statistics.html", {
        "arena": arena, "query": state.query(arena), "body": body})


def _statistics(arena: Arena, state: TableState, against: str, posthoc: str) -> dict[str, Any]:
    found = arena_statistics(arena, state, against=against, posthoc=posthoc)
    measured = found.table.values(found.column.key)
    return {"arena": arena, "state": state, "found": found, "posthoc": posthoc, "posthocs": POSTHOCS,
            "query": state.query(arena), "figures": _figures(arena, state, found, posthoc),
            "others": [(name, kinds()[name].TITLE) for name in ELSEWHERE],
            "against_title": found.titles.get(found.against, ""),
            "measured": [row for row in found.table.rows if row.method in measured]}


def _figures(arena: Arena, state: TableState, found: ArenaStatistics, posthoc: str
             ) -> dict[str, tuple[Figure | None, str]]:
    """The first rows of each, or why there is none."""
    def drawn_with(kind: str, **options: str) -> tuple[Figure | None, str]:
        chosen = {name: value for name, value in options.items() if value}
        return drawn_or_why(kind, Asked(arena, state, chosen, FIRST_ROWS, found.table, found))
    shown = "" if posthoc == POSTHOCS[0] else posthoc
    over_settings, why = drawn_with("ranks", over="settings", posthoc=shown)
    chosen_against = "" if found.against == arena.baseline else found.against
    return {"ranks": drawn_with("ranks", posthoc=shown),
            "settings": (replace(over_settings, key="settings") if over_settings else None, why),
            "improvement": drawn_with("improvement", against=chosen_against),
            **{kind: drawn_with(kind) for kind in ("profile", "iqm", "years", "behaviour", "curves")}}
