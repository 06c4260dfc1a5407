"""What an account keeps, what is new, what trends and what is for it, as data. An account sees its own alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal

from django.http import Http404
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from ninja.errors import HttpError
from ninja.pagination import paginate

from papers.extensions import asker_of
from papers.paging import not_older
from papers.parameters import Body, Id, Moment, Pages, Problem, Since, Word
from papers.shelf import fields, owners, periods, selectors
from papers.shelf import for_me as ranking
from papers.shelf import inbox as arriving
from papers.shelf.export import as_data
from papers.shelf.models import PaperList, Tag
from papers.shelf.services import ShelfError, list_papers, set_state, tag_papers, write_note
from papers.shelf.trending import trend_rows, trending
from papers.shelf.undoing import NothingToUndo, undo
from papers.web import may_call

router = Router(tags=["shelf"])
MOST_PAPERS = 500  # in one request


class KeptQuery(Schema):
    state: Annotated[Literal["", "starred", "unread", "read", "hidden", "noted", "kept"], Field(
        alias="is", description="kept: starred, noted, tagged or listed")] = "kept"
    tag: Annotated[Word, Field(description="with the tag or one that lies in it")] = ""
    list: Annotated[Id | None, Field(description="on this list")] = None
    note: Annotated[Word, Field(description="whose note has these words")] = ""
    since: Since = None


class KeptOut(Schema):
    paper: int
    title: str
    arxiv_id: str | None
    doi: str | None
    starred_at: datetime | None
    read_at: datetime | None
    hidden_at: datetime | None
    note: Annotated[str, Field(description="Markdown")]
    tags: list[str]
    lists: list[str]


class Change(Body):
    papers: Annotated[list[Id], Field(min_length=1, max_length=MOST_PAPERS)]
    star: bool | None = None
    read: bool | None = None
    hide: bool | None = None
    add_tags: Annotated[list[Word], Field(max_length=20)] = []
    remove_tags: Annotated[list[Word], Field(max_length=20)] = []
    add_to_lists: Annotated[list[Word], Field(max_length=20, description="by name; new ones are made")] = []
    remove_from_lists: Annotated[list[Word], Field(max_length=20)] = []


class NoteIn(Body):
    text: Annotated[str, Field(max_length=20_000, description="Markdown; empty takes the note away")]


class DoneOut(Schema):
    done: Annotated[list[str], Field(description="what was changed, an action each; empty where nothing had to be")]


class TagOut(Schema):
    id: int | None
    name: str
    colour: str
    papers: int

    @staticmethod
    def resolve_id(tag):
        return tag.pk


class ListOut(Schema):
    id: int
    name: str
    about: str
    size: int
    shared: bool
    shared_until: datetime | None


class ListIn(Body):
    name: Word
    about: Annotated[str, Field(max_length=5000)] = ""


class ShareIn(Body):
    days: Annotated[int | None, Field(ge=1, le=3650, description="null: for good")] = 30


class SharedOut(Schema):
    address: str
    until: datetime | None


class ListPaper(Schema):
    id: int
    title: str
    place: int


class ArrivedOut(Schema):
    digest: int
    position: int
    paper: int
    title: str


class ArrivalsOut(Schema):
    items: list[ArrivedOut]
    following: Annotated[str | None, Field(description="`after` of the next page")]


class PeriodOut(ArrivalsOut):
    kind: str
    name: str
    first: date
    end: Annotated[date, Field(description="the day after the last")]
    happened: list[dict[str, Any]]


class TrendOut(Schema):
    paper: int
    title: str
    points: float
    parts: dict[str, int]


class PickOut(Schema):
    paper: int
    title: str
    liking: Annotated[float, Field(description="0 to 1 among the candidates")]
    newness: Annotated[float, Field(description="halves every 14 days")]
    near: Annotated[int | None, Field(description="the nearest starred paper")]
    cosine: float
    words: Annotated[list[str], Field(description="shared with it")]


class QualityOut(Schema):
    n: Annotated[int, Field(description="stars, each held out once")]
    others: int
    auc: Annotated[float | None, Field(description="null where n is too small")]
    precision: Annotated[float | None, Field(description="share of held-out stars among the first `top`")]
    chance: float | None
    top: int


class AfterQuery(Schema):
    after: Annotated[str, Field(pattern=r"^(\d{1,18}-\d{1,9})?$", description="`following` of the page before")] = ""


class InboxQuery(AfterQuery):
    since: Since = None


def doing(act: Callable[[], Any]) -> Any:
    """What the service answers; its refusals as statuses with their sentences."""
    try:
        return act()
    except (PaperList.DoesNotExist, Tag.DoesNotExist):
        raise Http404("You have no such list or tag.") from None
    except (ShelfError, NothingToUndo) as refused:
        raise HttpError(400, str(refused)) from None


class AsData(Pages):
    """Asks for what is kept of the page's papers only."""

    def paginate_queryset(self, queryset, pagination, request, **params):
        page = super().paginate_queryset(queryset, pagination, request, **params)
        return {**page, "items": as_data(selectors.kept_by(request.user, page["items"]).values())}


