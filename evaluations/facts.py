"""What evaluations know of papers and methods, for the apps below, which ask through what `apps.py` registers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from evaluations.models import Claim, ReportedClaim, ReportedReading, Run, TabulatedResult, Verdict
from methods.models import PaperLink
from papers.extensions import Condition
from papers.models import Paper

SCALE = "full"  # smaller runs do not count
STATUSES = (Verdict.CONFIRMED, Verdict.REFUTED, Verdict.INCONCLUSIVE)


def has_verdict(status: str) -> Condition:
    """Papers of which any implementing method has a claim with this verdict; "none": with no verdict at all."""
    if status == "none":
        return ~Q(pk__in=_decided().order_by().values("paper"))
    return Q(pk__in=_decided(status=status).order_by().values("paper"))


def verdict_counts(papers: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    """How many verdicts of each status each paper has, by its primary key; papers with none are left out."""
    counts: dict[int, Counter[str]] = {}
    decided = _decided().order_by().filter(paper__in=papers)
    for paper, status in decided.values_list("paper", "method__claim_rows__verdicts__status"):
        counts.setdefault(paper, Counter())[status] += 1
    return counts


def verdict_facets(papers: Sequence[int]) -> dict[str, dict[str, int]]:
    """How many of these papers have a verdict of each status, and how many none."""
    counts = verdict_counts(papers)
    having = Counter(status for verdicts in counts.values() for status in verdicts)
    return {"verdict": {**having, "none": len(papers) - len(counts)}}


def _decided(**verdict: str) -> QuerySet[PaperLink]:
    """Links to implementing methods, once for each such current verdict on one of their claims."""
    fields = {"current": True, "scale": SCALE, **verdict}
    return PaperLink.objects.shown().implementing().filter(  # in one call, so that all speak of the same verdict
        **{f"method__claim_rows__verdicts__{name}": value for name, value in fields.items()})


def keep_decisions(kept: Paper, dropped: Paper) -> None:
    """What people decided about the second row's reported claims goes on to the first, which is then read anew."""
    known = {claim.key: claim for claim in ReportedClaim.objects.filter(paper=kept)}
    for claim in ReportedClaim.objects.filter(paper=dropped).exclude(status=ReportedClaim.PROPOSED):
        rival = known.get(claim.key)
        if rival and rival.status == ReportedClaim.PROPOSED:
            rival.delete()
        elif rival:
            continue  # both were decided: the kept paper's word stands
        claim.paper = kept
        claim.save(update_fields=["paper"])
    ReportedReading.objects.filter(paper=kept).delete()
    known_rows = set(TabulatedResult.objects.filter(paper=kept).values_list("digest", "key"))
    same = [row.pk for row in TabulatedResult.objects.filter(paper=dropped) if (row.digest_id, row.key) in known_rows]
    TabulatedResult.objects.filter(paper=dropped).exclude(pk__in=same).update(paper=kept)


def runs_done() -> Combinable:
    """A method's finished runs, of whatever scale, as a number to annotate."""
    done = Run.objects.filter(method=OuterRef("pk"), state=Run.DONE).order_by()
    return Coalesce(Subquery(done.values("method").annotate(count=Count("pk")).values("count")), 0)


def measured_methods() -> QuerySet[Run, int]:
    """The primary keys of the methods with a finished run of full scale."""
    return Run.objects.filter(state=Run.DONE, scale=SCALE).order_by().values_list("method", flat=True)


def judged_methods() -> dict[str, QuerySet[Claim, int]]:
    """The primary keys of the methods with a claim that has this current verdict, for every status."""
    return {status: Claim.objects.filter(verdicts__current=True, verdicts__scale=SCALE, verdicts__status=status)
            .order_by().values_list("method", flat=True) for status in STATUSES}
