"""Saving views, following, and the channels on which people are told."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Max
from django.http import Http404, QueryDict
from django.utils import timezone

from papers.following.digests import next_digest
from papers.following.links import resolved
from papers.following.models import Channel, Delivery, Event, Follow, Letter, Notification, SavedView, new_key
from papers.following.registry import NOTICE, registry
from papers.sources.addresses import masked
from papers.sources.passwords import encrypted

MOST_VIEWS, MOST_FOLLOWS, MOST_CHANNELS = 200, 1000, 10  # of an account
PLACES = ("page", "offset", "rows")  # parameters that say where in a list one is


class NotDone(Exception):
    """Why not, in words for the person who asked."""


def follow(*, owner: Any, kind: str, key: str, view: SavedView | None = None) -> Follow:
    """Tell the owner of what happens to it from now on. Raises NotDone."""
    known = registry.follows.get(kind)
    found = known.find(key, owner) if known else None
    if known is None or found is None:
        raise NotDone("There is nothing here that could be followed.")
    with transaction.atomic():
        there = Follow.objects.filter(owner=owner, kind=kind, key=found.key).first()
        if there:
            return there
        if Follow.objects.filter(owner=owner).count() >= MOST_FOLLOWS:
            raise NotDone(f"An account follows at most {MOST_FOLLOWS} things; stop some of them first.")
        mark = ""
        if known.watch:
            watched = known.watch(found.key)
            mark = registry.views[watched.kind].latest(watched.arguments, False)
        if known.on_follow:
            known.on_follow(found.key)
        return Follow.objects.create(owner=owner, kind=kind, key=found.key, title=found.title[:300], mark=mark,
                                     view=view, events=known.on_by_default)


def unfollow(*, owner: Any, kind: str, key: str) -> None:
    """Nothing happens where it was not followed."""
    found = registry.follows[kind].find(key, owner) if kind in registry.follows else None
    Follow.objects.filter(owner=owner, kind=kind, key__in={key, found.key if found else key}).delete()


def choose_events(follow: Follow, events: list[str]) -> None:
    """What of it one is told of; unknown words are left out."""
    Follow.objects.filter(pk=follow.pk).update(events=[
        name for name in registry.follows[follow.kind].events if name in events])


def read_address(address: str) -> tuple[str, str, str]:
    """Kind, path and query of an address of this site whose list can be saved. Raises NotDone."""
    parts = urlsplit(address)
    try:
        match = resolved(parts.path)
    except Http404:
        match = None
    if match is None or match.url_name not in registry.views:
        titles = sorted({kind.title.lower() for kind in registry.views.values()})
        raise NotDone(f"Only lists can be saved: {', '.join(titles)}.")
    asked = QueryDict(parts.query, mutable=True)
    for name in [name for name, value in asked.items() if not value or name in PLACES]:
        del asked[name]
    query = asked.urlencode()
    if len(query) > 2000 or len(parts.path) > 300:
        raise NotDone("The address is too long to be saved: choose fewer filters.")
    return match.url_name, parts.path, query


@transaction.atomic
def save_view(*, owner: Any, name: str, address: str) -> SavedView:
    """Keep a list under a name; the same list again is the same view, renamed. Raises NotDone."""
    name = " ".join(name.split())[:120]
    if not name:
        raise NotDone("A saved view needs a name.")
    kind, path, query = read_address(address)
    views = SavedView.objects.filter(owner=owner)
    same = views.filter(path=path, query=query).first()
    if same:
        SavedView.objects.filter(pk=same.pk).update(name=name, removed_at=None)
        same.refresh_from_db()
        return same
    if views.filter(removed_at=None).count() >= MOST_VIEWS:
        raise NotDone(f"An account keeps at most {MOST_VIEWS} views; remove some of them first.")
    last = views.aggregate(last=Max("position"))["last"] or 0
    mark = registry.views[kind].latest(resolved(path).kwargs, False)
    return SavedView.objects.create(owner=owner, name=name, kind=kind, path=path, query=query, position=last + 1,
                                    opened_mark=mark)


def open_view(view: SavedView) -> None:
    """All that is there now was seen."""
    mark = registry.views[view.kind].latest(resolved(view.path).kwargs, False)
    if mark != view.opened_mark:
        SavedView.objects.filter(pk=view.pk).update(opened_mark=mark)


@transaction.atomic
def change_view(view: SavedView, *, name: str, on_start: bool, told: bool) -> None:
    """Rename it, give it a place on the start page or none, and say whether to be told. Raises NotDone."""
    name = " ".join(name.split())[:120]
    if not name:
        raise NotDone("A saved view needs a name.")
    SavedView.objects.filter(pk=view.pk).update(name=name, on_start=on_start)
    if told:
        kept = follow(owner=view.owner, kind="view", key=str(view.pk), view=view)
        Follow.objects.filter(pk=kept.pk).update(title=name)
    else:
        Follow.objects.filter(view=view).delete()


@transaction.atomic
def move_view(view: SavedView, *, up: bool) -> None:
    """One place towards the beginning or the end of the owner's views."""
    views = list(SavedView.objects.filter(owner=view.owner, removed_at=None))
    place = [each.pk for each in views].index(view.pk)
    other = place - 1 if up else place + 1
    if 0 <= other < len(views):
        views[place], views[other] = views[other], views[place]
        for position, each in enumerate(views, start=1):
            SavedView.objects.filter(pk=each.pk).update(position=position)


@transaction.atomic
def remove_view(view: SavedView) -> None:
    """It can be brought back for a week; its addresses stop at once, and so does being told."""
    SavedView.objects.filter(pk=view.pk).update(removed_at=timezone.now())
    Follow.objects.filter(view=view).delete()


