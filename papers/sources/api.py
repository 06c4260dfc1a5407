"""Sources and papers asked for, as data. Reading needs a login here: addresses tell what people follow."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate

from papers.parameters import Body, Id, Pages
from papers.sources import selectors, services
from papers.sources.forms import SourceForm
from papers.sources.models import Source, WantedPaper
from papers.sources.wanted import NotAdded, ask_for_wanted, drop_wanted, retry_wanted, want_papers
from papers.web import may_call

router = Router(tags=["sources"])
Kind = Literal["arxiv", "daily_papers", "feed", "imap", "folder"]


class WantedOut(Schema):
    id: int
    kind: str
    identifier: str
    state: Annotated[str, Field(description="queued, waiting (its reason says why) or added")]
    reason: str
    attempts: int
    next_try_at: datetime | None
    paper: int | None
    asked_at: datetime

    @staticmethod
    def resolve_paper(row):
        return row.paper_id


class Add(Body):
    text: Annotated[str, Field(max_length=1_000_000, description="identifiers or addresses, in any text")] = ""
    ids: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=500)] = []


class SourceIn(Body):
    """A source as the form takes it; only the fields of its kind count."""

    name: Annotated[str, Field(max_length=120)]
    kind: Kind
    categories: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=20)] = []
    query: str = ""
    feed: Annotated[str, Field(description="address of an RSS, Atom or JSON feed")] = ""
    server: str = ""
    user: str = ""
    password: Annotated[str, Field(description="is stored encrypted and never given out")] = ""
    password_variable: str = ""
    mailbox: str = "INBOX"
    sender: str = ""
    security: Literal["tls", "none"] = "tls"
    path: str = ""
    every_minutes: Annotated[int | None, Field(ge=1, le=43200)] = None
    daily_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None


class SourceOut(Schema):
    id: int
    name: str
    kind: str
    place: Annotated[str, Field(description="where it looks; passwords and keys in it are hidden")]
    schedule: str
    active: bool
    running: bool
    outcome: Annotated[str, Field(description="of the last fetch: untried, new, quiet, stale or failed")]
    reason: str
    failures: int
    fetched: int
    brought: int
    newest_id: str
    newest_on: date | None
    last_run_at: datetime | None
    last_new_at: datetime | None
    next_run_at: datetime | None

    @staticmethod
    def resolve_running(source):
        return source.running_since is not None


class FetchOut(Schema):
    id: int
    started_at: datetime
    finished_at: datetime
    outcome: str
    reason: str
    via: str
    listed: int
    brought: int
    notes: list[str]
    digests: list[int]

    @staticmethod
    def resolve_digests(fetch):
        return [digest.pk for digest in fetch.digests.all()]


class TrialPaper(Schema):
    title: str
    arxiv_id: str | None
    doi: str | None


class TrialOut(Schema):
    error: str
    via: str
    listed: int
    known: Annotated[int, Field(description="of `papers`, here already")]
    papers: list[TrialPaper]
    notes: list[str]


@router.post("/papers/add", response={202: list[WantedOut]})
@may_call("papers.add_digest")
def add_papers(request, body: Add):
    """Add papers by arXiv id, DOI, or an address at arXiv, OpenReview, ACL Anthology, Hugging Face or GitHub.

    They are fetched in the background; `/papers/wanted` says how far that is.
    """
    try:
        wanted = want_papers(text="\n".join([body.text, *body.ids]), by=request.user)
    except NotAdded as error:
        raise HttpError(422, str(error)) from None
    if any(row.state != WantedPaper.ADDED for row in wanted):
        ask_for_wanted()
    return Status(202, wanted)


@router.get("/papers/wanted", response=list[WantedOut])
@may_call("")
@paginate(Pages, times=("asked_at", "paper__created_at"))
def wanted_papers(request):
    """What waits, with its reason, and what arrived within a week."""
    return selectors.wanted_list()


@router.post("/papers/wanted/{pk}/retry", response=WantedOut)
@may_call("papers.add_digest")
def retry(request, pk: Id):
    row = get_object_or_404(WantedPaper, pk=pk)
    retry_wanted(rows=[row])
    ask_for_wanted()
    row.refresh_from_db()
    return row


@router.delete("/papers/wanted/{pk}", response={204: None})
@may_call("papers.add_digest")
def take_off(request, pk: Id):
    """Take it off the list; a paper that arrived stays."""
    drop_wanted(row=get_object_or_404(WantedPaper, pk=pk))
    return Status(204, None)


@router.get("/sources", response=list[SourceOut])
@may_call("")
@paginate(Pages, times=("created_at", "last_run_at"))
def sources(request):
    """With `since` those that were made, or looked at, then or later."""
    return selectors.source_list()


@router.post("/sources", response={201: SourceOut})
@may_call("papers.add_source")
def add_source(request, body: SourceIn):
    saved = _saved(_described(body, Source()), request.user)
    services.run_now(source=saved)
    return Status(201, saved)


@router.post("/sources/try", response=TrialOut)
@may_call("papers.add_source")
def try_a_source(request, body: SourceIn):
    """What a fetch would bring now. Nothing is saved."""
    return services.try_source(source=_described(body, Source()))


@router.get("/sources/{pk}", response=SourceOut)
@may_call("")
def source(request, pk: Id):
    return _source(pk)


@router.put("/sources/{pk}", response=SourceOut)
@may_call("papers.change_source")
def edit_source(request, pk: Id, body: SourceIn):
    """A password that is left out stays as it is."""
    return _saved(_described(body, _source(pk)), request.user)


@router.get("/sources/{pk}/fetches", response=list[FetchOut])
@may_call("")
@paginate(Pages, times=("finished_at",))
def fetches(request, pk: Id):
    """What each look at it brought, the last first."""
    return selectors.fetches_of(_source(pk))


@router.post("/sources/{pk}/{action}", response=SourceOut)
@may_call("papers.change_source")
def act(request, pk: Id, action: Literal["run", "pause", "resume"]):
    """Fetch it now, or stop or go on fetching it on schedule."""
    found = _source(pk)
    if action == "run":
        services.run_now(source=found)
    else:
        services.pause_source(source=found, paused=action == "pause", by=request.user)
    return _source(pk)


@router.delete("/sources/{pk}", response={204: None})
@may_call("papers.delete_source")
def remove(request, pk: Id):
    """Its papers stay. For a week it can be brought back on the page of sources."""
    services.remove_source(source=_source(pk), by=request.user)
    return Status(204, None)


def _source(pk: int) -> Source:
    return get_object_or_404(selectors.source_list(), pk=pk)


def _saved(source: Source, by: Any) -> Source:
    try:
        return services.save_source(source=source, by=by)
    except ValidationError as error:
        raise HttpError(422, " ".join(error.messages)) from None


def _described(body: SourceIn, source: Source) -> Source:
    """The source as the body describes it, by the rules of the form. Raises HttpError naming every wrong field."""
    data: dict[str, Any] = body.dict()
    data |= {"secret": data.pop("password"), "categories": ", ".join(body.categories)}
    form = SourceForm(data, instance=source)
    if not form.is_valid():
        raise HttpError(422, "; ".join(f"{'' if name == '__all__' else f'{name}: '}{' '.join(map(str, words))}"
                                       for name, words in form.errors.items()))
    return form.source()
