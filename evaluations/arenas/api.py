"""Arenas and their tables as data: the same state, the same numbers and the same files as the page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate

from evaluations.arenas.drawn import table_of
from evaluations.claims.record import ClaimRecord
from evaluations.claims.verdicts import claim_list
from evaluations.models import Run
from evaluations.tables.build import TableError
from evaluations.tables.renderers.registry import render
from evaluations.tables.state import read_state
from methods.models import Arena
from methods.selectors import broken_files, papers_implemented
from papers.bibliography.registry import NoSuchFormat
from papers.bibliography.responses import Format, download
from papers.parameters import Page, Pages

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
    methods: Annotated[list[str], Field(description="the part that was asked for, of `methods_count`")]
    methods_count: int
    claims: Annotated[list[ClaimRecord], Field(description="the part that was asked for, of `claims_count`")]
    claims_count: int

    @staticmethod
    def resolve_methods(arena):
        return arena.methods_shown

    @staticmethod
    def resolve_broken(arena):
        """Which of its files are broken, and why."""
        return [str(file) for file in broken_files(arena=arena.slug)]

    @staticmethod
    def resolve_claims(arena):
        return arena.claims_shown


class TableQuery(Schema):
    """A table's state, as in the address of its page; `read_state` reads it."""

    setting: str = Field("", description="a setting of the arena; the main one when left out")
    scale: str = Field("", description="full (when left out), smoke or gpu")
    metrics: list[str] = Field([], description="comma-separated or repeated; all when left out")
    methods: list[str] = Field([], description="comma-separated or repeated slugs; all when left out")
    sort: str = Field("", description="a column, with - in front for descending")
    view: str = Field("", description="metrics (one setting) or settings (one metric across settings)")
    vs: str = Field("", description="baseline, or a method's slug, adds paired differences to it")
    q: str = Field("", description="only methods with these words in title or slug; tiers stay those among all")
    tier: str = Field("", description="only this tier of the first metric and better ones")
    fidelity: list[str] = Field([], description="only these: faithful, core, proxy")
    year: str = Field("", description="only methods of this year or later")
    most_of: str = Field("", description="a column that `most` bounds, such as parameters or seconds")
    most: str = Field("", description="only methods with at most this in the column `most_of`")
    variants: list[str] = Field([], description="further rows, repeated: a method with hyperparameters of one's own, "
                                                "such as `lora;r=2` or `lora;r=2;alpha=4`")


def _measured_since(arenas: QuerySet[Arena], since: datetime) -> QuerySet[Arena]:
    return arenas.filter(pk__in=Run.objects.filter(state=Run.DONE, finished_at__gte=since).order_by().values(
        "method__arena"))


@router.get("/arenas", response=list[ArenaOut], summary="Arenas")
@paginate(Pages, times=_measured_since)
def list_arenas(request):
    """With `since` those with a run that ended well then or later."""
    return Arena.objects.filter(present=True)


@router.get("/arenas/{slug}", response=ArenaDetail, summary="An arena, its methods and its claims with verdicts")
def get_arena(request, slug: str, page: Query[Page]):
    """`limit` and `offset` say which part of the methods and of the claims."""
    arena: Any = get_object_or_404(Arena, slug=slug)  # with the parts of its lists
    methods = arena.methods.filter(present=True).order_by("slug").values_list("slug", flat=True)
    claims = claim_list(arena=arena)
    arena.methods_shown, arena.methods_count = list(page.of(methods)), methods.count()
    arena.claims_shown, arena.claims_count = [ClaimRecord.of(each) for each in page.of(claims)], len(claims)
    return arena


@router.get("/arenas/{slug}/bibliography", summary="The papers of a table's rows as a file",
            openapi_extra={"responses": {200: {"description": "The file"}}})
def get_bibliography(request, slug: str, state: Query[TableQuery], format: Format = "bibtex"):
    """Those that the methods of exactly these rows implement."""
    arena = get_object_or_404(Arena, slug=slug)
    try:
        slugs = list(dict.fromkeys(row.slug for row in table_of(arena, read_state(arena, request.GET)).rows))
        return download(papers_implemented(arena, slugs), format, f"{slug}-papers")
    except (TableError, NoSuchFormat) as error:
        raise HttpError(400, str(error)) from error


@router.get("/arenas/{slug}/table", summary="A comparison table as a file",
            openapi_extra={"responses": {200: {"description": "The file"}}})
def get_table(request, slug: str, state: Query[TableQuery], format: str = "json"):
    arena = get_object_or_404(Arena, slug=slug)
    try:
        contents, media_type, name = render(table_of(arena, read_state(arena, request.GET)), format)
    except TableError as error:
        raise HttpError(400, str(error)) from error
    return HttpResponse(contents, content_type=media_type,
                        headers={"Content-Disposition": f'attachment; filename="{name}"'})
