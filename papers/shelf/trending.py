"""What moves people here: papers by how often they were listed, read, starred, run and judged lately."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from math import log2

from django.core.cache import cache
from django.db.models import Count
from django.utils import timezone

from papers.extensions import extensions
from papers.models import Appearance, Paper
from papers.selectors import PaperRow, paper_rows
from papers.shelf.fields import left_out
from papers.shelf.models import Mark

SPANS = (7, 14, 30)  # days
FORMULA = "digests that listed it + reads + 2 × stars + log₂(1 + runs) + 2 × verdicts"
FOR_VISITORS = "digests that listed it + log₂(1 + runs) + 2 × verdicts"
LISTINGS = 20_000  # the newest places in digests that are looked at
MOST = 500  # papers in the order
KEPT = 300  # seconds for which the order is kept


@dataclass(frozen=True, slots=True)
class Trend:
    """A paper's points, and what they are for: digests, reads, stars, runs and verdicts since then."""

    paper: int
    points: float
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class TrendRow:
    trend: Trend
    row: PaperRow

    @property
    def words(self) -> str:
        """The sum as it comes about."""
        return " + ".join(f"{count:,} {name[:-1] if count == 1 else name}" for name, count in self.trend.parts)


def trending(days: int, asker=None) -> list[Trend]:
    """The papers with most points of these days, the newer first among equals. What accounts read and starred counts
    for those alone who have one, as in a small house it would tell who reads what."""
    known = cache.get(f"trending-{days}-{asker is not None}")
    if known is None:
        known = _counted(days, asker is not None)
        cache.set(f"trending-{days}-{asker is not None}", known, KEPT)
    hidden = left_out(asker)
    if hidden is not None:
        gone = set(hidden.values_list("paper", flat=True))
        return [trend for trend in known if trend.paper not in gone]
    return known


def _counted(days: int, with_accounts: bool) -> list[Trend]:
    since = timezone.now() - timedelta(days=days)
    parts: dict[int, Counter[str]] = {}

    def add(name: str, counts) -> None:
        for paper, count in counts:
            if count:
                parts.setdefault(paper, Counter())[name] += count

    newest = Appearance.objects.filter(pk__gt=(Appearance.objects.order_by("-pk").values_list(
        "pk", flat=True).first() or 0) - LISTINGS)
    add("digests", newest.filter(digest__imported_at__gte=since).order_by().values_list("paper").annotate(
        Count("digest", distinct=True)))
    if with_accounts:
        for name, column in (("reads", "read_at"), ("stars", "starred_at")):
            add(name, Mark.objects.filter(**{f"{column}__gte": since}).order_by().values_list("paper").annotate(
                Count("pk")))
    for told in extensions.stirred:
        for paper, points in told(since).items():
            for name, count in points.items():
                add(name, [(paper, count)])
    trends = [Trend(paper, round(points_of(counts), 2), tuple(counts.items())) for paper, counts in parts.items()]
    best = sorted(trends, key=lambda trend: (-trend.points, -trend.paper))[:MOST]
    here = set(Paper.objects.filter(pk__in=[trend.paper for trend in best]).values_list("pk", flat=True))
    return [trend for trend in best if trend.paper in here]


def points_of(counts: Counter[str]) -> float:
    """The formula."""
    return counts["digests"] + counts["reads"] + 2 * counts["stars"] + log2(1 + counts["runs"]) \
        + 2 * counts["verdicts"]


def trend_rows(trends: list[Trend]) -> list[TrendRow]:
    """As lists show them."""
    papers = Paper.objects.select_related("cluster").in_bulk([trend.paper for trend in trends])
    shown = [trend for trend in trends if trend.paper in papers]
    rows = paper_rows(papers[trend.paper] for trend in shown)
    return [TrendRow(trend, row) for trend, row in zip(shown, rows, strict=True)]
