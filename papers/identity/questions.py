"""Pairs of papers that may be one: asked by imports that kept them apart, found by title, answered by a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Q, QuerySet
from django.utils import timezone
from rapidfuzz import fuzz

from papers import history
from papers.identity.rules import differ, near_title, shared_people
from papers.models import Paper, PossibleDuplicate
from papers.writing import short_write

NEIGHBOURS = 12  # in the order of titles, with which each is compared


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
    """Look through all titles for near ones that nothing tells apart. Returns how many pairs are new."""
    known = set(PossibleDuplicate.objects.values_list("first", "second"))
    papers = list(Paper.objects.order_by("pk").only("title_key", "arxiv_id", "doi", "year", "authors").iterator())
    found = [pair for pair in _near(papers) if (pair[0].pk, pair[1].pk) not in known]
    for start in range(0, len(found), 100):
        with short_write():
            pairs = found[start:start + 100]
            there = set(Paper.objects.filter(pk__in={paper.pk for pair in pairs for paper in pair[:2]})
                        .values_list("pk", flat=True))
            ask(pair for pair in pairs if pair[0].pk in there and pair[1].pk in there)
    return len(found)


def _near(papers: list[Paper]) -> Iterator[tuple[Paper, Paper, str]]:
    """Two spellings of a title stand close together among all titles, read forwards or backwards."""
    seen = set()
    for step in (1, -1):
        papers.sort(key=lambda paper: paper.title_key[::step])
        for place, one in enumerate(papers):
            for other in papers[place + 1:place + 1 + NEIGHBOURS]:
                first, second = (one, other) if one.pk < other.pk else (other, one)
                score = near_title(first.title_key, second.title_key)
                if score and (first.pk, second.pk) not in seen and _may_be_one(first, second):
                    seen.add((first.pk, second.pk))
                    yield first, second, f"titles {score:.0f} % alike"


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
