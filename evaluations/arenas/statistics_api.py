"""The statistics of one arena and the comparison across arenas, as data."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from ninja import Query, Router
from ninja.errors import HttpError

from evaluations.arenas.across import ARENAS, BLOCKS, across, across_record
from evaluations.arenas.statistics import arena_statistics, statistics_record
from evaluations.tables.build import TableError
from evaluations.tables.state import read_state
from methods.models import Arena

router = Router(tags=["statistics"])


@router.get("/arenas/{slug}/statistics", response=dict[str, Any], summary="Ranks, chances to improve, reliability",
            openapi_extra={"parameters": [
                {"in": "query", "name": name, "schema": {"type": "string"}, "description": text} for name, text in {
                    "setting": "a setting of the arena; the main one when left out",
                    "scale": "full (when left out), smoke or gpu",
                    "metrics": "one metric; the first when left out",
                    "methods": "comma-separated slugs; all when left out"}.items()]})
def get_statistics(request, slug: str, against: str = "", posthoc: str = "nemenyi"):
    arena = get_object_or_404(Arena, slug=slug)
    try:
        return statistics_record(arena_statistics(arena, read_state(arena, request.GET), against=against,
                                                  posthoc=posthoc))
    except TableError as error:
        raise HttpError(400, str(error)) from error


@router.get("/compare", response=dict[str, Any], summary="Arenas at a glance, and methods that several arenas share")
def get_comparison(request, methods: list[str] = Query([]), blocks: str = ARENAS):  # noqa: B008, ninja's own form
    if blocks not in BLOCKS:
        raise HttpError(400, f"there are no blocks {blocks}; there are {', '.join(BLOCKS)}")
    return across_record(across(methods, blocks))
