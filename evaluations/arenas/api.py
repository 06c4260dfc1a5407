"""Arenas and their tables as data: the same state, the same numbers and the same files as the page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.errors import HttpError
from ninja.pagination import LimitOffsetPagination, paginate

from evaluations.claims.record import ClaimRecord
from evaluations.claims.verdicts import claim_list
from evaluations.tables.build import TableError
from evaluations.tables.renderers.registry import render
from evaluations.tables.state import read_state
from methods.models import Arena
from methods.selectors import broken_files

router = Router(tags=["arenas"])


class ArenaOut(Schema):
    slug: str
    title: str
    question: str
    baseline: str
    metrics: list[dict[str, Any]]
    settings: list[dict[str, Any]]
    scales: list[str]

    @staticmethod
    def resolve_scales(arena):
        return list(arena.scales)


class ArenaDetail(ArenaOut):
    broken: list[str]
    explanation: str
    sources: list[dict[str, Any]]
    methods: list[str]
    claims: list[ClaimRecord]

    @staticmethod
    def resolve_methods(arena):
        return list(arena.methods.filter(present=True).order_by("slug").values_list("slug", flat=True))

    @staticmethod
    def resolve_broken(arena):
        """Which of its files are broken, and why."""
        return [str(file) for file in broken_files(arena=arena.slug)]

    @staticmethod
    def resolve_claims(arena):
        return [ClaimRecord.of(standing) for standing in claim_list(arena=arena)]


@router.get("/arenas", response=list[ArenaOut], summary="Arenas")
@paginate(LimitOffsetPagination)
def list_arenas(request):
    return Arena.objects.filter(present=True)


@router.get("/arenas/{slug}", response=ArenaDetail, summary="An arena, its methods and its claims with verdicts")
def get_arena(request, slug: str):
    return get_object_or_404(Arena, slug=slug)


@router.get("/arenas/{slug}/table", summary="A comparison table as a file", openapi_extra={
    "parameters": [
        {"in": "query", "name": name, "schema": {"type": "string"}, "description": text} for name, text in {
            "setting": "a setting of the arena; the main one when left out",
            "scale": "full (when left out), smoke or gpu",
            "metrics": "comma-separated; all when left out",
            "methods": "comma-separated slugs; all when left out",
            "sort": "a column, with - in front for descending",
            "view": "metrics (one setting) or settings (one metric across settings)",
            "vs": "baseline adds paired differences to it",
        }.items()],
    "responses": {200: {"description": "The file"}, 400: {"description": "What the arena does not have"}}})
def get_table(request, slug: str, format: str = "json"):
    arena = get_object_or_404(Arena, slug=slug)
    try:
        contents, media_type, name = render(read_state(arena, request.GET).build(arena), format)
    except TableError as error:
        raise HttpError(400, str(error)) from error
    return HttpResponse(contents, content_type=media_type,
                        headers={"Content-Disposition": f'attachment; filename="{name}"'})
