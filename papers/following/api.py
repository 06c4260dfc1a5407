"""What an account follows, its saved views and its notifications, as data. An account sees its own alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate

from papers.following import selectors, services
from papers.following.links import token_of
from papers.following.models import Follow, Notification, SavedView
from papers.following.registry import registry
from papers.parameters import Body, Id, Pages, Word
from papers.web import may_call

router = Router(tags=["following"])
Result = TypeVar("Result")


class EventOut(Schema):
    name: str
    title: str
    told: Annotated[bool, Field(description="whether the account is told of it")]


class FollowOut(Schema):
    """A follow as the page shows it."""

    id: int
    kind: str
    key: str
    title: str
    address: Annotated[str | None, Field(description="its page; null where it is gone")]
    events: list[EventOut]
    created_at: datetime

    @staticmethod
    def resolve_id(kept):
        return kept.follow.pk

    @staticmethod
    def resolve_kind(kept):
        return kept.follow.kind

    @staticmethod
    def resolve_key(kept):
        return kept.follow.key

    @staticmethod
    def resolve_title(kept):
        return kept.follow.title

    @staticmethod
    def resolve_address(kept):
        return kept.found.path if kept.found else None

    @staticmethod
    def resolve_events(kept):
        return [{"name": name, "title": title, "told": told} for name, title, told in kept.events]

    @staticmethod
    def resolve_created_at(kept):
        return kept.follow.created_at


class FollowIn(Body):
    kind: Annotated[Word, Field(description="topic, author, cluster, search, paper, method, arena, claim, verdicts, "
                                            "runs or source")]
    key: Annotated[str, Field(max_length=500, description="words, a name, a number, ARENA/METHOD, or a search's "
                                                          "parameters; “all” of verdicts and sources")]


class EventsIn(Body):
    events: Annotated[list[Word], Field(max_length=20, description="names of the events to be told of; no others")]


class ViewOut(Schema):
    """A saved view as the start page shows it."""

    id: int
    name: str
    kind: str
    address: str
    on_start: bool
    told: Annotated[bool, Field(description="whether the account is told of what is new")]
    new: Annotated[int, Field(description="things since it was opened; not counted past 100")]
    feed: Annotated[str, Field(description="its Atom feed, which opens by this address alone; feed.json beside it")]
    created_at: datetime

    @staticmethod
    def resolve_id(shown):
        return shown.view.pk

    @staticmethod
    def resolve_name(shown):
        return shown.view.name

    @staticmethod
    def resolve_kind(shown):
        return registry.views[shown.view.kind].title

    @staticmethod
    def resolve_address(shown):
        return shown.view.address

    @staticmethod
    def resolve_on_start(shown):
        return shown.view.on_start

    @staticmethod
    def resolve_told(shown):
        return hasattr(shown.view, "follow")

    @staticmethod
    def resolve_feed(shown):
        return f"/views/{shown.view.pk}/{token_of(shown.view)}/feed.atom"

    @staticmethod
    def resolve_created_at(shown):
        return shown.view.created_at


class ViewIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=120)]
    address: Annotated[str, Field(max_length=2500, description="of a list here: /papers/?q=adapters")]


class ViewChange(Body):
    name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    on_start: bool | None = None
    told: bool | None = None
    opened: Annotated[bool, Field(description="all that is there now counts as seen")] = False


class NewOut(Schema):
    title: str
    address: Annotated[str, Field(validation_alias="path")]
    at: datetime
    text: str


class NotificationOut(Schema):
    id: int
    kind: str
    title: str
    text: str
    address: str
    items: Annotated[list[tuple[str, str]], Field(description="title and address of what arrived")]
    because: Annotated[str, Field(description="what of the follows it is about")]
    at: datetime
    read_at: datetime | None

    @staticmethod
    def resolve_kind(row):
        return row.event.kind

    @staticmethod
    def resolve_title(row):
        return row.event.title

    @staticmethod
    def resolve_text(row):
        return row.event.text

    @staticmethod
    def resolve_address(row):
        return row.event.url

    @staticmethod
    def resolve_items(row):
        return [(title, path) for title, path in row.event.items]


class NotificationQuery(Schema):
    unread: Annotated[bool, Field(description="only what was not read")] = False


class ReadIn(Body):
    read: bool = True


class MarkedOut(Schema):
    unread: Annotated[int, Field(description="how many are left, counted to 100")]


def _doing(act: Callable[[], Result]) -> Result:
    """What the service answers; its refusals with their sentences."""
    try:
        return act()
    except services.NotDone as refused:
        raise HttpError(400, str(refused)) from None


class Follows(Pages):
    """Looks up the subjects of the page's rows only."""

    def paginate_queryset(self, queryset, pagination, request, **params):
        page = super().paginate_queryset(queryset, pagination, request, **params)
        return {**page, "items": selectors.shown_follows(page["items"])}