@router.get("/shelf/papers", response=list[KeptOut])
@may_call("")
@paginate(AsData)
def kept(request, query: Query[KeptQuery]):
    """What the account keeps, the newest papers first; with `since` what it marked, noted or listed then or later."""
    wanted = {"is": query.state, "tag": query.tag, "list": str(query.list or ""), "note": query.note}
    papers = fields.papers_of(request.user, **{name: value for name, value in wanted.items() if value})
    return not_older(papers, query.since, partial(selectors.kept_since, request.user)).order_by("-pk").values_list(
        "pk", flat=True)


@router.post("/shelf/papers", response=DoneOut)
@may_call("")
def change(request, body: Change):
    """Star, read, hide, tag or list papers; false takes it off. Each change is an action that can be undone."""
    done = []
    for state in ("star", "read", "hide"):
        if (on := getattr(body, state)) is not None:
            done.append(doing(lambda state=state, on=on: set_state(  # type: ignore[misc]  # bound at once
                user=request.user, papers=body.papers, state=state, on=on)))
    for service, names, on in ((tag_papers, body.add_tags, True), (tag_papers, body.remove_tags, False),
                               (list_papers, body.add_to_lists, True), (list_papers, body.remove_from_lists, False)):
        for name in names:
            done.append(doing(lambda service=service, name=name, on=on: service(  # type: ignore[misc]  # the same
                user=request.user, papers=body.papers, name=name, on=on)))
    return {"done": [action.words for action in done if action]}


@router.put("/shelf/papers/{paper_id}/note", response=DoneOut)
@may_call("")
def note(request, paper_id: Id, body: NoteIn):
    """Write the account's note on a paper."""
    action = doing(lambda: write_note(user=request.user, paper=paper_id, text=body.text))
    return {"done": [action.words] if action else []}


@router.post("/shelf/undo", response=DoneOut)
@may_call("")
def undo_last(request):
    """Take back what the account did last; again for the one before. 400 where there is nothing to undo."""
    return {"done": [doing(lambda: undo(user=request.user)).words]}


@router.get("/shelf/tags", response=list[TagOut])
@may_call("")
def tags(request):
    """The account's tags, each after the one it lies in."""
    return selectors.tag_tree(request.user)


@router.get("/shelf/lists", response=list[ListOut])
@may_call("")
def lists(request, since: Since = None):
    return not_older(selectors.lists_of(request.user), since, ("changed_at",))


@router.post("/shelf/lists", response={201: ListOut})
@may_call("")
def make_list(request, body: ListIn):
    made = doing(lambda: owners.make_list(user=request.user, name=body.name, about=body.about))
    return 201, selectors.lists_of(request.user).get(pk=made.pk)


@router.get("/shelf/lists/{pk}", response=list[ListPaper])
@may_call("")
@paginate(Pages, times=("added_at",))
def list_entries(request, pk: Id):
    """The list's papers in its order."""
    return selectors.papers_on(doing(lambda: PaperList.objects.get(pk=pk, user=request.user)))


