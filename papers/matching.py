"""Which paper a record is: by arXiv id, DOI or normalised title; and what it adds to that paper.

Works on rows in memory; `papers.storing` writes the outcome down.
"""

from dataclasses import dataclass, field

from django.utils import timezone

from papers.digests.records import Record
from papers.digests.titles import KEY_LIMIT
from papers.models import OtherTitle, Paper
from papers.reports import KNOWN, MERGED, NEW, Change

LOOKUP = 1000  # values per query


@dataclass(slots=True)
class Placed:
    """A record with its paper."""

    record: Record
    paper: Paper
    outcome: str
    changes: list[Change]


@dataclass(slots=True)
class Plan:
    """What storing the records means: papers to create, to update, to fold together, and each record's place."""

    placed: list[Placed] = field(default_factory=list)
    new: list[Paper] = field(default_factory=list)
    changed: list[Paper] = field(default_factory=list)
    folded: list[tuple[Paper, Paper]] = field(default_factory=list)  # saved rows (kept, dropped)
    other_titles: dict[str, tuple[str, Paper]] = field(default_factory=dict)  # key: (title, paper)


class Shelf:
    """The known papers that some of the records might be, found in a handful of queries, and what becomes of them.

    Writes nothing. What one call of `place` brought is known to the next, as if it had been stored between them: a
    preview keeps one shelf, an import takes a new one for every lot it stores, and both come to the same.
    """

    def __init__(self) -> None:
        self.by_arxiv: dict[str, Paper] = {}
        self.by_doi: dict[str, Paper] = {}
        self.by_key: dict[str, Paper] = {}
        self.plan = Plan()
        self._rows: dict[int, Paper] = {}  # by primary key
        self._touched: dict[int, Paper] = {}
        self._age: dict[int, int] = {}  # of papers that have no primary key, by id()
        self._became: dict[int, tuple[Paper, Paper]] = {}  # id(dropped): (dropped, kept)

    def place(self, keyed: list[tuple[Record, str]]) -> Plan:
        """Place every record, given with its title's key, in order; a later one sees what an earlier one brought."""
        plan = self.plan = Plan()
        self._touched = {}
        self._load(keyed)
        for record, key in keyed:
            paper, joined = self._find(record, key)
            if paper is None:
                plan.placed.append(Placed(record, self._new(record, key), NEW, []))
            else:
                changes = joined + self._merge(paper, record, key)
                plan.placed.append(Placed(record, paper, MERGED if changes else KNOWN, changes))
        for placed in plan.placed:
            paper = self._now(placed.paper)
            if paper is not placed.paper and placed.outcome == NEW:
                placed.outcome = MERGED
            placed.paper = paper
        plan.new = [paper for paper in plan.new if self._now(paper) is paper]
        plan.folded = [(self._now(kept), dropped) for kept, dropped in plan.folded]
        plan.other_titles = {key: (title, self._now(paper)) for key, (title, paper) in plan.other_titles.items()}
        plan.changed = list(self._touched.values())
        now = timezone.now()
        for paper in plan.changed:
            paper.updated_at = now
        return plan

    def _load(self, keyed: list[tuple[Record, str]]) -> None:
        for name, values in (("arxiv_id", {r.arxiv_id for r, _ in keyed if r.arxiv_id}),
                             ("doi", {r.doi for r, _ in keyed if r.doi}),
                             ("title_key", {key for _, key in keyed})):
            for chunk in _chunks(values):
                for paper in Paper.objects.filter(**{f"{name}__in": chunk}).iterator():
                    self._add_row(paper)
        other: dict[str, int] = {}
        for chunk in _chunks({key for _, key in keyed}):
            other.update(OtherTitle.objects.filter(title_key__in=chunk).values_list("title_key", "paper_id"))
        for chunk in _chunks(set(other.values()) - self._rows.keys()):
            for paper in Paper.objects.filter(pk__in=chunk):
                self._add_row(paper)
        for key, pk in other.items():
            self.by_key.setdefault(key, self._rows[pk])

    def _add_row(self, paper: Paper) -> None:
        if paper.pk not in self._rows:  # a row that is here may have changed here
            self._rows[paper.pk] = paper
            self._index(paper)

    def _index(self, paper: Paper) -> None:
        if paper.arxiv_id:
            self.by_arxiv[paper.arxiv_id] = paper
        if paper.doi:
            self.by_doi[paper.doi] = paper
        self.by_key[paper.title_key] = paper

    def _now(self, paper: Paper) -> Paper:
        """What the paper was folded into, or the paper itself."""
        passed = []
        while id(paper) in self._became:
            passed.append(paper)
            paper = self._became[id(paper)][1]
        for earlier in passed[:-1]:
            self._became[id(earlier)] = (earlier, paper)
        return paper

    def _older(self, paper: Paper) -> tuple[bool, int]:
        return (False, paper.pk) if paper.pk else (True, self._age[id(paper)])

    def _find(self, record: Record, key: str) -> tuple[Paper | None, list[Change]]:
        """The record's paper. Rows that prove to be the same paper are folded into one, which the changes say."""
        same: list[Paper] = []
        for found in (self.by_arxiv.get(record.arxiv_id or ""), self.by_doi.get(record.doi or ""),
                      self.by_key.get(key)):
            paper = self._now(found) if found else None
            if paper is None or any(paper is other for other in same) or _differ(record.arxiv_id, paper.arxiv_id) \
                    or any(_differ(paper.arxiv_id, other.arxiv_id) for other in same):
                continue  # two arXiv ids are two papers, whatever their titles
            same.append(paper)
        if not same:
            return None, []
        kept = min(same, key=self._older)  # whatever was stored between the two
        others = [paper for paper in same if paper is not kept]
        for paper in others:
            self._fold(kept, paper)
        return kept, [Change("same paper as", "", paper.title) for paper in others]

    def _fold(self, kept: Paper, dropped: Paper) -> None:
        self._became[id(dropped)] = (dropped, kept)
        if dropped.pk:
            self._touched.pop(dropped.pk, None)
            self.plan.folded.append((kept, dropped))
        self._take(kept, dropped)
        self.plan.other_titles[dropped.title_key] = (dropped.title, kept)
        self._touch(kept)

    def _new(self, record: Record, key: str) -> Paper:
        if key in self.by_key:  # another paper has this very title
            tail = f" {record.arxiv_id}"
            key = key[:KEY_LIMIT - len(tail)] + tail
        paper = Paper(title=record.title, title_key=key, authors=[], urls=[])
        self._age[id(paper)] = len(self._age)
        self._take(paper, record)
        self._index(paper)
        self.plan.new.append(paper)
        return paper

    def _merge(self, paper: Paper, record: Record, key: str) -> list[Change]:
        changes = self._take(paper, record)
        if key not in self.by_key:
            self.by_key[key] = paper
            self.plan.other_titles[key] = (record.title, paper)
            changes.append(Change("other title", "", record.title))
        if changes:
            self._touch(paper)
        return changes

    def _touch(self, paper: Paper) -> None:
        if paper.pk:
            self._touched[paper.pk] = paper

    def _take(self, paper: Paper, source: Record | Paper) -> list[Change]:
        """Fill the paper's gaps from the source: nothing it has is lost, the longer abstract wins."""
        changes: list[Change] = []

        def give(name: str, value) -> None:
            changes.append(Change(name, _short(getattr(paper, name)), _short(value)))
            setattr(paper, name, value)

        links = list(source.urls)
        for name, shelf in (("arxiv_id", self.by_arxiv), ("doi", self.by_doi)):
            value = getattr(source, name)
            if value and value != getattr(paper, name):
                if not getattr(paper, name) and self._now(shelf.get(value, paper)) is paper:
                    give(name, value)
                    shelf[value] = paper
                elif name == "doi":
                    links.append(f"https://doi.org/{value}")  # a second DOI is kept as a link
        for name in ("year", "published_on"):
            if getattr(source, name) and not getattr(paper, name):
                give(name, getattr(source, name))
        if _better_abstract(paper, source):
            give("abstract", source.abstract)
            paper.described = source.described
        if len(source.authors) > len(paper.authors):
            give("authors", list(source.authors))
        united = list(dict.fromkeys([*paper.urls, *links]))
        if united != paper.urls:
            give("urls", united)
        return changes


def _better_abstract(paper: Paper, source: Record | Paper) -> bool:
    if source.described != paper.described:
        return bool(source.abstract) and (paper.described or not paper.abstract)
    return len(source.abstract) > len(paper.abstract)


def _differ(this: str | None, other: str | None) -> bool:
    return bool(this and other and this != other)


def _short(value) -> str:
    text = "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 200 else f"{text[:199]}… ({len(text)} characters)"


def _chunks(values):
    values = sorted(values)
    return (values[start:start + LOOKUP] for start in range(0, len(values), LOOKUP))
