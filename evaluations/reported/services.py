"""What changes reported claims: reading abstracts, and the decisions of people with their undo."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from functools import cache
from pathlib import Path

from django.db import transaction
from django.db.models import CharField, F, Q, QuerySet
from django.utils import timezone

from evaluations.models import ReportedClaim, ReportedClaimEdit, ReportedReading
from evaluations.reported.rules.extraction import Reported, extract
from papers import history
from papers.models import Paper
from papers.writing import short_write

LEAD, TAIL = 40, 15  # characters about a number by which it is known again when an abstract changes


@cache
def rules_digest() -> str:
    """A digest of the extraction's source files: changed rules read every abstract anew."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parent / "rules").glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def unread_papers() -> QuerySet[Paper]:
    """Papers whose abstract was not read since they last changed, or by other rules."""
    return Paper.objects.filter(Q(reported_reading=None) | ~Q(reported_reading__rules=rules_digest())
                                | Q(updated_at__gt=F("reported_reading__read_at")))


def read_new_abstracts() -> int:
    """Bring the claims of every unread paper up to date, a transaction each; returns how many papers were read."""
    keys = list(unread_papers().order_by("pk").values_list("pk", flat=True))
    return sum(read_abstract(paper_id=pk) for pk in keys)


def read_abstract(*, paper_id: int) -> bool:
    """Make a paper's proposals those of its abstract; returns False when the paper is gone. Safe to repeat.

    What people decided stays: a decided claim keeps status and fields, and is only found again in the text or
    marked as no longer there. A stand-in description reports nothing.
    """
    while True:
        paper = Paper.objects.filter(pk=paper_id).first()
        if paper is None:
            return False
        found = _keyed([] if paper.described else extract(paper.abstract), paper.abstract)  # takes its time
        with short_write():
            now = Paper.objects.select_for_update().filter(pk=paper_id).first()
            if now and (now.abstract, now.described) == (paper.abstract, paper.described):
                _store_reading(now, found)
                return True


def _store_reading(paper: Paper, found: list[tuple[str, Reported]]) -> None:
    text, now = paper.abstract, timezone.now()
    rows = {row.key: row for row in ReportedClaim.objects.select_for_update().filter(paper=paper)}
    fresh = []
    for key, claim in found:
        row = rows.pop(key, None)
        if row is None:
            fresh.append(ReportedClaim(paper=paper, key=key, **_fields(claim), **_place(claim)))
            continue
        wanted = _place(claim) | (_fields(claim) if row.status == ReportedClaim.PROPOSED else {})
        _update(row, wanted)
    for row in rows.values():
        if row.status == ReportedClaim.PROPOSED:
            row.delete()
        else:
            _update(row, {"present": False, "start": None, "end": None, "value_start": None, "value_end": None})
    ReportedClaim.objects.bulk_create(fresh)
    ReportedReading.objects.update_or_create(paper=paper, defaults={
        "text_hash": hashlib.sha256(text.encode()).hexdigest(), "rules": rules_digest(), "read_at": now})


def _keyed(found: list[Reported], text: str) -> list[tuple[str, Reported]]:
    seen: Counter[str] = Counter()
    keyed = []
    for claim in found:
        about = text[max(0, claim.value_start - LEAD):claim.value_start] + "|" + \
            text[claim.value_start:claim.value_end + TAIL]
        about = re.sub(r"\s+", " ", about).strip()
        seen[about] += 1
        keyed.append((hashlib.sha256(f"{about}#{seen[about]}".encode()).hexdigest(), claim))
    return keyed


def _fields(found: Reported) -> dict:
    return {"kind": found.kind, "value": found.value, "unit": found.unit[:60], "metric": found.metric[:200],
            "dataset": found.dataset[:200], "versus": found.versus[:200]}


def _place(found: Reported) -> dict:
    return {"quote": found.quote, "start": found.start, "end": found.end, "value_start": found.value_start,
            "value_end": found.value_end, "present": True}


def _update(row: ReportedClaim, wanted: dict) -> None:
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    if changed:
        row.save(update_fields=changed)


def accept_claim(*, pk: int, by=None) -> ReportedClaim:
    """Accept a claim as it was read. Accepting twice changes nothing. Raises ReportedClaim.DoesNotExist."""
    return _decide(pk, "accept", {"status": ReportedClaim.ACCEPTED}, by)


def reject_claim(*, pk: int, by=None) -> ReportedClaim:
    """Say that the text reports no such thing. Rejecting twice changes nothing."""
    return _decide(pk, "reject", {"status": ReportedClaim.REJECTED}, by)


def correct_claim(*, pk: int, by=None, **fields) -> ReportedClaim:
    """Put a claim right: any of value, unit, metric, dataset, versus. Raises ValueError for what cannot be stored."""
    if unknown := set(fields) - set(ReportedClaim.FIELDS):
        raise ValueError(f"{', '.join(sorted(unknown))} cannot be corrected; {', '.join(ReportedClaim.FIELDS)} can")
    clean: dict[str, float | str] = {}
    for name, value in fields.items():
        if name == "value":
            clean[name] = _number(value)
            continue
        words = " ".join(str(value or "").split())
        field = ReportedClaim._meta.get_field(name)
        limit = field.max_length if isinstance(field, CharField) else None
        if limit is not None and len(words) > limit:
            raise ValueError(f"{name} is longer than {limit} characters")
        clean[name] = words
    return _decide(pk, "correct", {"status": ReportedClaim.CORRECTED, **clean}, by)


def _number(value) -> float:
    try:
        number = float(str(value).replace(",", "").strip())
    except ValueError:
        raise ValueError(f"“{value}” is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"“{value}” is not a finite number")
    return number


@transaction.atomic
def undo_claim(*, pk: int, by=None) -> ReportedClaim:
    """Take back the newest decision that still stands. Raises ValueError when there is none."""
    claim = ReportedClaim.objects.select_for_update().get(pk=pk)
    last = claim.edits.exclude(action="undo").filter(reverted_by=None).order_by("-pk").first()
    if last is None:
        raise ValueError("there is no decision to undo")
    before = _state(claim)
    _update(claim, last.before)
    ReportedClaimEdit.objects.create(claim=claim, action="undo", before=before, after=_state(claim), reverts=last,
                                     made_by=by)
    _tell(claim, "undid a decision on", by)
    return claim


@transaction.atomic
def _decide(pk: int, action: str, wanted: dict, by) -> ReportedClaim:
    claim = ReportedClaim.objects.select_for_update().get(pk=pk)
    before = _state(claim)
    if before | wanted == before:
        return claim
    _update(claim, wanted)
    ReportedClaimEdit.objects.create(claim=claim, action=action, before=before, after=_state(claim), made_by=by)
    _tell(claim, {"accept": "accepted", "reject": "rejected", "correct": "corrected"}[action], by)
    return claim


def _tell(claim: ReportedClaim, verb: str, by) -> None:
    history.record(verb, f"reported:{claim.pk}", f"paper:{claim.paper_id}", by=by, words=claim.quote[:200])


def _state(claim: ReportedClaim) -> dict:
    return {name: getattr(claim, name) for name in ("status", *ReportedClaim.FIELDS)}
