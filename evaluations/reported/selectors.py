"""Claims as data: the directional ones of the cards with their verdicts, and the numbers that abstracts report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from evaluations.claims.verdicts import NOT_MEASURED, ClaimStanding, claims_in_order, standings_by_key
from evaluations.claims.wording import sentence
from evaluations.models import ReportedClaim, ReportedClaimEdit, Verdict
from evaluations.reported.tabulated import results_of
from papers.models import Paper

DIRECTIONAL, REPORTED, SCALE = "directional", "reported", "scale"
STATED = "stated"  # by the card of a method


def reported_list(*, kind: str = REPORTED, status: str = "", paper: int | None = None) -> QuerySet[ReportedClaim]:
    """Reported results, or scale facts, in the order of paper and text."""
    rows = ReportedClaim.objects.filter(kind=ReportedClaim.SCALE if kind == SCALE else ReportedClaim.RESULT)
    if status:
        rows = rows.filter(status=status)
    if paper is not None:
        rows = rows.filter(paper=paper)
    return rows.select_related("paper").defer("paper__abstract").order_by("paper_id", "value_start", "pk")


def reported_record(claim: ReportedClaim) -> dict:
    """A reported claim as plain data. `span` counts characters of the paper's abstract."""
    return {"kind": SCALE if claim.kind == ReportedClaim.SCALE else REPORTED, "id": claim.pk,
            "paper_id": claim.paper_id, "paper": claim.paper.title, "value": claim.value, "unit": claim.unit,
            "metric": claim.metric or None, "dataset": claim.dataset or None, "versus": claim.versus or None,
            "quote": claim.quote, "span": claim.span, "status": claim.status, "verdict": NOT_MEASURED,
            "method": None, "sentence": None}


def directional_record(standing: ClaimStanding) -> dict:
    """A card's claim as plain data: a direction has no value of its own and no quote; `sentence` says it."""
    claim = standing.claim
    papers = claim.method.papers
    return {"kind": DIRECTIONAL, "id": claim.pk, "paper_id": None, "paper": papers[0]["title"] if papers else None,
            "value": None, "unit": None, "metric": claim.metric,
            "dataset": f"{claim.method.arena_id} ({claim.setting})", "versus": claim.rival, "quote": None, "span": None,
            "status": STATED, "verdict": f"{standing.status} (older code)" if standing.stale else standing.status,
            "method": claim.method.key, "sentence": sentence(standing)}


class ClaimRecords(Sequence):
    """Every claim as a record, directional first; only the rows of the slice asked for are built."""

    def __init__(self, *, kind: str = "", status: str = "", paper: int | None = None):
        directional = kind in ("", DIRECTIONAL) and status in ("", STATED) and paper is None
        self._directional = list(claims_in_order().values_list("pk", flat=True)) if directional else []
        self._reported = ReportedClaim.objects.none() if kind == DIRECTIONAL or status == STATED else \
            reported_list(kind=kind or REPORTED, status=status, paper=paper)

    def not_older(self, since: datetime) -> ClaimRecords:
        """Only those with a verdict, a reading or a decision since then."""
        decided = set(Verdict.objects.filter(decided_at__gte=since).values_list("claim", flat=True))
        self._directional = [claim for claim in self._directional if claim in decided]
        self._reported = self._reported.filter(Q(created_at__gte=since) | Q(
            pk__in=ReportedClaimEdit.objects.filter(made_at__gte=since).order_by().values("claim")))
        return self

    def __len__(self) -> int:
        return len(self._directional) + self._reported.count()

    def __getitem__(self, place: slice | int):
        if isinstance(place, int):
            return self[place:place + 1][0]
        start, stop, step = place.indices(len(self))
        if step != 1:
            raise ValueError("claims are read in order")
        first = len(self._directional)
        rows = [directional_record(standing) for standing in standings_by_key(self._directional[start:stop])]
        if stop > first:
            rows += [reported_record(claim) for claim in self._reported[max(0, start - first):stop - first]]
        return rows


def history(claim: ReportedClaim) -> list[dict]:
    """The decisions about a claim, newest first, as plain data."""
    return [{"action": edit.action, "before": edit.before, "after": edit.after,
             "made_by": edit.made_by.get_username() if edit.made_by else None, "made_at": edit.made_at.isoformat(),
             "undone": hasattr(edit, "reverted_by")}
            for edit in claim.edits.select_related("made_by", "reverted_by")]


@dataclass(frozen=True)
class ShownClaim:
    """A claim with its quote cut around the number, and whether a decision can be undone."""

    claim: ReportedClaim
    before: str
    number: str
    after: str
    edits: tuple[ReportedClaimEdit, ...]

    @property
    def can_undo(self) -> bool:
        undone = {edit.reverts_id for edit in self.edits if edit.reverts_id}
        return any(edit.action != "undo" and edit.pk not in undone for edit in self.edits)


def paper_block(paper: Paper) -> dict:
    """What a paper's page shows of its reported claims: results, scale facts apart, and what
    tables of results say; three queries."""
    rows = paper.reported_claims.prefetch_related(
        Prefetch("edits", ReportedClaimEdit.objects.select_related("made_by"))).order_by("value_start", "pk")
    shown = [_shown(claim) for claim in rows]
    return {"paper": paper, "results": [row for row in shown if row.claim.kind == ReportedClaim.RESULT],
            "tabulated": results_of(paper), "sizes": [row for row in shown if row.claim.kind == ReportedClaim.SCALE]}


def _shown(claim: ReportedClaim) -> ShownClaim:
    edits = tuple(claim.edits.all())
    if claim.start is None or claim.value_start is None or claim.value_end is None:
        return ShownClaim(claim, claim.quote, "", "", edits)
    first, last = claim.value_start - claim.start, claim.value_end - claim.start
    return ShownClaim(claim, claim.quote[:first], claim.quote[first:last], claim.quote[last:], edits)