def restore_view(view: SavedView) -> None:
    SavedView.objects.filter(pk=view.pk).update(removed_at=None)


def renew_link(view: SavedView) -> None:
    """Other addresses for its page and feeds; the old ones open nothing any more."""
    SavedView.objects.filter(pk=view.pk).update(key=new_key())


@transaction.atomic
def add_channel(*, owner: Any, kind: str, address: str, cadence: str = "", hour: int = 7, weekday: int = 0
                ) -> tuple[Channel, str]:
    """A way to the owner and, for a webhook, the secret its messages are signed with, shown once. Raises NotDone."""
    address = address.strip()
    if Channel.objects.filter(owner=owner).count() >= MOST_CHANNELS:
        raise NotDone(f"An account has at most {MOST_CHANNELS} channels; remove one first.")
    if kind == Channel.MAIL:
        return _add_mail(owner, address, cadence, hour, weekday), ""
    if kind not in Channel.KINDS:
        raise NotDone(f"There is no channel {kind[:40]}; there are {', '.join(Channel.KINDS)}.")
    _check_post_address(address)
    secret = new_secret() if kind == Channel.WEBHOOK else ""
    channel = Channel.objects.create(
        owner=owner, kind=kind, address=encrypted(address), shown=shown_address(kind, address),
        secret=encrypted(secret) if secret else "", confirmed_at=timezone.now())
    return channel, secret


def _add_mail(owner: Any, address: str, cadence: str, hour: int, weekday: int) -> Channel:
    try:
        validate_email(address)
    except ValidationError:
        raise NotDone(f"{address[:100] or 'Nothing'} is no mail address.") from None
    cadence = Channel.WEEKLY if cadence == Channel.WEEKLY else Channel.DAILY
    channel = Channel(owner=owner, kind=Channel.MAIL, address=encrypted(address), shown=address[:300], cadence=cadence,
                      hour=min(max(hour, 0), 23), weekday=min(max(weekday, 0), 6))
    channel.next_digest_at = next_digest(channel, now=timezone.now())
    channel.save()
    Letter.objects.create(channel=channel, kind=Letter.CONFIRMATION)
    return channel


def _check_post_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and len(address) <= 2000
    except ValueError:
        good = False
    if not good or any(letter.isspace() or not letter.isprintable() for letter in address):
        raise NotDone("The address must begin with https:// or http:// and name a host.")


def shown_address(kind: str, address: str) -> str:
    """The host alone for Slack, whose path is the secret; else what papers/sources shows of an address."""
    if kind == Channel.SLACK:
        return f"{urlsplit(address).hostname}/•••"[:300]
    return masked(address)[:300]


def new_secret() -> str:
    """As Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def renew_secret(channel: Channel) -> str:
    """The new secret, shown once; messages are signed with it from now on."""
    secret = new_secret()
    Channel.objects.filter(pk=channel.pk).update(secret=encrypted(secret))
    return secret


def confirm_address(channel: Channel) -> None:
    """The mail address wants to be written to."""
    Channel.objects.filter(pk=channel.pk, confirmed_at=None).update(confirmed_at=timezone.now())


def stop_channel(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(active=False)


def start_channel(channel: Channel) -> None:
    """Also one that was switched off after failures; what waits goes out."""
    Channel.objects.filter(pk=channel.pk).update(active=True, disabled_at=None, failures=0, next_try_at=None,
                                                 last_reason="")


def change_digest(channel: Channel, *, cadence: str, hour: int, weekday: int) -> None:
    """When its digest comes."""
    channel.cadence = Channel.WEEKLY if cadence == Channel.WEEKLY else Channel.DAILY
    channel.hour, channel.weekday = min(max(hour, 0), 23), min(max(weekday, 0), 6)
    channel.next_digest_at = next_digest(channel, now=timezone.now())
    channel.save(update_fields=["cadence", "hour", "weekday", "next_digest_at"])


@transaction.atomic
def send_test(channel: Channel) -> Delivery:
    """A message of its own through the outbox, as any other goes; for a mail address that it may confirm again."""
    now = timezone.now()
    event = Event.objects.create(kind=NOTICE, key=f"test:{channel.pk}:{secrets.token_hex(6)}", url="/following/",
                                 title="A test message", text=f"Asked for at {now:%Y-%m-%d %H:%M} UTC.")
    Channel.objects.filter(pk=channel.pk).update(next_try_at=None)
    return Delivery.objects.create(channel=channel, event=event)


def ask_again(channel: Channel) -> None:
    """Another mail with the link that confirms the address, at most one in ten minutes. Raises NotDone."""
    recent = Letter.objects.filter(channel=channel, kind=Letter.CONFIRMATION).exclude(
        state=Letter.SENT, sent_at__lt=timezone.now() - timedelta(minutes=10))
    if recent.exists():
        raise NotDone("A mail with the link is on its way, or was sent a moment ago.")
    Letter.objects.create(channel=channel, kind=Letter.CONFIRMATION)


def mark_read(*, owner: Any, pk: int, read: bool) -> None:
    Notification.objects.filter(owner=owner, pk=pk).update(read_at=timezone.now() if read else None)


def mark_all_read(*, owner: Any) -> str:
    """All that is unread; returns the moment, by which it can be taken back."""
    now = timezone.now()
    Notification.objects.filter(owner=owner, read_at=None).update(read_at=now)
    return now.isoformat()


def mark_unread_again(*, owner: Any, moment: str) -> int:
    """Take `mark_all_read` back. Raises NotDone for what is no moment."""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        raise NotDone("There is nothing to take back.") from None
    return Notification.objects.filter(owner=owner, read_at=when).update(read_at=None)
