"""Papers asked for by identifier: noted at once, fetched in the background, kept with the reason where that fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from papers import history
from papers.digests.records import DigestError, single_line
from papers.models import Paper
from papers.services import import_digest
from papers.sources.answers import FetchError
from papers.sources.arrivals import as_jsonl
from papers.sources.identifiers import find_identifiers
from papers.sources.lookups import Found, look_up
from papers.sources.models import WantedPaper

logger = logging.getLogger(__name__)

FIRST_RETRY, LAST_RETRY = timedelta(minutes=10), timedelta(days=1)
UNKNOWN_RETRY = timedelta(days=1)  # what is unknown today may be registered tomorrow ...
ATTEMPTS = 12  # ... but not for ever: from then on only when somebody asks
MOST = 500  # at a time
GIVEN_UP = timedelta(minutes=30)  # a fetch that long under way died with its worker


class NotAdded(ValueError):
    """The text names no paper, or too many; the message says what to do."""


def want_papers(*, text: str, by=None) -> list[WantedPaper]:
    """Note every paper that the text names; those that are here already are found at once. Nothing is fetched yet.

    Asking again for what waits makes it due at once. Raises NotAdded.
    """
    named = find_identifiers(text)
    if not named:
        raise NotAdded("No identifier was found. Give arXiv ids or addresses, DOIs, or addresses at OpenReview, "
                       "ACL Anthology, Hugging Face papers or GitHub.")
    if len(named) > MOST:
        raise NotAdded(f"{len(named)} papers are named; add at most {MOST} at a time. Nothing was added.")
    now = timezone.now()
    wanted = []
    with transaction.atomic():
        for found in named:
            row, _ = WantedPaper.objects.select_for_update().get_or_create(
                kind=found.kind, identifier=found.value, defaults={"asked_at": now, "asked_by": by})
            paper = row.paper or _here(row)
            row.asked_at, row.reason, row.paper = now, "", paper
            row.state, row.next_try_at = (WantedPaper.ADDED, None) if paper else (WantedPaper.QUEUED, now)
            row.save()
            wanted.append(row)
        history.record("asked for", *(f"paper:{row.paper_id}" if row.paper_id else f"identifier:{row.identifier}"
                                      for row in wanted), by=by)
    return wanted


def _here(row: WantedPaper) -> Paper | None:
    if row.kind == WantedPaper.ARXIV:
        return Paper.objects.filter(arxiv_id=row.identifier).first()
    if row.kind == WantedPaper.DOI:
        return Paper.objects.filter(doi__iexact=row.identifier).first()
    return None


def ask_for_wanted() -> bool:
    """Have a worker fetch what is due; False where no broker answers: the next tick does it."""
    try:
        current_app.signature("papers.fetch_wanted").apply_async(
            queue="tasks", retry_policy={"max_retries": 1, "interval_start": 0.1})
        return True
    except OperationalError as error:
        logger.warning("No broker to hand the wanted papers to (%s): they are fetched once the services run", error)
        return False


def fetch_wanted() -> int:
    """Fetch every wanted paper that is due. Returns how many arrived. Another process takes none of the same."""
    now = timezone.now()
    with transaction.atomic():
        due = list(WantedPaper.objects.select_for_update().filter(next_try_at__lte=now).exclude(
            state=WantedPaper.ADDED).order_by("asked_at", "pk")[:MOST])
        WantedPaper.objects.filter(pk__in=[row.pk for row in due]).update(next_try_at=now + GIVEN_UP)
    arrived = 0
    for kind in dict.fromkeys(row.kind for row in due):
        rows = {row.identifier: row for row in due if row.kind == kind}

        def take(found: dict[str, Found], rows: dict[str, WantedPaper] = rows) -> None:
            nonlocal arrived
            arrived += _store(rows, found)
        try:
            look_up(kind, list(rows), take)
        except Exception as error:  # a fault of ours with one kind leaves the others; what came is stored
            logger.exception("Looking up %s failed", kind)
            left = [row.identifier for row in rows.values() if row.state == WantedPaper.QUEUED]
            _store(rows, dict.fromkeys(left, FetchError(f"a fault of the program, which was logged: "
                                                        f"{type(error).__name__}")))
    return arrived


def _store(rows: dict[str, WantedPaper], found: dict[str, Found]) -> int:
    """Import what was found as one digest, and write to each row its paper or its reason."""
    records = {name: record for name, record in found.items() if not isinstance(record, FetchError)}
    papers: dict[str, int | None] = {}
    if records:
        names = ", ".join(records) if len(records) < 4 else f"{len(records)} papers"
        try:
            report = import_digest(name=f"added {names}"[:200].replace("/", "-") + ".jsonl",
                                   data=as_jsonl(records.values()),
                                   imported_by=next((rows[name].asked_by for name in records), None))
            by_position = {entry.position: entry.paper_id for entry in report.entries}
            papers = {name: by_position.get(place) for place, name in enumerate(records, 1)}
        except DigestError as error:
            found = {**found, **dict.fromkeys(records, FetchError(str(error)))}
    now = timezone.now()
    for name, outcome in found.items():
        row, paper = rows[name], papers.get(name)
        if paper:
            row.state, row.paper_id, row.reason, row.next_try_at = WantedPaper.ADDED, paper, "", None
        else:
            _wait(row, outcome if isinstance(outcome, FetchError) else FetchError("it was not imported"), now)
        WantedPaper.objects.filter(pk=row.pk).update(  # nothing, where it was taken off the list meanwhile
            state=row.state, paper=row.paper_id, reason=row.reason, attempts=row.attempts,
            next_try_at=row.next_try_at)
    return sum(1 for paper in papers.values() if paper)


def _wait(row: WantedPaper, error: FetchError, now) -> None:
    row.state, row.reason, row.attempts = WantedPaper.WAITING, single_line(str(error))[:500], row.attempts + 1
    if row.attempts >= ATTEMPTS:
        row.next_try_at = None
    elif error.temporary:
        pause = max(min(FIRST_RETRY * 2 ** min(row.attempts - 1, 10), LAST_RETRY), timedelta(seconds=error.wait))
        row.next_try_at = now + pause
    else:
        row.next_try_at = now + UNKNOWN_RETRY


def retry_wanted(*, rows: Sequence[WantedPaper]) -> None:
    """Make what waits due at once."""
    WantedPaper.objects.filter(pk__in=[row.pk for row in rows], state=WantedPaper.WAITING).update(
        state=WantedPaper.QUEUED, next_try_at=timezone.now(), attempts=0)


def drop_wanted(*, row: WantedPaper) -> None:
    """Take it off the list; a paper that arrived stays."""
    WantedPaper.objects.filter(pk=row.pk).delete()