@router.post("/shelf/lists/{pk}/share", response=SharedOut)
@may_call("")
def share(request, pk: Id, body: ShareIn):
    """A new link to the list; an older one no longer works."""
    shared = doing(lambda: owners.share_list(user=request.user, pk=pk, days=body.days))
    return {"address": request.build_absolute_uri(f"/lists/shared/{shared.share_key}/"), "until": shared.shared_until}


@router.get("/inbox", response=ArrivalsOut)
@may_call("")
def inbox(request, query: Query[InboxQuery]):
    """What arrived and the account has not read, the newest digest first."""
    begins = arriving.reader_of(request.user).inbox_from
    return _arrivals(arriving.arrivals(since=max(begins, query.since or begins), asker=request.user, unread=True,
                                       after=_place(query)))


@router.post("/inbox/read", response=DoneOut)
@may_call("")
def inbox_read(request, until: Moment | None = None):
    """Mark all as read that arrived until then (now)."""
    return {"done": [arriving.mark_all_read(user=request.user, until=min(
        until or timezone.now(), timezone.now())).words]}


@router.get("/periods/{kind}/{name}", response=PeriodOut)
def a_period(request, kind: Literal["day", "week", "month"], name: str, query: Query[AfterQuery]):
    """What a day (2026-11-27), week (2026-W48) or month (2026-11) brought, and what was measured and decided then."""
    shown = periods.period(kind, name)
    if shown is None:
        raise Http404("There is no such day, week or month.")
    page = arriving.arrivals(since=shown.start, until=shown.until, asker=asker_of(request), after=_place(query))
    return {**_arrivals(page), "kind": kind, "name": shown.name, "first": shown.first, "end": shown.end, "happened": [
        {"title": part.title, "more": part.more, "sum": part.sum, "events": [
            {"words": event.words, "address": event.address, "status": event.status} for event in part.events]}
        for part in periods.happened_in(shown)]}


@router.get("/trending", response=list[TrendOut])
def trends(request, days: Literal[7, 14, 30] = 14, since: Since = None):
    """The papers that moved people here most, of 100 those that came `since`; reads and stars count for those who have
    an account."""
    rows = trend_rows(trending(days, asker_of(request))[:100])
    return [{"paper": each.trend.paper, "title": each.row.paper.title, "points": each.trend.points,
             "parts": dict(each.trend.parts)} for each in not_older(rows, since, _came_since)]


@router.get("/for-me", response={200: list[PickOut], 409: Problem})
@may_call("")
def for_me(request, recency: Annotated[int, Field(ge=0, le=100)] = 20, page: Annotated[int, Field(ge=1, le=20)] = 1,
           since: Since = None):
    """Papers by what the account likes; `recency` percent of the order is how new they are. With `since` those of the
    page that came then or later."""
    found = ranking.for_me(request.user, recency=recency, page=page)
    if found.problem:
        raise HttpError(409, found.problem)
    return [{"paper": pick.row.paper.pk, "title": pick.row.paper.title, "liking": pick.liking,
             "newness": pick.newness, "near": pick.star.pk if pick.star else None, "cosine": pick.cosine,
             "words": list(pick.words)} for pick in not_older(found.picks, since, _came_since)]


@router.get("/for-me/quality", response={200: QualityOut, 409: Problem})
@may_call("")
def for_me_quality(request):
    """The self-test on the account's own stars."""
    quality = ranking.quality(request.user)
    if quality is None:
        raise HttpError(409, "Nothing can be compared by meaning now.")
    return quality


def _came_since(rows: list[Any], since: datetime) -> list[Any]:
    return [each for each in rows if each.row.paper.created_at >= since]


def _place(query: AfterQuery) -> arriving.Place | None:
    digest, _, position = query.after.partition("-")
    return (int(digest), int(position)) if position else None


def _arrivals(page: arriving.Arrivals) -> dict[str, Any]:
    return {"items": [{"digest": each.digest.pk, "position": each.position, "paper": each.row.paper.pk,
                       "title": each.row.paper.title} for each in page.rows],
            "following": f"{page.following[0]}-{page.following[1]}" if page.following else None}
