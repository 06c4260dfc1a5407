"""What the front page shows of every app."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from evaluations.models import Run, Verdict
from evaluations.runs.selectors import Result, newest_results
from methods.models import Arena, Method
from papers.models import Paper


@dataclass(frozen=True)
class Home:
    """The front page."""

    papers: list[Paper]
    results: list[Result]
    verdicts: list[Verdict]
    counts: dict[str, int]
    arenas: list[Arena]


def home() -> Home:
    current = Verdict.objects.filter(current=True, scale="full")
    counts = {"papers": Paper.objects.count(), "methods": Method.objects.filter(present=True).count(),
              "runs": Run.objects.filter(state=Run.DONE, replay_of=None).count()}
    counts |= dict.fromkeys((Verdict.CONFIRMED, Verdict.REFUTED, Verdict.INCONCLUSIVE), 0)
    counts |= dict(current.values_list("status").annotate(Count("pk")).order_by())
    return Home(list(Paper.objects.select_related("cluster")[:8]), newest_results(),
                list(current.select_related("claim__method__arena")[:8]), counts,
                list(Arena.objects.filter(present=True).annotate(count=Count("methods", Q(methods__present=True)))))
