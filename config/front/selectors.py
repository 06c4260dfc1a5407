"""What the front page shows of every app."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from evaluations.models import Run, Verdict
from evaluations.runs.selectors import Result, newest_results
from evaluations.runs.stamps import kept, results_stamp
from methods.models import Arena, Method
from papers.models import Paper
from papers.selectors import paper_count


@dataclass(frozen=True)
class Home:
    """The front page. `counts` are of papers, methods, runs and verdicts."""

    papers: list[Paper]
    results: list[Result]
    verdicts: list[Verdict]
    counts: dict[str, int]
    arenas: list[Arena]


def home() -> Home:
    """What is new; what runs and verdicts say is looked up anew when they have changed."""
    results, verdicts, counts, arenas = kept("home", results_stamp(), _newest)
    return Home(list(Paper.objects.select_related("cluster")[:8]), results, verdicts,
                {"papers": paper_count()} | counts, arenas)


def _newest() -> tuple[list[Result], list[Verdict], dict[str, int], list[Arena]]:
    current = Verdict.objects.filter(current=True, scale="full")
    counts = {"methods": Method.objects.filter(present=True).count(),
              "runs": Run.objects.filter(state=Run.DONE, replay_of=None).count()}
    counts |= dict.fromkeys((Verdict.CONFIRMED, Verdict.REFUTED, Verdict.INCONCLUSIVE), 0)
    counts |= dict(current.values_list("status").annotate(Count("pk")).order_by())
    arenas = Arena.objects.filter(present=True).annotate(count=Count("methods", Q(methods__present=True)))
    return newest_results(), list(current.select_related("claim__method__arena")[:8]), counts, list(
        arenas.only("slug", "title"))
