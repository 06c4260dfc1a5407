"""Which paper a record is: by its identifiers, then by title, authors and year; and what it adds to that paper.

Works on rows in memory, by the rules of `papers.identity`; `papers.storing` writes the outcome down.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from papers.digests.identifiers import NAMES
from papers.digests.records import Record
from papers.identity.plan import COLUMNS, TAKEN, Fold, Placed, Plan, identifiers_of
from papers.identity.rules import differ, same_identifier, same_title, shared_people
from papers.identity.sources import UNKNOWN, Origin, Version, give, mark, origin_of, short, take_values
from papers.models import OtherTitle, Paper, PaperIdentifier, PossibleDuplicate
from papers.reports import KNOWN, MERGED, NEW, Change

LOOKUP = 1000  # records whose papers one query finds
MANY = 200  # papers of one title among which a record is looked for by it


class Shelf:
    """The known papers that some of the records might be, found in a handful of queries, and what becomes of them.

    Writes nothing. What one call of `place` brought is known to the next, as if it had been stored between them: a
    preview keeps one shelf, an import takes a new one for every lot it stores, and both come to the same.
    """

    def __init__(self) -> None:
        self.by_identifier: dict[tuple[str, str], Paper] = {}
        self.by_key: dict[str, list[Paper]] = {}
        self.plan = Plan()
        self._rows: dict[int, Paper] = {}  # by primary key
        self._touched: dict[int, Paper] = {}
        self._age: dict[int, int] = {}  # of papers that have no primary key, by id()
        self._became: dict[int, tuple[Paper, Paper]] = {}  # id(dropped): (dropped, kept)
        self._apart: dict[frozenset[int], bool] = {}  # pairs asked about: whether a person keeps them apart
        self._doubts: list[tuple[Paper, str]] = []

    def place(self, keyed: list[tuple[Record, str]], origin: Origin = UNKNOWN) -> Plan:
        """Place every record, given with its title's key, in order; a later one sees what an earlier one brought."""
        plan = self.plan = Plan()
        self._touched = {}
        self._load(keyed)
        for record, key in keyed:
            self._doubts = []
            paper, joined = self._find(record, key)
            if paper is None:
                paper = self._new(record, key, origin)
                plan.placed.append(Placed(record, paper, NEW, []))
            else:
                changes = joined + self._merge(paper, record, key, origin)
                plan.placed.append(Placed(record, paper, MERGED if changes else KNOWN, changes))
            plan.questions += [(paper, other, why) for other, why in self._doubts if other is not paper]
        self._settle()
        return plan

    def fold(self, kept: Paper, dropped: Paper) -> Plan:
        """Make one paper of two stored ones, because somebody says so."""
        plan = self.plan = Plan()
        for paper in (kept, dropped):
            self._add_row(paper)
        self._fold(kept, dropped)
        self._settle()
        return plan

    def _settle(self) -> None:
        """Point everything at what its paper was folded into in the end."""
        plan = self.plan
        for placed in plan.placed:
            paper = self._now(placed.paper)
            if paper is not placed.paper and placed.outcome == NEW:
                placed.outcome = MERGED
            placed.paper = paper
        plan.new = [paper for paper in plan.new if self._now(paper) is paper]
        for fold in plan.folded:
            fold.kept = self._now(fold.kept)
        titles = {(id(holder), key): (holder, title, key) for paper, title, key in plan.other_titles
                  if (holder := self._now(paper)).title_key != key}
        plan.other_titles = list(titles.values())
        plan.identifiers = {found: self._now(paper) for found, paper in plan.identifiers.items()}
        plan.versions = [(self._now(paper), version) for paper, version in plan.versions]
        plan.questions = [(self._now(one), self._now(other), why) for one, other, why in plan.questions]
        plan.changed = list(self._touched.values())
        now = timezone.now()
        for paper in plan.changed:
            paper.updated_at = now

    def _load(self, keyed: list[tuple[Record, str]]) -> None:
        other: list[tuple[str, int]] = []
        further: dict[tuple[str, str], int] = {}
        for start in range(0, len(keyed), LOOKUP):
            part = keyed[start:start + LOOKUP]
            keys = {key for _, key in part}
            values: dict[str, set[str]] = {"arxiv": set(), "doi": set()}
            for record, _ in part:
                for kind, value in identifiers_of(record):
                    values.setdefault(kind, set()).add(value)
            for paper in Paper.objects.filter(Q(title_key__in=keys) | Q(arxiv_id__in=values["arxiv"]) |
                                              Q(doi__in=values["doi"])).order_by("pk").iterator():
                self._add_row(paper)
            other += OtherTitle.objects.filter(title_key__in=keys).order_by("pk").values_list("title_key", "paper_id")
            if every := set[str]().union(*values.values()):
                further.update(((kind, value), pk) for kind, value, pk in PaperIdentifier.objects.filter(
                    value__in=every).values_list("kind", "value", "paper_id"))
        missing = sorted({*(pk for _, pk in other), *further.values()} - self._rows.keys())
        for start in range(0, len(missing), LOOKUP):
            for paper in Paper.objects.filter(pk__in=missing[start:start + LOOKUP]).order_by("pk"):
                self._add_row(paper)
        for key, pk in other:
            self._titled(key, self._rows[pk])
        for pair, pk in further.items():
            self.by_identifier.setdefault(pair, self._rows[pk])

    def _add_row(self, paper: Paper) -> None:
        if paper.pk not in self._rows:  # a row that is here may have changed here
            self._rows[paper.pk] = paper
            self._index(paper)

    def _index(self, paper: Paper) -> None:
        for pair in identifiers_of(paper):
            self.by_identifier[pair] = paper
        self.by_key.setdefault(paper.title_key, []).append(paper)

    def _titled(self, key: str, paper: Paper) -> bool:
        """Know the paper by the title's key. Returns whether it was not."""
        papers = self.by_key.setdefault(key, [])
        if any(paper is self._now(other) for other in papers[:MANY]):
            return False
        papers.append(paper)
        return True

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
        for kind, value in identifiers_of(record):
            holder = self.by_identifier.get((kind, value))
            paper = self._now(holder) if holder else None
            if paper is None or any(paper is other for other in same):
                continue
            if kind != "arxiv":
                if differ(record.arxiv_id, paper.arxiv_id):
                    continue  # two arXiv ids are two papers, whatever else they share
                if not self._title_fits(record, key, paper):
                    self._doubts.append((paper, f"the same {NAMES.get(kind, kind)} {value}, another title"))
                    continue
            if all(self._joinable(paper, other) for other in same):
                same.append(paper)
        titled = self._by_title(record, key, same)
        if titled is not None:
            same.append(titled)
        if not same:
            return None, []
        kept = min(same, key=self._older)  # whatever was stored between the two
        others = [paper for paper in same if paper is not kept]
        for paper in others:
            self._fold(kept, paper)
        return kept, [Change("same paper as", "", paper.title) for paper in others]

    def _title_fits(self, record: Record, key: str, paper: Paper) -> bool:
        return same_identifier(record.title, key, paper.title_key) or any(
            self._now(other) is paper for other in self.by_key.get(key, [])[:MANY])

    def _by_title(self, record: Record, key: str, same: list[Paper]) -> Paper | None:
        """The paper of the record's title that it can be, best one whose authors or year it shares, then the oldest."""
        fitting: list[Paper] = []
        doubts: list[tuple[Paper, str]] = []
        for holder in self.by_key.get(key, [])[:MANY]:
            paper = self._now(holder)
            if any(paper is other for other in (*same, *fitting)):
                continue
            opinion = same_title(record, paper, key)
            if opinion.same and all(self._joinable(paper, other) and same_title(paper, other, key).same
                                    for other in same):
                fitting.append(paper)
            elif opinion.ask:
                doubts.append((paper, f"the same title, {opinion.why}"))
        if not fitting:
            if not same:
                self._doubts += doubts
            return None
        return min(fitting, key=lambda paper: (not shared_people(record.authors, paper.authors),
                                               differ(record.year, paper.year), self._older(paper)))

    def _joinable(self, paper: Paper, other: Paper) -> bool:
        """Whether what a record brings together can be one: no two arXiv ids, no stranger, no person's word against."""
        if differ(paper.arxiv_id, other.arxiv_id) or shared_people(paper.authors, other.authors) is False:
            return False
        if not (paper.pk and other.pk):
            return True
        pair = frozenset((paper.pk, other.pk))
        if pair not in self._apart:
            self._apart[pair] = PossibleDuplicate.objects.filter(
                first=min(pair), second=max(pair), state=PossibleDuplicate.DIFFERENT).exists()
        return not self._apart[pair]

    def _fold(self, kept: Paper, dropped: Paper) -> None:
        self._became[id(dropped)] = (dropped, kept)
        before = {name: getattr(kept, name) for name in TAKEN}
        known = len(self.plan.versions)
        self._take(kept, dropped, UNKNOWN)
        if dropped.pk:
            self._touched.pop(dropped.pk, None)
            self.plan.folded.append(Fold(kept, dropped, {
                name: [value, getattr(kept, name)] for name, value in before.items() if value != getattr(kept, name)},
                [version for _, version in self.plan.versions[known:]]))
        self.plan.other_titles.append((kept, dropped.title, dropped.title_key))
        self._touch(kept)

    def _new(self, record: Record, key: str, origin: Origin) -> Paper:
        origin = origin_of(record, "", origin)
        paper = Paper(title=record.title, title_key=key, authors=[], urls=[],
                      sources={"": [origin.rank, origin.digest]})
        self._age[id(paper)] = len(self._age)
        self._take(paper, record, origin)
        self._index(paper)
        self.plan.new.append(paper)
        return paper

    def _merge(self, paper: Paper, record: Record, key: str, origin: Origin) -> list[Change]:
        sources = paper.sources
        changes = self._take(paper, record, origin)
        said, told = origin_of(record, "title", origin), origin_of(paper, "title")
        before = (paper.title_key, paper.title)
        if said.rank > told.rank and record.title == paper.title:
            mark(paper, "title", said)
        elif said.rank > told.rank:
            changes.append(give(paper, "title", record.title, said))
            paper.title_key = key
            if key != before[0]:
                self.plan.versions.append((paper, Version("title", before[1], told)))
                self.plan.other_titles.append((paper, before[1], before[0]))
            self._titled(key, paper)
        elif self._titled(key, paper):
            self.plan.other_titles.append((paper, record.title, key))
            changes.append(Change("other title", "", record.title))
        if changes or paper.sources != sources:
            self._touch(paper)
        return changes

    def _touch(self, paper: Paper) -> None:
        if paper.pk:
            self._touched[paper.pk] = paper

    def _take(self, paper: Paper, source: Record | Paper, origin: Origin) -> list[Change]:
        """Give the paper the source's identifiers, links and better values. Nothing it has is lost."""
        changes: list[Change] = []
        links = list(source.urls)
        for kind, value in identifiers_of(source):
            holder = self.by_identifier.get((kind, value))
            column = COLUMNS.get(kind, "")
            own = getattr(paper, column) if column else None
            if own == value:
                continue
            if holder is not None and self._now(holder) is not paper:
                pass  # another paper's, although the titles differ
            elif column and not own:
                changes.append(Change(column, "", value))
                setattr(paper, column, value)
                self.by_identifier[kind, value] = paper
            elif holder is None or isinstance(source, Paper):
                self.plan.identifiers[kind, value] = self.by_identifier[kind, value] = paper
                changes.append(Change(kind, "", value))
            if kind == "doi" and paper.doi != value:
                links.append(f"https://doi.org/{value}")  # a second DOI is also a link
        values, versions = take_values(paper, source, origin)
        changes += values
        self.plan.versions += [(paper, version) for version in versions]
        united = list(dict.fromkeys([*paper.urls, *links]))
        if united != paper.urls:
            changes.append(Change("urls", short(paper.urls), short(united)))
            paper.urls = united
        return changes
