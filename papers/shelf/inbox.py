"""What is new: papers as digests brought them, the newest digest first, each digest in its own order.

A paper is new with the digest that brought it here, and stands under that one alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from papers.models import Appearance, Digest
from papers.selectors import PaperRow, paper_rows
from papers.shelf.fields import left_out
from papers.shelf.models import Action, Mark, Reader
from papers.shelf.services import mark_read_until
from papers.shelf.undoing import reader_of

PER_PAGE = 30
VISIT = timedelta(minutes=30)  # after which looking again is another visit
MOST_MARKED = 20_000  # papers that are marked at once; older ones leave the inbox unmarked
Place = tuple[int, int]  # a digest's number and a position in it


@dataclass(frozen=True, slots=True)
class Arrived:
    """One row: the digest that brought the paper, where that stands in it, and whether a new heading begins here."""

    digest: Digest
    position: int
    row: PaperRow
    begins: bool


@dataclass(frozen=True)
class Arrivals:
    """A page of what arrived; `following` is where the next one begins, None on the last."""

    rows: list[Arrived]
    following: Place | None


def arrivals(*, since: datetime, until: datetime | None = None, asker=None, unread: bool = False,
             after: Place | None = None, count: int = PER_PAGE) -> Arrivals:
    """What arrived from `since` until `until`, after this place; with `unread` what the account has not read yet.

    Costs what is shown: digests are looked through from the newest one on until the page is full.
    """
    found: list[Appearance] = []
    for lot in _lots(_digests(since, until, after), count + 1):
        entries = _entries(asker, unread).filter(digest__in=lot)
        if after and after[0] in lot:
            entries = entries.filter(~Q(digest=after[0]) | Q(position__gt=after[1]))
        if len(lot) == 1:
            chosen = list(entries.order_by("position")[:count + 1 - len(found)])
        else:
            order = {digest: place for place, digest in enumerate(lot)}
            chosen = sorted(entries, key=lambda entry: (order[entry.digest_id], entry.position))
        placed = {(entry.digest_id, entry.paper_id) for entry in found}
        for entry in chosen:  # a digest may list a paper twice
            if (entry.digest_id, entry.paper_id) not in placed:
                placed.add((entry.digest_id, entry.paper_id))
                found.append(entry)
        if len(found) > count:
            break
    shown = found[:count]
    digests = Digest.objects.in_bulk({entry.digest_id for entry in shown})
    rows = [Arrived(digests[entry.digest_id], entry.position, row,
                    place == 0 or shown[place - 1].digest_id != entry.digest_id)
            for place, (entry, row) in enumerate(zip(shown, paper_rows(entry.paper for entry in shown), strict=True))]
    return Arrivals(rows, (shown[-1].digest_id, shown[-1].position) if len(found) > count else None)


def _digests(since: datetime, until: datetime | None, after: Place | None) -> list[tuple[int, int]]:
    """(number, entries) of the digests of that time, the newest first, from the one of `after` on."""
    digests = Digest.objects.filter(imported_at__gte=since).order_by("-imported_at", "-pk")
    if until is not None:
        digests = digests.filter(imported_at__lt=until)
    last = Digest.objects.filter(pk=after[0]).first() if after else None
    if last is not None:
        digests = digests.filter(Q(imported_at__lt=last.imported_at) | Q(
            imported_at=last.imported_at, pk__lte=last.pk))
    return [(pk, listed or 1000) for pk, listed in digests.values_list("pk", "listed")]


def _lots(digests: list[tuple[int, int]], count: int) -> Iterator[list[int]]:
    """Small digests together, large ones alone: so that no lot has much more than a page."""
    lot: list[int] = []
    entries = 0
    for pk, listed in digests:
        if lot and entries + listed > 2 * count:
            yield lot
            lot, entries = [], 0
        lot.append(pk)
        entries += listed
    if lot:
        yield lot


def _entries(asker, unread: bool) -> QuerySet[Appearance]:
    """Where papers were brought, without what the account has hidden, and with `unread` without what it has read."""
    entries = Appearance.objects.filter(paper__created_at__gte=F("digest__imported_at")).select_related(
        "paper__cluster")
    hidden = left_out(asker)
    if hidden is not None:
        entries = entries.exclude(paper__in=hidden)
    if unread:
        entries = entries.exclude(paper__in=Mark.objects.filter(user=asker, read_at__isnull=False).values("paper"))
    return entries


def visit(user) -> Reader:
    """The account looks at its inbox now: a look after a while is a new visit."""
    reader, now = reader_of(user), timezone.now()
    if reader.seen_at is None or now - reader.seen_at > VISIT:
        reader.last_visit = reader.seen_at
    if reader.seen_at is None or now - reader.seen_at > timedelta(minutes=1):
        reader.seen_at = now
        Reader.objects.filter(user=user).update(seen_at=now, last_visit=reader.last_visit)
    return reader


def mark_all_read(*, user, until: datetime) -> Action:
    """Mark as read what stood in the inbox at that moment, and begin it anew there."""
    reader, papers = reader_of(user), list[int]()
    for pk, _ in _digests(reader.inbox_from, until, None):
        if len(papers) >= MOST_MARKED:
            break
        papers += _entries(user, True).filter(digest=pk).order_by("position").values_list("paper", flat=True)
    return mark_read_until(user=user, papers=papers[:MOST_MARKED], inbox_from=reader.inbox_from,
                           until=max(until, reader.inbox_from))
