"""The statistics of one arena, as data."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Query, Router
from ninja.errors import HttpError

from evaluations.arenas.api import TableQuery
from evaluations.runs.stamps import kept, results_stamp, stamp_of
from evaluations.tables.build import TableError
from evaluations.tables.state import read_state
from evaluations.tables.statistics import arena_statistics, statistics_record
from methods.models import Arena

router = Router(tags=["statistics"])


@router.get("/arenas/{slug}/statistics", response=dict[str, Any], summary="Ranks, chances to improve, reliability")
def get_statistics(request, slug: str, state: Query[TableQuery], against: str = "", posthoc: str = "nemenyi"):
    arena = get_object_or_404(Arena, slug=slug)
    try:
        shown = read_state(arena, request.GET)
        return kept(f"statistics-of-{slug}-{stamp_of(shown, against, posthoc)}", results_stamp(slug),
                    lambda: statistics_record(arena_statistics(arena, shown, against=against, posthoc=posthoc)))
    except TableError as error:
        raise HttpError(400, str(error)) from error
