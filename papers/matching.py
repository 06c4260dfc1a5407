"""Which paper a record is: by arXiv id, DOI or normalised title; and what it adds to that paper.

Works on rows in memory; `papers.services` writes the outcome down.
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
    """The known papers that some of the records might be, found in a handful of queries."""

    def __init__(self, records: list[Record]):
        self.records = [(record, record.title_key) for record in records]
        self.by_arxiv: dict[str, Paper] = {}
        self.by_doi: dict[str, Paper] = {}
        self.by_key: dict[str, Paper] = {}
        self.result = Plan()
        self._touched: dict[int, Paper] = {}  # by primary key
        self._load()

    def _load(self) -> None:
        rows: dict[int, Paper] = {}
        for name, values in (("arxiv_id", {r.arxiv_id for r, _ in self.records if r.arxiv_id}),
                             ("doi", {r.doi for r, _ in self.records if r.doi}),
                             ("title_key", {key for _, key in self.records})):
            for chunk in _chunks(values):
                for paper in Paper.objects.filter(**{f"{name}__in": chunk}):
                    rows.setdefault(paper.pk, paper)
        other: dict[str, int] = {}
        for chunk in _chunks({key for _, key in self.records}):
            other.update(OtherTitle.objects.filter(title_key__in=chunk).values_list("title_key", "paper_id"))
        for chunk in _chunks(set(other.values()) - rows.keys()):
            rows.update(Paper.objects.in_bulk(chunk))
        for paper in rows.values():
            self._index(paper)
        for key, pk in other.items():
            self.by_key.setdefault(key, rows[pk])

    def _index(self, paper: Paper) -> None:
        if paper.arxiv_id:
            self.by_arxiv[paper.arxiv_id] = paper
        if paper.doi:
            self.by_doi[paper.doi] = paper
        self.by_key[paper.title_key] = paper

    def plan(self) -> Plan:
        """Place every record in order; a later record sees what an earlier one brought."""
        for record, key in self.records:
            paper, joined = self._find(record, key)
            if paper is None:
                paper = self._new(record, key)
                placed = Placed(record, paper, NEW, [])
            else:
                changes = joined + self._merge(paper, record, key)
                placed = Placed(record, paper, MERGED if changes else KNOWN, changes)
            self.result.placed.append(placed)
        self.result.changed = list(self._touched.values())
        now = timezone.now()
        for paper in self.result.changed:
            paper.updated_at = now
        return self.result

    def _find(self, record: Record, key: str) -> tuple[Paper | None, list[Change]]:
        """The record's paper. Rows that prove to be the same paper are folded into one, which the changes say."""
        same: list[Paper] = []
        for paper in (self.by_arxiv.get(record.arxiv_id or ""), self.by_doi.get(record.doi or ""),
                      self.by_key.get(key)):
            if paper is None or paper in same or _differ(record.arxiv_id, paper.arxiv_id) \
                    or any(_differ(paper.arxiv_id, other.arxiv_id) for other in same):
                continue  # two arXiv ids are two papers, whatever their titles
            same.append(paper)
        if not same:
            return None, []
        kept = next((paper for paper in same if paper.pk), same[0])
        others = [paper for paper in same if paper is not kept]
        for paper in others:
            self._fold(kept, paper)
        return kept, [Change("same paper as", "", paper.title) for paper in others]

    def _fold(self, kept: Paper, dropped: Paper) -> None:
        for shelf in (self.by_arxiv, self.by_doi, self.by_key):
            for value, paper in shelf.items():
                if paper is dropped:
                    shelf[value] = kept
        for placed in self.result.placed:
            if placed.paper is dropped:
                placed.paper = kept
                if placed.outcome == NEW:
                    placed.outcome = MERGED
        self.result.other_titles = {key: (title, kept if paper is dropped else paper)
                                    for key, (title, paper) in self.result.other_titles.items()}
        self.result.new = [paper for paper in self.result.new if paper is not dropped]
        if dropped.pk:
            self._touched.pop(dropped.pk, None)
            self.result.folded = [(kept if first is dropped else first, second)
                                  for first, second in self.result.folded] + [(kept, dropped)]
        self._take(kept, dropped)
        self.result.other_titles[dropped.title_key] = (dropped.title, kept)
        self._touch(kept)

    def _new(self, record: Record, key: str) -> Paper:
        if key in self.by_key:  # another paper has this very title
            tail = f" {record.arxiv_id}"
            key = key[:KEY_LIMIT - len(tail)] + tail
        paper = Paper(title=record.title, title_key=key, authors=[], urls=[])
        self._take(paper, record)
        self._index(paper)
        self.result.new.append(paper)
        return paper

    def _merge(self, paper: Paper, record: Record, key: str) -> list[Change]:
        changes = self._take(paper, record)
        if key not in self.by_key:
            self.by_key[key] = paper
            self.result.other_titles[key] = (record.title, paper)
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
                if not getattr(paper, name) and shelf.get(value, paper) is paper:
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
