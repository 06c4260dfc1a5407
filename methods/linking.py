"""Links from papers to methods without anybody's word: by what a card names, or else by meaning.

A round looks at the papers that have changed since the last one, and at all of them when the methods have. Papers are
worked out some thousands at a time and outside transactions; what is written are the differences, in short steps. How
likely a cosine is, and how rare a word, comes from a sample that is drawn when all papers are looked at.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils import timezone

from methods.models import Method, PaperLink
from papers.digests.titles import title_key
from papers.models import OtherTitle, Paper, Revision, SearchText
from papers.search.encoder import EncoderUnavailable, prepared
from papers.search.lexical import numbers
from papers.search.terms import Rarity, terms
from papers.search.vectors import index_dir, kind_vectors, vectors_of
from papers.writing import short_write

RELATED_PER_PAPER = 3
BLOCK = 4_096  # papers worked out together: some 16 MB of cosines with a thousand methods
BATCH = 250  # rows changed per step: well under 100 ms of the write lock
INSERTED = 1_200  # rows written per step: some 40 ms
SAMPLED_PAPERS = 2_000  # whose cosines to all methods stand for those of all papers
SAMPLED_TEXTS = 2_000  # whose words say how rare a term is
OVERLAP = timedelta(minutes=2)  # a change may have been written that long before it could be seen

Row = TypeVar("Row")
Pair = tuple[int, int]  # primary keys of a paper and a method


@dataclass(frozen=True)
class LinkReport:
    """What a round of linking found for the papers it looked at; `waiting` of them have no vector yet."""

    implements: int
    related: int
    waiting: int
    papers: int

    def __str__(self):
        waiting = f"; {self.waiting} papers wait for their vectors" if self.waiting else ""
        return (f"{self.papers} papers: {self.implements} links to implementations, {self.related} to related "
                f"methods{waiting}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """An automatic link as it should be."""

    kind: str
    origin: str
    score: float | None
    percentile: float | None
    reason: list[str]


@dataclass(frozen=True)
class Library:
    """The present methods that have a vector, and what their cosines and words are held against.

    `vectors` is (methods, dimension), in the order of `pks`, as are `texts`; `background` the sorted cosines of the
    sample.
    """

    model: str
    pks: list[int]
    vectors: np.ndarray
    texts: list[str]
    background: np.ndarray
    rarity: Rarity
    counted: dict[int, Counter[str]] = field(default_factory=dict)

    def words(self, column: int) -> Counter[str]:
        """The terms of a method's text, counted when they are first asked for: few papers are near few methods."""
        if column not in self.counted:
            self.counted[column] = terms(self.texts[column])
        return self.counted[column]


def link_papers() -> LinkReport:
    """Give every paper the methods that implement it, or else the nearest ones by meaning. Safe to repeat.

    A link that a curator made, accepted or rejected is left as it is; a rejected method is not proposed again.
    """
    state = _State.now()
    report = _link(None)
    state.keep()
    return report


def refresh_links() -> LinkReport | None:
    """Link what has changed since the last round, everything when the methods have; None when nothing has."""
    before, state = _State.kept(), _State.now()
    if before is None or before.basis != state.basis:
        return link_papers()
    if before.revisions == state.revisions:
        return None
    since = before.seen - OVERLAP
    changed = set(Paper.objects.filter(updated_at__gte=since).values_list("pk", flat=True))
    changed.update(SearchText.objects.filter(vectors__created_at__gte=since).exclude(paper=None).values_list(
        "paper", flat=True))
    report = _link(changed)
    state.keep()
    return report


