"""What the front page shows of every app."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef
from django.db.models.functions import Abs

from evaluations.claims.verdicts import ClaimStanding, statuses_by_arena, with_parents
from evaluations.models import Run, Verdict
from evaluations.runs.selectors import Result, newest_results
from evaluations.runs.stamps import kept, results_stamp
from evaluations.tables.summaries import Leaders, leaders
from methods.models import Arena, Method
from papers.models import Paper
from papers.selectors import paper_count
from papers.shelf.inbox import Arrivals, arrivals
from papers.shelf.undoing import reader_of

SHOWN = 3  # tables and verdicts
NEW = 6  # rows of the inbox
DECIDED = (Verdict.CONFIRMED, Verdict.REFUTED)


@dataclass(frozen=True)
class Home:
    """The front page. `counts` are of papers, methods, runs and verdicts."""

    papers: list[Paper]
    counts: dict[str, int]
    tables: list[Leaders]
    verdicts: list[ClaimStanding]
    results: list[Result]
    inbox: Arrivals | None


def home(user) -> Home:
    """What runs and verdicts say is looked up anew when they have changed; an account sees its inbox."""
    counts, tables, verdicts, results = kept("home", results_stamp(), _measured)
    inbox = arrivals(since=reader_of(user).inbox_from, asker=user, unread=True, count=NEW) \
        if user.is_authenticated else None
    return Home(list(Paper.objects.select_related("cluster")[:NEW]), {"papers": paper_count()} | counts, tables,
                verdicts, results, inbox)


def _measured() -> tuple[dict[str, int], list[Leaders], list[ClaimStanding], list[Result]]:
    counts = {"methods": Method.objects.filter(present=True).count(),
              "runs": Run.objects.filter(state=Run.DONE, replay_of=None).count()}
    counts |= dict.fromkeys((Verdict.CONFIRMED, Verdict.REFUTED, Verdict.INCONCLUSIVE), 0)
    counts |= dict(_current().values_list("status").annotate(Count("pk")).order_by())
    return counts, _tables(), _striking(), newest_results(5, here=True)


def _current():
    return Verdict.objects.filter(current=True, scale="full", claim__method__present=True)


def _tables() -> list[Leaders]:
    """The tops of the tables in which most claims are decided, whatever was measured last."""
    decided = {arena: sum(counts[status] for status in DECIDED) for arena, counts in statuses_by_arena().items()}
    arenas = Arena.objects.filter(present=True).defer("source_code", "explanation")
    found = (leaders(arena) for arena in sorted(arenas, key=lambda each: -decided.get(each.pk, 0)))
    return [table for table, _ in zip((table for table in found if table), range(SHOWN), strict=False)]


def _striking() -> list[ClaimStanding]:
    """Claims that turned from confirmed to refuted or back, the newest first; then the clearest verdicts, refuted
    before confirmed, one an arena. None is undecided.
    """
    current = _current().filter(status__in=DECIDED)
    other = Verdict.objects.filter(claim=OuterRef("claim"), scale="full", status__in=DECIDED, pk__lt=OuterRef("pk")
                                   ).exclude(status=OuterRef("status"))
    chosen = list(current.filter(Exists(other)).select_related("claim").order_by("-decided_at", "-pk")[:SHOWN])
    clear = current.filter(effect_size__isnull=False, cost__isnull=True).annotate(
        size=Abs("effect_size"), arena=F("claim__method__arena")).select_related("claim").order_by("-size")
    for status in (Verdict.REFUTED, Verdict.CONFIRMED) * 2:
        chosen += _one_elsewhere(clear.filter(status=status), chosen) if len(chosen) < SHOWN else []
    if chosen:
        with_parents(verdict.claim for verdict in chosen)
    return [ClaimStanding(verdict.claim, verdict) for verdict in chosen]


def _one_elsewhere(verdicts, chosen: Iterable[Verdict]) -> list[Verdict]:
    """The first of an arena that has none yet."""
    claims = [verdict.claim_id for verdict in chosen]
    arenas = Arena.objects.filter(methods__claim_rows__in=claims)
    return list(verdicts.exclude(arena__in=arenas.values("pk"))[:1])
