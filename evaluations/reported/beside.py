"""Reported beside measured: accepted numbers of papers that speak of an arena's metric, by the methods of those papers.

Only what a person accepted or corrected counts, and only where its metric is one of the arena: named by the metric's
title (a correction can write it), or by a word of it ("accuracy" for "Balanced accuracy"), the main metric first. The
numbers come from the papers' own experiments: they are quoted, drawn apart, and never ranked, tested or averaged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluations.models import ReportedClaim
from methods.models import Arena, PaperLink

DECIDED = (ReportedClaim.ACCEPTED, ReportedClaim.CORRECTED)
GAINS = ("points", "% absolute")  # units of a difference, not of a level
UNITS = {"%": ("%", "plain", *GAINS), "points": GAINS}  # of reported numbers, by the unit of the arena's metric

Beside = Mapping[str, Any]


def reported_beside(methods: Iterable[Any]) -> dict[int, tuple[Beside, ...]]:
    """What the papers of these methods report of their arena's metrics, by method; a query, two where there is any."""
    links = PaperLink.objects.shown().implementing().filter(
        method__in=list(methods), paper__reported_claims__kind=ReportedClaim.RESULT,
        paper__reported_claims__status__in=DECIDED).order_by().values_list(
        "method", "paper", "method__arena").distinct()
    found = list(links)
    if not found:
        return {}
    claims: dict[int, list[ReportedClaim]] = defaultdict(list)
    for claim in ReportedClaim.objects.filter(paper__in={paper for _, paper, _ in found}, status__in=DECIDED,
                                              kind=ReportedClaim.RESULT).select_related("paper"):
        claims[claim.paper_id].append(claim)
    arenas = Arena.objects.defer("source_code", "explanation").in_bulk({arena for *_, arena in found})
    beside: dict[int, list[Beside]] = defaultdict(list)
    for method, paper, arena in found:
        for claim in claims[paper]:
            metric = metric_for(claim, arenas[arena].metrics)
            if metric:
                beside[method].append(beside_record(claim, metric))
    return {method: tuple(of) for method, of in beside.items()}


def metric_for(claim: ReportedClaim, metrics: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The arena's metric that a number speaks of; its main metric comes first in the list. None where it is no other's.

    >>> balanced = {"name": "balanced_accuracy", "title": "Balanced accuracy", "unit": "%"}
    >>> metric_for(ReportedClaim(metric="accuracy", unit="points"), [balanced])["name"]
    'balanced_accuracy'
    >>> metric_for(ReportedClaim(metric="throughput", unit="x"), [balanced]) is None
    True
    """
    said = claim.metric.strip().lower()
    fitting = [metric for metric in metrics if said and claim.unit in UNITS.get(metric["unit"], ())]
    for metric in fitting:
        if said in (metric["title"].lower(), metric["name"]):
            return metric
    last = said.split()[-1] if said else ""
    return next((metric for metric in fitting if last in metric["title"].lower().split()), None)


def beside_record(claim: ReportedClaim, metric: Mapping[str, Any]) -> dict[str, Any]:
    """A number beside a metric as plain data: the one form behind pages, plots, files and the API."""
    return {"id": claim.pk, "metric": metric["name"], "metric_title": metric["title"], "value": claim.value,
            "unit": claim.unit, "gain": claim.unit in GAINS, "reported_metric": claim.metric,
            "dataset": claim.dataset or None, "versus": claim.versus or None, "quote": claim.quote,
            "paper_id": claim.paper_id, "paper": claim.paper.title, "year": claim.paper.year, "status": claim.status}


def beside_in_words(of: Beside) -> str:
    """A number as a line of text, with what it says of itself."""
    sign = "+" if of["gain"] and of["value"] > 0 else ""
    on = f" on {of['dataset']}" if of["dataset"] else ""
    versus = f" against {of['versus']}" if of["versus"] else ""
    year = f", {of['year']}" if of["year"] else ""
    return (f"{sign}{of['value']:,.15g} {of['unit']} {of['reported_metric']}{on}{versus}: “{of['quote']}” "
            f"({of['paper']}{year}; reported, not measured here)")
