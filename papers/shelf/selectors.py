"""What an account keeps, as rows and pages show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from papers.models import Paper
from papers.shelf.fields import within
from papers.shelf.models import Action, ListEntry, Mark, PaperList, Tag, TagOnPaper


@dataclass(frozen=True, slots=True)
class Kept:
    """What the account keeps of one paper; tags as (name, colour), lists as (number, name), each by name."""

    paper: int
    starred_at: datetime | None = None
    read_at: datetime | None = None
    hidden_at: datetime | None = None
    note: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    lists: tuple[tuple[int, str], ...] = ()

    @property
    def starred(self) -> bool:
        return self.starred_at is not None

    @property
    def read(self) -> bool:
        return self.read_at is not None

    @property
    def hidden(self) -> bool:
        return self.hidden_at is not None


def kept_by(user, papers: Iterable[int]) -> dict[int, Kept]:
    """What the account keeps of each of these papers. Three queries."""
    papers = list(papers)
    tags: dict[int, list] = {}
    lists: dict[int, list] = {}
    for paper, name, colour in TagOnPaper.objects.filter(tag__user=user, paper__in=papers).order_by(
            "tag__name").values_list("paper", "tag__name", "tag__colour"):
        tags.setdefault(paper, []).append((name, colour))
    for paper, pk, name in ListEntry.objects.filter(paper_list__user=user, paper__in=papers).order_by(
            "paper_list__name").values_list("paper", "paper_list", "paper_list__name"):
        lists.setdefault(paper, []).append((pk, name))
    marks = {mark.paper_id: mark for mark in Mark.objects.filter(user=user, paper__in=papers)}
    found = {}
    for paper in papers:
        mark = marks.get(paper) or Mark()
        found[paper] = Kept(paper, mark.starred_at, mark.read_at, mark.hidden_at, mark.note,
                            tuple(tags.get(paper, ())), tuple(lists.get(paper, ())))
    return found


def kept_since(user, papers: QuerySet[Paper], since: datetime) -> QuerySet[Paper]:
    """Of these papers those that the account marked, noted or put on a list since then; tags keep no time."""
    marks = Mark.objects.filter(Q(starred_at__gte=since) | Q(read_at__gte=since) | Q(hidden_at__gte=since)
                                | Q(noted_at__gte=since), user=user)
    entries = ListEntry.objects.filter(paper_list__user=user, added_at__gte=since).order_by()
    return papers.filter(Q(pk__in=marks.values("paper")) | Q(pk__in=entries.values("paper")))


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag with how many papers have it; `depth` others lie around it. `pk` is None for one that only holds others."""

    name: str
    pk: int | None
    colour: str
    papers: int

    @property
    def depth(self) -> int:
        return self.name.count("/")

    @property
    def last(self) -> str:
        return self.name.rpartition("/")[2]


def tag_tree(user) -> list[TagRow]:
    """The account's tags, each below the one it lies in. One query."""
    own = {tag.name: tag for tag in Tag.objects.filter(user=user).annotate(number=Count("places"))}
    names = sorted({part for name in own for part in within(name)}, key=lambda name: name.split("/"))
    return [TagRow(name, own[name].pk, own[name].colour, own[name].number) if name in own
            else TagRow(name, None, "grey", 0) for name in names]


def lists_of(user) -> QuerySet[PaperList]:
    """The account's lists by name, with `size` counted."""
    return PaperList.objects.filter(user=user).annotate(size=Count("entries"))


def papers_on(chosen: PaperList) -> QuerySet[Paper]:
    """The list's papers in its order."""
    entry = ListEntry.objects.filter(paper_list=chosen, paper=OuterRef("pk"))
    return Paper.objects.filter(pk__in=chosen.entries.order_by().values("paper")).annotate(
        place=Subquery(entry.values("position")[:1]), added_at=Subquery(entry.values("added_at")[:1])).order_by(
        "place", "pk")


def shared_list(key: str) -> PaperList | None:
    """The list that the link with this key shows; None where it shows none (any more)."""
    chosen = PaperList.objects.filter(share_key=key).first()
    return chosen if chosen and chosen.shared else None


def newest_actions(user, count: int = 20) -> QuerySet[Action]:
    """What the account did last, what was taken back too."""
    return Action.objects.filter(user=user)[:count]


@dataclass(frozen=True)
class Shelf:
    """The page of what an account keeps; numbers of papers by state."""

    tags: list[TagRow]
    lists: list[PaperList]
    actions: list[Action]
    numbers: dict[str, int] = field(default_factory=dict)


def shelf(user) -> Shelf:
    """Counted by the indexes of the account's own marks."""
    marks = Mark.objects.filter(user=user)
    return Shelf(tag_tree(user), list(lists_of(user)), list(newest_actions(user, 10)), {
        name: marks.filter(**{f"{column}__isnull": False}).count() for name, column in (
            ("starred", "starred_at"), ("read", "read_at"), ("hidden", "hidden_at"), ("noted", "noted_at"))})


def everything_kept(user) -> Iterable[Kept]:
    """What the account keeps of every paper of which it keeps anything, by the paper's number, some at a time."""
    pks = set(Mark.objects.filter(user=user).values_list("paper", flat=True))
    pks |= set(TagOnPaper.objects.filter(tag__user=user).values_list("paper", flat=True))
    pks |= set(ListEntry.objects.filter(paper_list__user=user).values_list("paper", flat=True))
    ordered = sorted(pks)
    for start in range(0, len(ordered), 500):
        for kept in kept_by(user, ordered[start:start + 500]).values():
            if kept != Kept(kept.paper):
                yield kept
