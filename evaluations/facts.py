"""What evaluations know of papers and methods, for the apps below, which ask through what `apps.py` registers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.urls import reverse

from evaluations.claims.verdicts import ClaimStanding, with_parents
from evaluations.claims.wording import sentence
from evaluations.models import Claim, ReportedClaim, ReportedReading, Run, TabulatedResult, Verdict
from evaluations.runs.stamps import kept, results_stamp
from methods.models import Method, PaperLink
from papers.extensions import Condition, Event, Happened
from papers.models import Paper

SCALE = "full"  # smaller runs do not count
MOST_EVENTS = 30  # of one sort, in a list of what happened
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


def measured_methods(since: datetime | None = None) -> QuerySet[Run, int]:
    """The primary keys of the methods with a finished run of full scale, of those that ended since then."""
    runs = Run.objects.filter(state=Run.DONE, scale=SCALE)
    return (runs.filter(finished_at__gte=since) if since else runs).order_by().values_list("method", flat=True)


def judged_methods() -> dict[str, QuerySet[Claim, int]]:
    """The primary keys of the methods with a claim that has this current verdict, for every status."""
    return {status: Claim.objects.filter(verdicts__current=True, verdicts__scale=SCALE, verdicts__status=status)
            .order_by().values_list("method", flat=True) for status in STATUSES}


def happened(start: datetime, end: datetime) -> list[Happened]:
    """What was measured here, and which claims were decided otherwise than before, from `start` until `end`."""
    return kept(f"happened-{start:%Y%m%d%H%M%S}-{end:%Y%m%d%H%M%S}", results_stamp(), lambda: [
        _measured(start, end), *_decided_anew(start, end)])


def _measured(start: datetime, end: datetime) -> Happened:
    """Methods with runs that ended well then, wherever: those that were loaded count by when they were measured."""
    runs = Run.objects.filter(finished_at__gte=start, finished_at__lt=end, state=Run.DONE).order_by()
    counted = list(runs.values("method").annotate(n=Count("pk"), loaded=Count("pk", filter=~Q(origin=""))).order_by(
        "-n", "method"))
    done, loaded = sum(row["n"] for row in counted), sum(row["loaded"] for row in counted)
    came = "" if not loaded else ", all loaded from elsewhere" if loaded == done else f", {loaded:,} of them loaded"
    methods = Method.objects.select_related("arena").in_bulk([row["method"] for row in counted[:MOST_EVENTS]])
    return Happened("Measured", [
        Event(f"{method.title}: {row['n']:,} run{'' if row['n'] == 1 else 's'} ({method.arena.title})",
              reverse("method_detail", args=[method.arena_id, method.slug]))
        for row in counted[:MOST_EVENTS] if (method := methods.get(row["method"]))], len(counted) > MOST_EVENTS,
        f"{done:,} run{'' if done == 1 else 's'} of {len(counted):,} method{'' if len(counted) == 1 else 's'}{came}."
        if done else "")


def measured_near(before: datetime, after: datetime) -> tuple[datetime | None, datetime | None]:
    """When the last run ended well before the one moment, and the first from the other on."""
    ends = Run.objects.filter(state=Run.DONE).values_list("finished_at", flat=True)
    return (ends.filter(finished_at__lt=before).order_by("-finished_at").first(),
            ends.filter(finished_at__gte=after).order_by("finished_at").first())


def _decided_anew(start: datetime, end: datetime) -> list[Happened]:
    """Claims that got another verdict then; one that was undecided before and is still is no news."""
    earlier = Verdict.objects.filter(claim=OuterRef("claim"), scale=SCALE, decided_at__lt=OuterRef("decided_at"))
    rows = Verdict.objects.filter(
        decided_at__gte=start, decided_at__lt=end, scale=SCALE, claim__method__present=True).annotate(
        before=Subquery(earlier.order_by("-decided_at", "-pk").values("status")[:1])).filter(
        Q(before=None) | ~Q(before=F("status"))).select_related("claim").order_by("-decided_at", "-pk")
    found = []
    for status, title in ((Verdict.REFUTED, "Refuted"), (Verdict.CONFIRMED, "Confirmed")):
        some = list(rows.filter(status=status)[:MOST_EVENTS + 1])
        with_parents(verdict.claim for verdict in some)
        found.append(Happened(title, [
            Event(sentence(ClaimStanding(verdict.claim, verdict))
                  + (f" (was {verdict.before})" if verdict.before else ""),
                  reverse("claim_detail", args=[verdict.claim_id]), status) for verdict in some[:MOST_EVENTS]],
            len(some) > MOST_EVENTS))
    return found


def stirred(since: datetime) -> dict[int, Counter[str]]:
    """Runs of the methods that implement a paper, and decisions on their claims, since then, by the paper."""
    runs = dict(Run.objects.filter(finished_at__gte=since, state=Run.DONE, origin="").order_by().values_list(
        "method").annotate(Count("pk")))
    verdicts = dict(Verdict.objects.filter(decided_at__gte=since, scale=SCALE).exclude(
        status=Verdict.INCONCLUSIVE).order_by().values_list("claim__method").annotate(Count("pk")))
    found: dict[int, Counter[str]] = {}
    links = PaperLink.objects.shown().implementing().filter(method__in={*runs, *verdicts}).order_by()
    for paper, method in links.values_list("paper", "method"):
        found.setdefault(paper, Counter()).update(runs=runs.get(method, 0), verdicts=verdicts.get(method, 0))
    return found
