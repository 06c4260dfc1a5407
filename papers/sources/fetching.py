"""One look at a source: claim it, fetch, import what is new, write down how it went, say when it is due again.

Nothing is held while the network is waited for. What fails is a reason on the row; other sources never notice.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from types import ModuleType

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from papers.digests.records import DigestError, single_line
from papers.following.happenings import happened
from papers.services import import_digest
from papers.sources.answers import FetchError
from papers.sources.arrivals import Haul, Newest, as_jsonl, key_of, newest_of, only_new, remembered, staleness
from papers.sources.kinds import arxiv, feed, folder, imap
from papers.sources.models import Source, SourceFetch

logger = logging.getLogger(__name__)

KINDS: dict[str, tuple[ModuleType, Callable[..., Haul]]] = {
    Source.ARXIV: (arxiv, arxiv.fetch), Source.DAILY_PAPERS: (feed, feed.fetch_daily_papers),
    Source.FEED: (feed, feed.fetch), Source.IMAP: (imap, imap.fetch), Source.FOLDER: (folder, folder.fetch)}

ABANDONED = timedelta(minutes=30)  # a fetch that long under way died with its worker
BROKEN = 2  # failures in a row by which followers are told
HISTORY = 100  # fetches kept of a source
FIRST_RETRY, LAST_RETRY = timedelta(minutes=5), timedelta(hours=6)


def claim(pk: int, *, now: datetime, due_only: bool) -> Source | None:
    """The source, marked as being fetched; None when it is not due, paused, gone, or another process is at it."""
    sources = Source.objects.filter(pk=pk, removed_at=None).filter(
        Q(running_since=None) | Q(running_since__lt=now - ABANDONED))
    if due_only:
        sources = sources.filter(active=True, next_run_at__lte=now)
    return Source.objects.get(pk=pk) if sources.update(running_since=now) else None


def run_source(*, pk: int, due_only: bool = False) -> SourceFetch | None:
    """Fetch one source and import what is new. Returns how it went, None when there was nothing to claim."""
    started = timezone.now()
    source = claim(pk, now=started, due_only=due_only)
    if source is None:
        return None
    fetch = SourceFetch(source=source, started_at=started, outcome=Source.FAILED)
    wait, digests, haul = 0.0, [], None
    try:
        haul = KINDS[source.kind][1](source)
        digests = _import(source, haul, fetch)
        fetch.outcome = Source.NEW if fetch.brought else Source.QUIET
        if not fetch.brought and (why := _stale(source, haul)):
            fetch.outcome, fetch.reason = Source.STALE, why[:500]
    except (FetchError, DigestError) as error:
        fetch.reason, wait = single_line(str(error))[:500], getattr(error, "wait", 0.0)
    except Exception as error:  # a fault of ours in one source must not stop the others, nor be retried each minute
        logger.exception("Source %s failed", source.pk)
        fetch.reason = f"a fault of the program, which was logged: {type(error).__name__}"
    _record(source, fetch, haul, digests, wait)
    return fetch


def _import(source: Source, haul: Haul, fetch: SourceFetch) -> list[int]:
    """Import what is new: all new records as one digest, each file as one of its own. Returns their primary keys."""
    fetch.via, fetch.listed, fetch.notes = haul.via, haul.listed, haul.notes
    digests: list[int | None] = []
    new = only_new(haul.records, source.seen)
    if new:
        name = f"{source.name} {timezone.localtime(fetch.started_at):%Y-%m-%d %H.%M}.jsonl"
        report = import_digest(name=name.replace("/", "-"), data=as_jsonl(new), imported_by=source.created_by)
        digests.append(report.digest_id)
    fetch.brought = len(new)
    for _, name, data in haul.files:
        try:
            report = import_digest(name=name, data=data, imported_by=source.created_by)
        except DigestError as error:
            fetch.notes.append(str(error)[:500])
            continue
        if not report.already_imported:
            fetch.brought += len(report.entries)
        digests.append(report.digest_id)
    return [pk for pk in digests if pk]


def _stale(source: Source, haul: Haul) -> str:
    since = source.last_new_at or source.created_at
    patience = max(KINDS[source.kind][0].PATIENCE, 3 * interval_of(source))
    return staleness(haul, Newest(source.newest_id, source.newest_on), last_new=since, patience=patience,
                     now=timezone.now())


def _record(source: Source, fetch: SourceFetch, haul: Haul | None, digests: list[int], wait: float) -> None:
    now = timezone.now()
    with transaction.atomic():
        row = Source.objects.select_for_update().get(pk=source.pk)
        row.running_since, row.last_run_at = None, now
        row.outcome, row.reason = fetch.outcome, fetch.reason
        row.fetched += 1
        row.brought += fetch.brought
        row.failures = row.failures + 1 if fetch.outcome == Source.FAILED else 0
        changed = (row.kind, row.address, row.options) != (source.kind, source.address, source.options)
        if haul is not None and fetch.outcome != Source.FAILED and not changed:
            row.cursor = haul.cursor
            row.seen = remembered(row.seen, [*map(key_of, haul.records), *(key for key, _, _ in haul.files)])
            newest, known = newest_of(haul.records), Newest(row.newest_id, row.newest_on)
            if newest and not newest.is_before(known):
                row.newest_id, row.newest_on = newest.id, newest.on
            elif haul.files:
                row.newest_id, row.newest_on = haul.files[-1][1][:300], now.date()
            row.last_new_at = now if fetch.brought else row.last_new_at
        if changed:  # what it is now was not looked at yet
            row.next_run_at = now
        elif row.failures or row.next_run_at is None or row.next_run_at <= now:
            row.next_run_at = next_run(row, now=now, wait=wait)
        fetch.notes = [single_line(note)[:500] for note in fetch.notes[:100]]
        row.save()
        if row.failures == BROKEN or (row.outcome == Source.STALE and source.outcome != Source.STALE):
            happened("source", row.pk)
        fetch.save()
        fetch.digests.set(digests)
        old = SourceFetch.objects.filter(source=row).values_list("pk", flat=True)[HISTORY:]
        SourceFetch.objects.filter(pk__in=list(old)).delete()


def interval_of(source: Source) -> timedelta:
    return timedelta(days=1) if source.daily_at else timedelta(minutes=source.every_minutes or 60)


def next_run(source: Source, *, now: datetime, wait: float = 0.0) -> datetime:
    """When it is due next: on its schedule, or sooner (and ever less often) after a failure, never against a wish.

    A few seconds of chance keep many installations, and many sources here, from asking all at once.
    """
    regular = now + interval_of(source)
    if source.daily_at:
        local = timezone.localtime(now)
        today = timezone.make_aware(datetime.combine(local.date(), source.daily_at))
        regular = today if today > now else timezone.make_aware(
            datetime.combine(local.date() + timedelta(days=1), source.daily_at))
    if source.failures:
        retry = now + min(FIRST_RETRY * 2 ** min(source.failures - 1, 10), LAST_RETRY)
        regular = min(regular, retry) if source.daily_at else max(regular, retry)
    return max(regular, now + timedelta(seconds=wait)) + timedelta(seconds=random.uniform(0, 20))  # noqa: S311


def due_sources(now: datetime) -> list[int]:
    return list(Source.objects.filter(active=True, removed_at=None, next_run_at__lte=now).order_by("next_run_at")
                .values_list("pk", flat=True))
