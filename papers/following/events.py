"""From what happened to who is told. Every step is repeatable: events, notifications and deliveries are unique."""

from __future__ import annotations

import logging
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from papers.feeds import Entry
from papers.following.models import Channel, Delivery, Event, Follow, Happening, Notification, SavedView
from papers.following.registry import MATCH, Asked, Draft, Watched, registry

logger = logging.getLogger(__name__)

AT_A_TIME = 500  # happenings read in a step
LISTED, COUNTED = 20, 100  # new things named in an event, and counted
KEPT = timedelta(days=180)  # what was read, or sent
UNREAD_KEPT = timedelta(days=365)
Whom = Mapping[int, tuple[str, Follow | None]]  # accounts, why each is told, and the follow behind that


def tell_followers() -> int:
    """Read what was written down and look through the followed lists. Returns how many events were told of."""
    return read_happenings() + look_through_lists()


def read_happenings() -> int:
    """Tell of what was written down; a kind of which a reader fails stays and is read again, and the others go on."""
    rows = defaultdict(list)
    for row in Happening.objects.order_by("pk")[:AT_A_TIME]:
        rows[row.kind].append(row)
    told = 0
    for kind, of_kind in rows.items():
        refs, failed = list(dict.fromkeys(row.ref for row in of_kind)), False
        for read in registry.happenings.get(kind, ()):
            try:
                drafts = read(refs)
                with transaction.atomic():
                    told += tell(drafts)
            except Exception:  # a fault in one reader must not keep the others' followers waiting
                logger.exception("What happened to %s could not be told", kind)
                failed = True
        if not failed:
            Happening.objects.filter(pk__in=[row.pk for row in of_kind]).delete()
    return told


def tell(drafts: Sequence[Draft]) -> int:
    """Tell the followers of the drafts' subjects, and whom they are addressed to. Returns how many drafts had any;
    within a transaction."""
    subjects = {subject for draft in drafts for subject in draft.subjects}
    by_subject = defaultdict(list)
    for follow in Follow.objects.filter(kind__in={kind for kind, _ in subjects}, key__in={key for _, key in subjects},
                                        owner__is_active=True):
        by_subject[follow.kind, follow.key].append(follow)
    told = 0
    active = set(get_user_model().objects.filter(is_active=True, pk__in={
        owner for draft in drafts for owner in draft.to}).values_list("pk", flat=True))
    for draft in drafts:
        whom: dict[int, tuple[str, Follow | None]] = {
            owner: (because, None) for owner, because in draft.to.items() if owner in active}
        for subject in sorted(draft.subjects):
            whom.update({follow.owner_id: (follow.title, follow) for follow in by_subject[subject]
                         if draft.kind in follow.events})
        if whom:
            told += 1
            _put(draft, whom)
    return told


def _put(draft: Draft, whom: Whom) -> None:
    """The event on the page and in the outbox of each of these accounts, with the reason and the follow behind it."""
    event, _ = Event.objects.get_or_create(key=draft.key, defaults={
        "kind": draft.kind, "title": draft.title[:300], "text": draft.text, "url": draft.url[:700],
        "items": [list(item) for item in draft.items]})
    Notification.objects.bulk_create([
        Notification(owner_id=owner, event=event, because=because, follow=follow)
        for owner, (because, follow) in whom.items()], ignore_conflicts=True)
    channels = Channel.objects.filter(owner__in=whom, active=True).exclude(confirmed_at=None)
    Delivery.objects.bulk_create([
        Delivery(channel=channel, event=event, because=because, follow=follow) for channel in channels
        for because, follow in [whom[channel.owner_id]]], ignore_conflicts=True)


def look_through_lists() -> int:
    """Tell of what is new in followed lists, from each follow's mark to the newest settled thing.

    Lists in which nothing is newer cost nothing; the same list with the same mark is looked through once for all.
    """
    follows = Follow.objects.filter(kind__in=registry.watched, owner__is_active=True).select_related("owner", "view")
    looked: dict[tuple, list[Entry]] = {}

    @cache
    def latest(kind: str, arguments: tuple) -> str:
        return registry.views[kind].latest(dict(arguments), True)

    told = 0
    for follow in follows.iterator(chunk_size=500):
        try:
            watched = registry.follows[follow.kind].watch(follow.key)  # type: ignore[misc]  # these are the watched
            until = latest(watched.kind, tuple(sorted(watched.arguments.items())))
            if until > follow.mark:  # marks are made to be compared as text
                told += _look(follow, watched, until, looked)
        except Exception:  # one list that cannot be read must not keep the others' followers waiting
            logger.exception("Follow %s could not be looked through", follow.pk)
    return told


def _look(follow: Follow, watched: Watched, until: str, looked: dict[tuple, list[Entry]]) -> int:
    personal = follow.owner_id if follow.view_id else None  # a view may speak of what its owner keeps
    key = (watched.kind, watched.query.urlencode(), tuple(sorted(watched.arguments.items())), follow.mark, personal)
    if key not in looked:
        looked[key] = registry.views[watched.kind].entries(Asked(
            watched.query, watched.arguments, follow.owner if personal else None, follow.mark, until, COUNTED))
    found = looked[key]
    with transaction.atomic():
        if not Follow.objects.filter(pk=follow.pk, mark=follow.mark).update(mark=until):
            return 0  # somebody else was faster
        if found and MATCH in follow.events:
            _put(_match(follow, watched, found, until), {follow.owner_id: (follow.title, follow)})
            return 1
    return 0


def _match(follow: Follow, watched: Watched, found: list[Entry], until: str) -> Draft:
    kind = registry.follows[follow.kind]
    subject = kind.find(follow.key, follow.owner)
    number = f"{len(found)} or more" if len(found) == COUNTED else str(len(found))
    noun = registry.views[watched.kind].new
    noun = noun.removesuffix("s") if len(found) == 1 else noun
    whose = f":{follow.owner_id}" if follow.view_id else ""
    return Draft(MATCH, f"match:{follow.kind}:{follow.key[:100]}:{zlib.crc32(follow.key.encode())}{whose}:{until}",
                 f"{number} new {noun}: {kind.title.lower()} “{follow.title}”"[:300],
                 subject.path if subject else "/following/", frozenset(),
                 items=tuple((entry.title, entry.path) for entry in found[:LISTED]))


def forget_old() -> int:
    """Drop what was read or sent long ago; a thousand of each at a time, so that nobody waits."""
    now, gone = timezone.now(), 0
    for rows in (Notification.objects.filter(read_at__lt=now - KEPT),
                 Notification.objects.filter(at__lt=now - UNREAD_KEPT),
                 Delivery.objects.exclude(state=Delivery.WAITING).filter(created_at__lt=now - KEPT),
                 Event.objects.filter(at__lt=now - KEPT, notifications=None, deliveries=None),
                 SavedView.objects.filter(removed_at__lt=now - timedelta(days=7))):
        gone += rows.model._default_manager.filter(pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:1000])
                                                   ).delete()[0]
    return gone
