"""What changes sources: adding, trying out, editing, pausing, running now, removing with undo."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from papers import history
from papers.digests.reading import read_digest
from papers.digests.records import DigestError, NothingListed, Record
from papers.services import preview_digest
from papers.sources.answers import FetchError
from papers.sources.arrivals import as_jsonl, only_new
from papers.sources.fetching import KINDS, due_sources, next_run
from papers.sources.models import Source

logger = logging.getLogger(__name__)

UNDO = timedelta(days=7)  # for which a removed source can come back
TRIAL = {"attempts": 1, "patience": 5.0, "within": 20.0}  # of a fetch that a person waits for
WHAT = ("kind", "address", "options")  # decides what is fetched: once it changes, old cursors mean nothing

EDITED = ("name", *WHAT, "password", "password_variable", "every_minutes", "daily_at", "active", "next_run_at")


@dataclass
class Trial:
    """What a fetch would bring now; `error` where it brings nothing for a reason."""

    error: str = ""
    via: str = ""
    listed: int = 0
    papers: list[Record] = field(default_factory=list)  # those that the source has not brought yet
    known: int = 0  # of these, already in the library
    notes: list[str] = field(default_factory=list)


def try_source(*, source: Source) -> Trial:
    """Fetch without storing anything, for a source that may not be saved yet."""
    try:
        haul = KINDS[source.kind][1](source, **TRIAL)
    except (FetchError, DigestError) as error:
        return Trial(error=str(error))
    trial = Trial(via=haul.via, listed=haul.listed, notes=list(haul.notes))
    records = only_new(haul.records, source.seen)
    for _, name, data in haul.files:
        try:
            records += read_digest(data, name).records
        except NothingListed:
            continue
        except DigestError as error:
            trial.notes.append(str(error))
    trial.papers = records
    trial.known = _known(records)
    return trial


def _known(records: list[Record]) -> int:
    if not records:
        return 0
    return preview_digest(name="trial.jsonl", data=as_jsonl(records)).counts["known"]


def save_source(*, source: Source, by=None) -> Source:
    """Store a new or edited source. It is due at once when it is new or looks elsewhere than before.

    Raises ValidationError.
    """
    now = timezone.now()
    with transaction.atomic():
        before = Source.objects.select_for_update().filter(pk=source.pk).first()
        if before is None:
            source.created_by = by
            source.next_run_at = now
        elif any(getattr(before, name) != getattr(source, name) for name in WHAT):
            source.next_run_at = now
            Source.objects.filter(pk=source.pk).update(cursor={}, seen=[], newest_id="", newest_on=None, reason="",
                                                       outcome=Source.UNTRIED, failures=0)
        else:
            source.next_run_at = now if before.failures else next_run(source, now=now)
        source.full_clean()
        source.save(update_fields=EDITED if before else None)  # a fetch may be writing the rest
        history.record("edited" if before else "added", f"source:{source.pk}", by=by)
    return source


def pause_source(*, source: Source, paused: bool, by=None) -> None:
    """Stop or go on fetching on schedule; going on, it is due at once."""
    changes = {"active": False} if paused else {"active": True, "next_run_at": timezone.now()}
    Source.objects.filter(pk=source.pk, removed_at=None).update(**changes)
    history.record("paused" if paused else "went on with", f"source:{source.pk}", by=by)


def run_now(*, source: Source) -> bool:
    """Have a worker fetch it; False where no broker answers: it is due, and the next tick fetches it."""
    Source.objects.filter(pk=source.pk).update(next_run_at=timezone.now())
    try:
        current_app.signature("papers.run_source", args=[source.pk, False]).apply_async(
            queue="tasks", retry_policy={"max_retries": 1, "interval_start": 0.1})
        return True
    except OperationalError as error:
        logger.warning("No broker to hand source %s to (%s)", source.pk, error)
        return False


def remove_source(*, source: Source, by=None) -> None:
    """Take the source off the list; it can come back for a while. Its papers stay."""
    Source.objects.filter(pk=source.pk, removed_at=None).update(removed_at=timezone.now())
    history.record("removed", f"source:{source.pk}", by=by)


def restore_source(*, source: Source, by=None) -> None:
    """Undo a removal: it goes on where it was. Raises ValidationError when its name was given away meanwhile."""
    source.removed_at = None
    source.validate_constraints()
    Source.objects.filter(pk=source.pk).exclude(removed_at=None).update(removed_at=None, next_run_at=timezone.now())
    history.record("brought back", f"source:{source.pk}", by=by)


def forget_removed() -> int:
    """Delete for good what was removed long ago, stored passwords with it."""
    return Source.objects.filter(removed_at__lt=timezone.now() - UNDO).delete()[0]


def run_due(*, send) -> int:
    """Hand every due source to `send` by primary key. Returns how many."""
    forget_removed()
    due = due_sources(timezone.now())
    for pk in due:
        send(pk)
    return len(due)