@router.get("/follows", response=list[FollowOut])
@may_call("")
@paginate(Follows, times=("created_at",))
def follows(request):
    """What the account follows, by kind and title."""
    return selectors.follows_of(request.user)


@router.post("/follows", response={201: FollowOut})
@may_call("")
def follow(request, body: FollowIn):
    """Follow something from now on; what is followed already stays as it is."""
    made = _doing(lambda: services.follow(owner=request.user, kind=body.kind, key=body.key))
    return Status(201, _shown_follow(made))


@router.patch("/follows/{pk}", response=FollowOut)
@may_call("")
def choose_events(request, pk: Id, body: EventsIn):
    """Choose what of it the account is told of."""
    found = get_object_or_404(selectors.follows_of(request.user), pk=pk)
    if unknown := set(body.events) - set(registry.follows[found.kind].events):
        raise HttpError(400, f"of this one is told of {', '.join(registry.follows[found.kind].events)}, not of "
                             f"{', '.join(sorted(unknown))}")
    services.choose_events(found, body.events)
    found.refresh_from_db()
    return _shown_follow(found)


@router.delete("/follows/{pk}", response={204: None})
@may_call("")
def stop_following(request, pk: Id):
    get_object_or_404(Follow, pk=pk, owner=request.user).delete()
    return Status(204, None)


class Views(Pages):
    """Counts what is new in the page's views only."""

    def paginate_queryset(self, queryset, pagination, request, **params):
        page = super().paginate_queryset(queryset, pagination, request, **params)
        return {**page, "items": selectors.counted(list(page["items"]))}


@router.get("/views", response=list[ViewOut])
@may_call("")
@paginate(Views, times=("created_at",))
def views(request):
    """The account's saved views in their order, each with how much is new in it."""
    return selectors.views_of(request.user)


@router.post("/views", response={201: ViewOut})
@may_call("")
def save_view(request, body: ViewIn):
    """Keep a list under a name; the same list again is the same view, renamed."""
    return Status(201, _shown_view(_doing(lambda: services.save_view(
        owner=request.user, name=body.name, address=body.address))))


@router.patch("/views/{pk}", response=ViewOut)
@may_call("")
def change_view(request, pk: Id, body: ViewChange):
    """Rename it, put it on the start page or off, be told of what is new or not, mark it as opened."""
    view = _view(request, pk)
    _doing(lambda: services.change_view(
        view, name=body.name or view.name, on_start=view.on_start if body.on_start is None else body.on_start,
        told=hasattr(view, "follow") if body.told is None else body.told))
    if body.opened:
        services.open_view(view)
    return _shown_view(view)


@router.delete("/views/{pk}", response={204: None})
@may_call("")
def remove_view(request, pk: Id):
    """For a week it can be brought back on the page of what one follows."""
    services.remove_view(_view(request, pk))
    return Status(204, None)


@router.get("/views/{pk}/entries", response=list[NewOut])
@may_call("")
@paginate(Pages, times=("at",))
def view_entries(request, pk: Id):
    """Its newest things, as its feed has them."""
    return selectors.entries_of(_view(request, pk))


@router.get("/notifications", response=list[NotificationOut])
@may_call("")
@paginate(Pages, times=("at",))
def notifications(request, query: Query[NotificationQuery]):
    """What the account was told of, newest first."""
    return selectors.notification_list(request.user, unread=query.unread)


@router.post("/notifications/read", response=MarkedOut)
@may_call("")
def mark_all_read(request):
    """All are read."""
    services.mark_all_read(owner=request.user)
    return {"unread": selectors.unread_count(request.user)}


@router.patch("/notifications/{pk}", response=NotificationOut)
@may_call("")
def mark(request, pk: Id, body: ReadIn):
    """One is read, or unread again."""
    get_object_or_404(Notification, pk=pk, owner=request.user)
    services.mark_read(owner=request.user, pk=pk, read=body.read)
    return selectors.notification_list(request.user).get(pk=pk)


def _view(request: Any, pk: int) -> SavedView:
    return get_object_or_404(selectors.views_of(request.user), pk=pk)


def _shown_view(view: SavedView) -> selectors.Shown:
    return selectors.counted([selectors.views_of(view.owner).get(pk=view.pk)])[0]


def _shown_follow(found: Follow) -> selectors.Kept:
    return selectors.shown_follows([found])[0]
