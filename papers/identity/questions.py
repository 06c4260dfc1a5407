"""Pairs of papers that may be one: asked by imports that kept them apart, found by title, answered by a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from rapidfuzz import fuzz

from papers import history
from papers.identity.rules import differ, near_title, shared_people
from papers.models import Paper, PossibleDuplicate, Revision
from papers.writing import short_write

NEIGHBOURS = 12  # in the order of titles, before and after, with which each is compared
OVERLAP = timedelta(minutes=2)  # a change may have been written that long before it could be seen
BATCH = 5_000  # primary keys in a query


def ask(pairs: Iterable[tuple[Paper, Paper, str]]) -> None:
    """Note that a person should say whether these stored papers are one; what was answered is not asked again."""
    rows = {}
    for one, other, reason in pairs:
        if one.pk != other.pk:
            first, second = sorted((one, other), key=lambda paper: paper.pk)
            rows[first.pk, second.pk] = PossibleDuplicate(
                first_id=first.pk, second_id=second.pk, reason=reason[:200],
                score=fuzz.ratio(first.title_key, second.title_key))
    PossibleDuplicate.objects.bulk_create(rows.values(), batch_size=500, ignore_conflicts=True)


def find_duplicates() -> int:
    """Look for titles that are near those of papers which have come or changed since the last look, and that nothing
    tells apart. Returns how many pairs are new."""
    looked, started = Revision.of(Revision.NEAR_TITLES), timezone.now()
    since = datetime.fromtimestamp(looked / 1e6, tz=UTC) - OVERLAP
    fresh = set(Paper.objects.filter(updated_at__gte=since).values_list("pk", flat=True))
    found = _near(fresh)
    for start in range(0, len(found), 100):
        with short_write():
            pairs = found[start:start + 100]
            there = set(Paper.objects.filter(pk__in={paper.pk for pair in pairs for paper in pair[:2]})
                        .values_list("pk", flat=True))
            ask(pair for pair in pairs if pair[0].pk in there and pair[1].pk in there)
    if fresh:
        with short_write():
            Revision.put(Revision.NEAR_TITLES, round(started.timestamp() * 1e6))
    return len(found)


def _near(fresh: set[int]) -> list[tuple[Paper, Paper, str]]:
    """Pairs with one of these papers, not asked about yet. Two spellings of a title stand close together among all
    titles, read forwards or backwards."""
    if not fresh:
        return []
    titles = list(Paper.objects.order_by("pk").values_list("title_key", "pk"))
    alike: dict[tuple[int, int], float] = {}
    for step in (1, -1):
        titles.sort(key=lambda title: title[0][::step])
        for place, (key, pk) in enumerate(titles):
            if pk in fresh:
                first = max(0, place - NEIGHBOURS)
                for other_key, other in titles[first:place] + titles[place + 1:place + 1 + NEIGHBOURS]:
                    pair = (min(pk, other), max(pk, other))
                    if pair not in alike and (score := near_title(key, other_key)):
                        alike[pair] = score
    alike = {pair: alike[pair] for pair in sorted(alike.keys() - _asked(alike))}
    papers = _by_key({pk for pair in alike for pk in pair})
    return [(papers[first], papers[second], f"titles {score:.0f} % alike") for (first, second), score in alike.items()
            if first in papers and second in papers and _may_be_one(papers[first], papers[second])]


def _asked(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    firsts = sorted({first for first, _ in pairs})
    return {pair for start in range(0, len(firsts), BATCH) for pair in PossibleDuplicate.objects.filter(
        first__in=firsts[start:start + BATCH]).values_list("first", "second")}


def _by_key(pks: set[int]) -> dict[int, Paper]:
    wanted = sorted(pks)
    return {paper.pk: paper for start in range(0, len(wanted), BATCH) for paper in Paper.objects.filter(
        pk__in=wanted[start:start + BATCH]).only("title_key", "arxiv_id", "doi", "year", "authors")}


def _may_be_one(one: Paper, other: Paper) -> bool:
    return not differ(one.arxiv_id, other.arxiv_id) and shared_people(one.authors, other.authors) is not False \
        and abs((one.year or other.year or 0) - (other.year or one.year or 0)) <= 3


def open_questions() -> QuerySet[PossibleDuplicate]:
    """The pairs nobody has decided, the most alike first."""
    return PossibleDuplicate.objects.filter(state=PossibleDuplicate.OPEN).select_related("first", "second")


def questions_about(paper: Paper) -> QuerySet[PossibleDuplicate]:
    """The open questions whether the paper is one with another."""
    return open_questions().filter(Q(first=paper) | Q(second=paper))


def keep_apart(*, pk: int, by) -> PossibleDuplicate:
    """Two papers they are, for good. Raises PossibleDuplicate.DoesNotExist."""
    with short_write():
        PossibleDuplicate.objects.filter(pk=pk).update(
            state=PossibleDuplicate.DIFFERENT, decided_by=by, decided_at=timezone.now())
        return _decided(pk, "said that they are two papers", by)


def ask_again(*, pk: int, by=None) -> PossibleDuplicate:
    """Take back that they are two papers. Raises PossibleDuplicate.DoesNotExist."""
    with short_write():
        PossibleDuplicate.objects.filter(pk=pk).update(
            state=PossibleDuplicate.OPEN, decided_by=None, decided_at=None)
        return _decided(pk, "asked again whether they are one paper", by)


def _decided(pk: int, verb: str, by) -> PossibleDuplicate:
    pair = PossibleDuplicate.objects.get(pk=pk)
    history.record(verb, f"paper:{pair.first_id}", f"paper:{pair.second_id}", by=by)
    return pair