@dataclass(frozen=True)
class _State:
    """What tells one state of methods, papers and vectors from another, as it was before a round."""

    basis: str
    revisions: list[int]
    seen: datetime

    @classmethod
    def now(cls) -> _State:
        methods = list(Method.objects.filter(present=True).order_by("pk").values_list("pk", "papers"))
        texts = list(SearchText.objects.filter(kind=SearchText.METHOD).order_by("pk").values_list(
            "key", "text_hash", "embedded_by"))
        stated = json.dumps([RELATED_PER_PAPER, _model(), methods, texts])
        return cls(hashlib.sha256(stated.encode()).hexdigest(),
                   [Revision.of(Revision.VECTORS), Revision.of(Revision.LINKS)], timezone.now())

    @classmethod
    def kept(cls) -> _State | None:
        try:
            kept = json.loads((index_dir() / "links.json").read_text("utf-8"))
            return cls(kept["basis"], kept["revisions"], datetime.fromisoformat(kept["seen"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # none, or of another layout: link all
            return None

    def keep(self) -> None:
        partial = index_dir() / f"links.{os.getpid()}.partial"
        partial.write_text(json.dumps({**asdict(self), "seen": self.seen.isoformat()}), "utf-8")
        os.replace(partial, index_dir() / "links.json")


def _model() -> str:
    try:
        return prepared().model_id
    except EncoderUnavailable:  # nothing is embedded before the encoder's first use
        return ""


def _link(among: set[int] | None) -> LinkReport:
    """Bring the links of these papers up to date; of all papers, None."""
    methods = list(Method.objects.filter(present=True).only("arena_id", "slug", "papers"))
    implementing = _implementing(methods)
    library = _library(methods, anew=among is None)
    if among is not None:  # a card may name a paper that has not changed itself, or no more
        among |= {paper for paper, _ in implementing.keys() ^ set(PaperLink.objects.filter(
            origin=PaperLink.CARD, curated_at=None).values_list("paper", "method"))}
    kinds: Counter[str] = Counter()
    waiting = looked_at = 0
    for papers in _blocks(among):
        curated, rejected, served = set(), set(), {paper for paper, _ in implementing}
        for paper, method, kind, state in PaperLink.objects.curated().filter(_of(papers)).values_list(
                "paper", "method", "kind", "state"):
            curated.add((paper, method))
            if state == PaperLink.REJECTED:
                rejected.add((paper, method))
            elif kind == PaperLink.IMPLEMENTS:
                served.add(paper)
        inside = set(papers)
        proposals = {pair: proposal for pair, proposal in implementing.items() if pair[0] in inside}
        related, lacking = _nearest(library, [paper for paper in papers if paper not in served], rejected)
        proposals |= related
        waiting += lacking
        looked_at += len(papers)
        kinds.update(proposal.kind for proposal in proposals.values())
        _write(papers, {pair: proposal for pair, proposal in proposals.items() if pair not in curated})
    return LinkReport(kinds[PaperLink.IMPLEMENTS], kinds[PaperLink.RELATED], waiting, looked_at)


def _of(papers: Sequence[int]) -> RawSQL:
    """The condition of rows that are of these papers; Django's own looks at each of some thousand keys."""
    return RawSQL(f"paper_id IN ({numbers(papers)})", (), output_field=BooleanField())


def _blocks(among: set[int] | None) -> Iterator[list[int]]:
    """Primary keys of the papers to look at, in order, a block at a time."""
    if among is not None:
        pks = sorted(among)
        for start in range(0, len(pks), BLOCK):
            there = Paper.objects.filter(pk__in=pks[start:start + BLOCK])
            yield list(there.order_by("pk").values_list("pk", flat=True))
        return
    last = 0
    while block := list(Paper.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BLOCK]):
        yield block
        last = block[-1]


def _implementing(methods: Iterable[Method]) -> dict[Pair, Proposal]:
    """(paper, method) pairs whose arXiv id or normalised title stands on the method's card."""
    named = [(method.pk, paper["arxiv"], title_key(paper["title"])) for method in methods for paper in method.papers]
    by_arxiv: dict[str, int] = {}
    by_title: dict[str, int] = {}
    for chunk in _batches(sorted({arxiv for _, arxiv, _ in named if arxiv})):
        by_arxiv.update((paper.arxiv_id or "", paper.pk) for paper in Paper.objects.filter(arxiv_id__in=chunk).only(
            "arxiv_id"))
    for chunk in _batches(sorted({key for _, _, key in named})):  # of papers with one title the oldest is meant
        by_title.update(OtherTitle.objects.filter(title_key__in=chunk).order_by("-paper").values_list(
            "title_key", "paper_id"))
        by_title.update(Paper.objects.filter(title_key__in=chunk).order_by("-pk").values_list("title_key", "pk"))
    proposals = {}
    for method, arxiv, key in named:
        same_id = by_arxiv.get(arxiv) if arxiv else None
        paper = same_id or by_title.get(key)
        if paper:
            reason = f"arXiv {arxiv}" if same_id else "title on the method's card"
            proposals[paper, method] = Proposal(PaperLink.IMPLEMENTS, PaperLink.CARD, None, None, [reason])
    return proposals


def _library(methods: Iterable[Method], *, anew: bool) -> Library | None:
    """The methods to compare with; None while none is embedded. `anew` draws the sample of cosines again."""
    model = _model()
    by_key = {method.key: method.pk for method in methods}
    _, keys, vectors = kind_vectors(SearchText.METHOD, model)
    usable = [column for column, key in enumerate(keys) if key in by_key]
    if not usable:
        return None
    keys, vectors = [keys[column] for column in usable], vectors[usable]
    texts = {key: f"{title}. {body}" for key, title, body in SearchText.objects.filter(
        kind=SearchText.METHOD).values_list("key", "title", "body")}
    return Library(model, [by_key[key] for key in keys], vectors, [texts[key] for key in keys],
                   _background(model, vectors, anew), _rarity(anew))


def _rarity(anew: bool) -> Rarity:
    """How rare a term is in a sample of the texts, drawn when that of the cosines was."""
    path = index_dir() / "links.terms.json"
    if not anew and path.exists():
        kept = json.loads(path.read_text("utf-8"))
        return Rarity(kept["documents"], kept["terms"])
    texts = SearchText.objects.filter(pk__in=_spread(SearchText.objects.values_list("pk", flat=True), SAMPLED_TEXTS))
    rarity = Rarity.of(f"{title}. {body}" for title, body in texts.values_list("title", "body"))
    partial = index_dir() / f"links.{os.getpid()}.partial.terms.json"
    partial.write_text(json.dumps({"documents": rarity.documents, "terms": rarity.frequencies}), "utf-8")
    os.replace(partial, path)
    return rarity


def _background(model: str, vectors: np.ndarray, anew: bool) -> np.ndarray:
    """Sorted cosines of a sample of papers with all methods, as drawn when all papers were last looked at."""
    path = index_dir() / "links.npy"
    if not anew and path.exists():
        return np.load(path)
    papers = SearchText.objects.filter(embedded_by=model).exclude(paper=None)
    sample = _vectors_of(model, _spread(papers.values_list("paper", flat=True), SAMPLED_PAPERS))[1]
    cosines = np.sort((sample @ vectors.T).reshape(-1)) if len(sample) else np.empty(0, np.float32)
    partial = index_dir() / f"links.{os.getpid()}.partial.npy"
    np.save(partial, cosines)
    os.replace(partial, path)
    return cosines


def _spread(numbers, count: int) -> list[int]:
    """An even sample of a queryset's numbers, all of them where there are no more than `count`."""
    pks = np.fromiter(numbers.order_by().iterator(), dtype=np.int64)
    return np.sort(pks)[::max(1, -(-len(pks) // count))].tolist()


def _vectors_of(model: str, papers: list[int]) -> tuple[list[int], np.ndarray]:
    """Those of these papers that have a vector, in order, and their vectors (n, dimension)."""
    texts = dict(SearchText.objects.filter(_of(papers), embedded_by=model).values_list("paper", "pk"))
    stored = vectors_of(texts.values(), model)
    present = [paper for paper in papers if texts.get(paper) in stored]
    vectors = [stored[texts[paper]] for paper in present]
    return present, np.stack(vectors) if vectors else np.empty((0, 0), np.float32)


def _nearest(library: Library | None, papers: list[int], rejected: set[Pair]) -> tuple[dict[Pair, Proposal], int]:
    """The nearest methods by meaning of each of the papers, and how many have no vector yet."""
    if library is None:
        return {}, len(papers)
    present, vectors = _vectors_of(library.model, papers)
    if not present:
        return {}, len(papers)
    cosines = vectors @ library.vectors.T  # (papers, methods)
    column_of = {method: column for column, method in enumerate(library.pks)}
    row_of = {paper: row for row, paper in enumerate(present)}
    for paper, method in rejected:
        if paper in row_of and method in column_of:
            cosines[row_of[paper], column_of[method]] = -np.inf
    nearest, scores = _best(cosines, min(RELATED_PER_PAPER, cosines.shape[1]))
    below = np.searchsorted(library.background, scores) / max(len(library.background), 1) * 100
    texts = {paper: f"{title}. {body}" for paper, title, body in SearchText.objects.filter(_of(present)).values_list(
        "paper", "title", "body")}
    proposals = {}
    for row, paper in enumerate(present):
        columns = nearest[row][np.isfinite(scores[row])].tolist()
        reasons = library.rarity.shared_by_each(texts[paper], map(library.words, columns))
        for column, score, percentile, reason in zip(columns, scores[row].tolist(), below[row].tolist(), reasons,
                                                     strict=False):  # what was rejected comes last
            proposals[paper, library.pks[column]] = Proposal(
                PaperLink.RELATED, PaperLink.MEANING, round(score, 4), round(percentile, 2), reason)
    return proposals, len(papers) - len(present)


def _best(cosines: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns with each row's largest cosines, the first of equal ones first, and those cosines: (rows, count)."""
    some = min(cosines.shape[1], 4 * count)
    if some < cosines.shape[1]:  # sorting a few costs less than sorting all
        kept = np.sort(np.argpartition(-cosines, some - 1, axis=1)[:, :some], axis=1)
    else:
        kept = np.broadcast_to(np.arange(some), (len(cosines), some))
    values = np.take_along_axis(cosines, kept, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(kept, order, axis=1), np.take_along_axis(values, order, axis=1)


def _write(papers: list[int], proposals: dict[Pair, Proposal]) -> None:
    """Make these papers' automatic links equal the proposals: the differences are written, a batch per transaction."""
    names = list(Proposal.__slots__)
    surplus, changed = [], []
    missing = dict(proposals)
    for pk, paper, method, *values in PaperLink.objects.filter(_of(papers), curated_at=None).order_by(
            ).values_list("pk", "paper", "method", *names):
        proposal = missing.pop((paper, method), None)
        if proposal is None:
            surplus.append(pk)
        elif Proposal(*values) != proposal:
            changed.append(PaperLink(pk=pk, paper_id=paper, method_id=method, **_values(proposal)))
    for chunk in _batches(surplus):  # a curator may have spoken, or a paper gone, since the rows were read
        with short_write():
            PaperLink.objects.filter(pk__in=chunk, curated_at=None).delete()
            Revision.grow(Revision.LINKED)
    for links in _batches(changed):
        with short_write():
            automatic = set(PaperLink.objects.filter(pk__in=[link.pk for link in links], curated_at=None)
                            .values_list("pk", flat=True))
            PaperLink.objects.bulk_update([link for link in links if link.pk in automatic], names)
            Revision.grow(Revision.LINKED)
    for pairs in _batches(list(missing), INSERTED):
        rows = [(paper, method, proposal.kind, proposal.origin, PaperLink.PROPOSED, proposal.score,
                 proposal.percentile, json.dumps(proposal.reason))
                for paper, method in pairs for proposal in (missing[paper, method],)]
        with short_write():
            there = set(Paper.objects.filter(pk__in={paper for paper, _ in pairs}).values_list("pk", flat=True))
            _insert([row for row in rows if row[0] in there])
            Revision.grow(Revision.LINKED)


def _insert(rows: list[tuple]) -> None:
    """New links, in a transaction; one that a curator has made meanwhile stays. Making objects of some 300,000 rows
    costs more than writing them."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {PaperLink._meta.db_table} "
            "(paper_id, method_id, kind, origin, state, score, percentile, reason) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (paper_id, method_id) DO NOTHING", rows)


def _values(proposal: Proposal) -> dict[str, Any]:
    """Its fields; `asdict` would copy each of some 300,000 lists deeply."""
    return {name: getattr(proposal, name) for name in Proposal.__slots__}


def _batches(rows: list[Row], size: int = BATCH) -> Iterator[list[Row]]:
    return (rows[start:start + size] for start in range(0, len(rows), size))
