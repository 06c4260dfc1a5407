"""Numbers that tables of results give papers (those of Papers with Code, say): stored beside what is measured here."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from evaluations.models import TabulatedResult
from papers.digests.records import Reported
from papers.models import Digest, Paper

SHOWN = 50  # on a paper's page


def record_results(digest: Digest, reported: Sequence[tuple[Paper, Sequence[Reported]]]) -> None:
    """Store what the digest's entries report, within the transaction that stores them. Safe to repeat."""
    TabulatedResult.objects.bulk_create([
        TabulatedResult(paper=paper, digest=digest, number=number_in(row.value), key=_key(row),
                        **{name: getattr(row, name)[:300] for name in TabulatedResult.FIELDS})
        for paper, rows in reported for row in rows], batch_size=500, ignore_conflicts=True)


def number_in(value: str) -> float | None:
    """The one number of a value as tables write it; None where there is none, or several.

    >>> number_in("92.3 %"), number_in("1,024.5"), number_in("-0.5"), number_in("3-4")
    (92.3, 1024.5, -0.5, None)
    """
    found = re.findall(r"(?<![\w.])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d+)?", value)
    if len(found) != 1:
        return None
    number = float(found[0].replace(",", "").replace("\u2212", "-"))
    return number if math.isfinite(number) else None


def _key(row: Reported) -> str:
    return hashlib.sha256(json.dumps([getattr(row, name) for name in TabulatedResult.FIELDS]).encode()).hexdigest()


@dataclass(frozen=True)
class Tabulated:
    """What tables say of a paper: the rows shown, and how many there are."""

    rows: tuple[TabulatedResult, ...]
    count: int


def results_of(paper: Paper) -> Tabulated:
    """What tables say of the paper, each number once, with the newest digest that says it."""
    newest = {row.key: row for row in paper.tabulated_results.select_related("digest").order_by("digest__imported_at")}
    rows = sorted(newest.values(), key=lambda row: (row.task, row.dataset, row.metric, row.pk))
    return Tabulated(tuple(rows[:SHOWN]), len(rows))


def tabulated_list(*, paper: int | None = None, dataset: str = "", task: str = "") -> QuerySet[TabulatedResult]:
    """The numbers of all tables, by task and data set; words of these narrow."""
    rows = TabulatedResult.objects.select_related("paper", "digest").defer("paper__abstract")
    if paper is not None:
        rows = rows.filter(paper=paper)
    if dataset:
        rows = rows.filter(dataset__icontains=dataset)
    if task:
        rows = rows.filter(task__icontains=task)
    return rows

