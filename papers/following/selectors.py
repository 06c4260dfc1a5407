"""What the pages of views, follows and notifications show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import QueryDict

from papers.feeds import ENTRIES, Entry
from papers.following.digests import Digest, digest_of, waiting_of
from papers.following.kinds import author_key
from papers.following.links import resolved
from papers.following.models import Channel, Delivery, Follow, Notification, SavedView
from papers.following.registry import TITLES, Asked, Found, registry

COUNTED = 99  # of what is new: past that nobody counts
KEPT = 3600  # seconds for which a count is remembered; it is asked for anew when something newer is there


@dataclass(frozen=True)
class Shown:
    """A saved view with how many new things it has since it was opened."""

    view: SavedView
    new: int
    noun: str

    @property
    def number(self) -> str:
        return f"{COUNTED}+" if self.new > COUNTED else str(self.new)


def views_of(owner: Any) -> QuerySet[SavedView]:
    """The owner's views in order."""
    return SavedView.objects.filter(owner=owner, removed_at=None, kind__in=registry.views).select_related(
        "follow", "owner")


def view_list(owner: Any, *, start: bool = False) -> list[SavedView]:
    """All of them; with `start`, those on the start page."""
    return list(views_of(owner).filter(on_start=True) if start else views_of(owner))


def counted(views: list[SavedView]) -> list[Shown]:
    """Each with its new things; where nothing is newer that costs one look at an index for all of a kind."""
    latest: dict[tuple, str] = {}
    shown = []
    for view in views:
        kind = registry.views[view.kind]
        arguments = resolved(view.path).kwargs
        key = (view.kind, tuple(sorted(arguments.items())))
        if key not in latest:
            latest[key] = kind.latest(arguments, False)
        new = 0
        if latest[key] > view.opened_mark:
            remembered = f"new-in-view-{view.pk}-{hash((view.opened_mark, latest[key], view.query))}"
            new = cache.get(remembered)
            if new is None:
                new = len(kind.entries(Asked(QueryDict(view.query), arguments, view.owner, view.opened_mark,
                                             latest[key], COUNTED + 1)))
                cache.set(remembered, new, KEPT)
        shown.append(Shown(view, new, kind.new))
    return shown


def entries_of(view: SavedView) -> list[Entry]:
    """The newest things of a view, for its page and feeds."""
    return registry.views[view.kind].entries(Asked(
        QueryDict(view.query), resolved(view.path).kwargs, view.owner, limit=ENTRIES))


@dataclass(frozen=True)
class Kept:
    """A follow with its page, None where what it is about is gone, and what one may be told of."""

    follow: Follow
    kind: str
    found: Found | None
    events: tuple[tuple[str, str, bool], ...]


def follows_of(owner: Any) -> QuerySet[Follow]:
    """What the owner follows of the kinds that there are, by kind and title."""
    return Follow.objects.filter(owner=owner, kind__in=registry.follows).select_related("owner")


def shown_follows(follows: Iterable[Follow]) -> list[Kept]:
    """Each with its page; a query for each."""
    return [Kept(follow, kind.title, kind.find(follow.key, follow.owner), tuple(
        (name, TITLES[name], name in follow.events) for name in kind.events))
        for follow in follows for kind in [registry.follows[follow.kind]]]


def is_followed(owner: Any, kind: str, key: str) -> bool:
    return Follow.objects.filter(owner=owner, kind=kind, key=key).exists()


def followed_authors(owner: Any, names: Sequence[str]) -> set[str]:
    """Those of the names that the owner follows."""
    keys = {name: author_key(name) for name in names}
    followed = set(Follow.objects.filter(owner=owner, kind="author", key__in=keys.values()).values_list(
        "key", flat=True))
    return {name for name, key in keys.items() if key in followed}


def channel_list(owner: Any) -> list[tuple[Channel, list[Delivery], int]]:
    """Each with the newest of its log and how many wait on it."""
    return [(channel, list(channel.deliveries.select_related("event")[:15]), waiting_of(channel).count())
            for channel in Channel.objects.filter(owner=owner)]


def notification_list(owner: Any, *, unread: bool = False) -> QuerySet[Notification]:
    rows = Notification.objects.filter(owner=owner).select_related("event")
    return rows.filter(read_at=None) if unread else rows


def unread_count(owner: Any) -> int:
    """Counted to 100 at most."""
    return Notification.objects.filter(owner=owner, read_at=None).order_by()[:100].count()


def preview_of(channel: Channel) -> Digest:
    """What its next digest would say, if it came now."""
    return digest_of(waiting_of(channel)[:1000], channel)
