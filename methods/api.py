"""Methods, their links and how much of the library is covered."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema
from ninja.pagination import paginate

from methods.extensions import extensions
from methods.models import Method, PaperLink
from methods.selectors import broken_files, broken_for, coverage, links_of, method_list, papers_of
from methods.services import curate_link, forget_curation
from papers.models import Paper
from papers.parameters import Body, Id, Page, Pages, Word
from papers.web import may_call

router = Router(tags=["methods"])


class MethodFilter(Schema):
    q: Annotated[Word, Field(description="words that all stand in title, summary or slug")] = ""
    arena: Word = ""
    fidelity: Literal["", "faithful", "core", "proxy", "baseline"] = ""
    measured: Literal["", "yes", "no"] = ""


class MethodRow(Schema):
    arena: str
    slug: str
    title: str
    summary: str
    fidelity: str
    year: int | None
    runs_done: int
    is_broken: bool

    @staticmethod
    def resolve_arena(method):
        return method.arena_id

    @staticmethod
    def resolve_runs_done(method):
        return method.done


class LinkOut(Schema):
    paper: int
    paper_title: str
    method: str
    kind: str
    origin: str
    state: str
    score: float | None
    percentile: float | None
    reason: list[str]

    @staticmethod
    def resolve_paper(link):
        return link.paper_id

    @staticmethod
    def resolve_paper_title(link):
        return link.paper.title

    @staticmethod
    def resolve_method(link):
        return link.method.key


class MethodDetail(Schema):
    arena: str
    slug: str
    title: str
    summary: str
    explanation: str
    departure: str
    fidelity: str
    year: int | None
    papers: list[dict]
    params: list[dict]
    claims: list[dict]
    needs_scale: list[str]
    source_path: str
    source_code: str
    code_digest: str
    present: bool
    broken: str
    links: Annotated[list[LinkOut], Field(description="the part that was asked for, of `links_count`")]
    links_count: int

    @staticmethod
    def resolve_arena(method):
        return method.arena_id

    @staticmethod
    def resolve_broken(method):
        """The sentence that says which file is broken, and so why it cannot be run; "" for none."""
        return str(broken_for(method.arena_id, method.slug) or "")

    @staticmethod
    def resolve_links(method):
        return method.links_shown


class BrokenFileOut(Schema):
    path: str
    arena: str
    method: str
    place: str
    line: int
    reason: str
    found_at: datetime


class CurateIn(Body):
    method: Annotated[Word, Field(description="ARENA/METHOD")]
    word: Literal["accept", "reject", "undo"]


@router.get("/methods", response=list[MethodRow])
@paginate(Pages, times=lambda methods, since: methods.filter(pk__in=extensions.measured(since)))
def methods(request, filters: Query[MethodFilter]):
    """With `since` those with a run of full scale that ended then or later."""
    return method_list(**filters.dict())


@router.get("/broken-files", response=list[BrokenFileOut], summary="Files of the method library that are broken")
@paginate(Pages, times=("found_at",))
def list_broken_files(request):
    """`place` and `line` say where the fault is: in the file itself or in one that it needs. `method` is "" for the
    file of an arena."""
    return broken_files()


@router.get("/methods/{arena}/{slug}", response=MethodDetail)
def method(request, arena: str, slug: str, page: Query[Page]):
    """A method and its papers, those it implements first; `limit` and `offset` say which part of the papers."""
    found: Any = get_object_or_404(Method, arena_id=arena, slug=slug)  # with a part of its links
    papers = papers_of(found)
    found.links_shown, found.links_count = list(page.of(papers)), papers.count()
    for link in found.links_shown:
        link.method = found
    return found


@router.get("/papers/{paper_id}/links", response=list[LinkOut])
@paginate(Pages)
def paper_links(request, paper_id: Id):
    return links_of(get_object_or_404(Paper, pk=paper_id)).select_related("paper", "method")


@router.post("/papers/{paper_id}/links", response=list[LinkOut])
@paginate(Pages)
@may_call("methods.change_paperlink")
def curate_paper_link(request, paper_id: Id, body: CurateIn):
    """`word` is accept, reject or undo; accepting a method that is not linked links it."""
    paper = get_object_or_404(Paper, pk=paper_id)
    arena, _, slug = body.method.partition("/")
    method = get_object_or_404(Method, arena_id=arena, slug=slug)
    if body.word == "undo":
        forget_curation(link=get_object_or_404(PaperLink, paper=paper, method=method), by=request.user)
    else:
        curate_link(paper=paper, method=method, state=f"{body.word}ed", by=request.user)
    return links_of(paper).select_related("paper", "method")


@router.get("/coverage", response=dict)
def library_coverage(request):
    """Papers by link kind, fidelity, measured and verdict."""
    return coverage()
