"""Filling what a paper lacks, and its references, from places that know it; off unless ENRICH is switched on.

Each paper is asked for by itself, by arXiv id, DOI or title, and each place may fail by itself: what another gave is
kept. Only empty fields are filled (a description gives way to an abstract), and only with what is of this very paper
(`places.is_of`). Who else here has the identifier that a place gives is asked about, not merged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from papers.digests.records import DigestError, Record, single_line
from papers.identity.questions import ask
from papers.identity.sources import CATALOGUE, Origin, mark
from papers.identity.sources import FIELDS as SOURCED
from papers.models import Paper, PaperIdentifier
from papers.search_texts import record_search_texts, search_row
from papers.services import request_embedding
from papers.sources.answers import FetchError
from papers.sources.code_links import note_code
from papers.sources.models import LookUp, Reference
from papers.sources.places import ALWAYS, PLACES
from papers.writing import short_write

logger = logging.getLogger(__name__)

AT_ONCE = 10  # papers in one turn
ATTEMPTS = 6
FIRST_RETRY, LAST_RETRY = timedelta(hours=1), timedelta(days=7)
MOST_REFERENCES = 1000
FIELDS = ("abstract", "arxiv_id", "doi", "year", "published_on", "authors", "venue")


def enrich_papers() -> int:
    """Look up the papers that are due, the newest first. Returns how many; none where ENRICH is off."""
    if not settings.ENRICH:
        return 0
    now = timezone.now()
    due = Paper.objects.filter(Q(look_up=None) | Q(look_up__state=LookUp.WAITING, look_up__next_try_at__lte=now)
                               ).order_by("-created_at", "-pk")[:AT_ONCE]
    for paper in due:
        try:
            enrich_paper(paper=paper)
        except Exception as error:  # a fault of ours with one paper must not stop the others, nor come each minute
            logger.exception("Looking up paper %s failed", paper.pk)
            _note(paper, {}, [f"a fault of the program, which was logged: {type(error).__name__}"], temporary=True)
    return len(due)


def enrich_paper(*, paper: Paper) -> dict[str, str]:
    """Ask each place in turn for what is still lacking. Returns the fields that were filled, each with its place."""
    filled: dict[str, str] = {}
    reasons: list[str] = []
    temporary = False
    for place, look in PLACES.items():
        if place not in ALWAYS and not _lacking(paper):
            continue
        try:
            said = look(paper)
        except (FetchError, DigestError) as error:
            reasons.append(f"{place}: {error}")
            temporary = temporary or getattr(error, "temporary", False)
            continue
        if said.record is None:
            reasons.append(f"{place}: does not know it")
            continue
        filled |= dict.fromkeys(_fill(paper, place, said.record, said.references), place)
        if note_code(paper, said.code, evidence=place):
            filled["code"] = place
    note_code(paper, paper.urls)
    _note(paper, filled, reasons, temporary=temporary)
    return filled


def _lacking(paper: Paper) -> list[str]:
    return [name for name in FIELDS if not getattr(paper, name) or (name == "abstract" and paper.described)]


def _fill(paper: Paper, place: str, record: Record, references: Iterable[str]) -> list[str]:
    """Fill what is empty, under the names of the fields. Another paper's identifier is left to it, and asked about."""
    with short_write():
        now = Paper.objects.select_for_update().filter(pk=paper.pk).first()
        if now is None:
            return []  # taken back meanwhile
        changed, others = [], []
        for name in _lacking(now):
            value = getattr(record, name)
            value = list(value) if name == "authors" else value
            if not value or (name == "abstract" and record.described):
                continue
            if name in ("arxiv_id", "doi") and (other := Paper.objects.filter(**{name: value}).first()):
                others.append((now, other, f"{place} gives the first the second's {name.replace('_id', ' id')}"))
                continue
            setattr(now, name, value)
            if name in SOURCED:
                mark(now, name, Origin(CATALOGUE))
            changed.append(name)
        if record.withdrawn and not now.withdrawn:
            now.withdrawn = True
            changed.append("withdrawn")
        if "abstract" in changed:
            now.described = False
        if changed:
            now.save()
            if record_search_texts([search_row(now)]):
                request_embedding()
        ask(others)
        PaperIdentifier.objects.bulk_create([PaperIdentifier(paper=now, kind=kind, value=value)
                                             for kind, value in record.identifiers], ignore_conflicts=True)
        Reference.objects.bulk_create([Reference(paper=now, key=key) for key in list(references)[:MOST_REFERENCES]],
                                      ignore_conflicts=True)
    for name in (*FIELDS, "described", "withdrawn"):
        setattr(paper, name, getattr(now, name))
    return changed


def _note(paper: Paper, filled: dict[str, str], reasons: list[str], *, temporary: bool) -> None:
    row = LookUp.objects.filter(paper=paper).first() or LookUp(paper=paper)
    row.attempts += 1
    row.filled = row.filled | filled
    row.reason = single_line("; ".join(reasons))[:500]
    again = temporary and row.attempts < ATTEMPTS
    row.state = LookUp.WAITING if again else LookUp.DONE
    row.next_try_at = timezone.now() + min(FIRST_RETRY * 2 ** (row.attempts - 1), LAST_RETRY) if again else None
    if Paper.objects.filter(pk=paper.pk).exists():
        row.save()
