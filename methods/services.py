"""Links from papers to methods: by what a card names, by meaning, and by a curator's word, which is final."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import TypeVar

import numpy as np
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from methods.models import Method, PaperLink
from papers.digests.titles import title_key
from papers.models import OtherTitle, Paper, SearchText
from papers.search.encoder import EncoderUnavailable, prepared
from papers.search.terms import Rarity, terms
from papers.search.vectors import current_vectors, index_dir, kind_vectors
from papers.selectors import papers_by_title_key
from papers.writing import short_write

RELATED_PER_PAPER = 3
ROWS_AT_ONCE = 4_096  # papers whose methods are ordered together: some 16 MB of cosines with a thousand methods
BATCH = 500  # rows per statement

Row = TypeVar("Row")


@dataclass(frozen=True)
class LinkReport:
    """What a round of linking found; `waiting` papers have no vector yet."""

    implements: int
    related: int
    waiting: int

    def __str__(self):
        waiting = f"; {self.waiting} papers wait for their vectors" if self.waiting else ""
        return f"{self.implements} links to implementations, {self.related} to related methods{waiting}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An automatic link as it should be."""

    kind: str
    origin: str
    score: float | None
    percentile: float | None
    reason: list[str]


Pair = tuple[int, int]  # primary keys of a paper and a method


def link_papers() -> LinkReport:
    """Give every paper the methods that implement it, or else the nearest ones by meaning. Safe to repeat.

    A link that a curator made, accepted or rejected is left as it is; a rejected method is not proposed again.
    Everything is worked out before anything is written, and only the differences are.
    """
    methods = list(Method.objects.filter(present=True).only("arena_id", "slug", "papers"))
    curated, rejected, served = set(), set(), set()
    for paper, method, kind, state in PaperLink.objects.curated().values_list("paper", "method", "kind", "state"):
        curated.add((paper, method))
        if state == PaperLink.REJECTED:
            rejected.add((paper, method))
        elif kind == PaperLink.IMPLEMENTS:
            served.add(paper)
    proposals = _implementing(methods)
    related, waiting = _nearest(methods, served | {paper for paper, _ in proposals}, rejected)
    proposals |= related
    kinds = Counter(proposal.kind for proposal in proposals.values())
    _write({pair: proposal for pair, proposal in proposals.items() if pair not in curated})
    return LinkReport(kinds[PaperLink.IMPLEMENTS], kinds[PaperLink.RELATED], waiting)


def refresh_links() -> LinkReport | None:
    """`link_papers`, unless nothing that links depend on has changed since; None then."""
    kept = index_dir() / "links.json"
    automatic = PaperLink.objects.filter(curated_at=None)
    basis = _basis()  # as it was before, so that what comes in meanwhile is linked next time
    if kept.exists() and json.loads(kept.read_text("utf-8")) == {"basis": basis, "links": automatic.count()}:
        return None
    report = link_papers()
    partial = index_dir() / f"links.{os.getpid()}.partial"
    partial.write_text(json.dumps({"basis": basis, "links": automatic.count()}), "utf-8")
    os.replace(partial, kept)
    return report


def _basis() -> str:
    """What tells one state of papers, methods, vectors and curators' words from another."""
    def state(rows: QuerySet, *newest: str) -> dict:
        return rows.order_by().aggregate(count=Count("pk"), last=Max("pk"), **{name: Max(name) for name in newest})

    try:
        model = prepared().model_id
    except EncoderUnavailable:
        model = ""
    stated = json.dumps({
        "per paper": RELATED_PER_PAPER, "model": model,
        "methods": list(Method.objects.filter(present=True).order_by("pk").values_list("pk", "papers")),
        "papers": state(Paper.objects.all(), "updated_at"), "titles": state(OtherTitle.objects.all()),
        "texts": state(SearchText.objects.all()), "vectors": state(current_vectors(model), "created_at"),
        "curated": state(PaperLink.objects.curated(), "curated_at"),
        "rejected": PaperLink.objects.filter(state=PaperLink.REJECTED).count(),
    }, default=str, sort_keys=True)
    return hashlib.sha256(stated.encode()).hexdigest()


def _write(proposals: dict[Pair, Proposal]) -> None:
    """Make the automatic links equal the proposals: the differences are written, a batch per transaction."""
    names = [field.name for field in fields(Proposal)]
    surplus, changed = [], []
    missing = dict(proposals)
    for pk, paper, method, *values in PaperLink.objects.filter(curated_at=None).order_by().values_list(
            "pk", "paper", "method", *names):
        proposal = missing.pop((paper, method), None)
        if proposal is None:
            surplus.append(pk)
        elif Proposal(*values) != proposal:
            changed.append(PaperLink(pk=pk, paper_id=paper, method_id=method, **asdict(proposal)))
    for chunk in _batches(surplus):  # a curator may have spoken, or a paper gone, since the rows were read
        with short_write():
            PaperLink.objects.filter(pk__in=chunk, curated_at=None).delete()
    for links in _batches(changed):
        with short_write():
            automatic = set(PaperLink.objects.filter(pk__in=[link.pk for link in links], curated_at=None)
                            .values_list("pk", flat=True))
            PaperLink.objects.bulk_update([link for link in links if link.pk in automatic], names)
    for pairs in _batches(list(missing)):
        rows = [PaperLink(paper_id=paper, method_id=method, **asdict(missing[paper, method]))
                for paper, method in pairs]
        with short_write():
            papers = set(Paper.objects.filter(pk__in={paper for paper, _ in pairs}).values_list("pk", flat=True))
            PaperLink.objects.bulk_create([row for row in rows if row.paper_id in papers], ignore_conflicts=True)


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    return (rows[start:start + BATCH] for start in range(0, len(rows), BATCH))


@transaction.atomic
def curate_link(*, paper: Paper, method: Method, state: str, by, kind: str = PaperLink.IMPLEMENTS) -> PaperLink:
    """Record a curator's word on a link, making it if needed. `state` is accepted or rejected."""
    if state not in (PaperLink.ACCEPTED, PaperLink.REJECTED):
        raise ValueError(f"a curator accepts or rejects; {state!r} is neither")
    link = PaperLink.objects.filter(paper=paper, method=method).first()
    if link is None:
        link = PaperLink(paper=paper, method=method, kind=kind, origin=PaperLink.CURATOR)
    link.state, link.curated_by, link.curated_at = state, by, timezone.now()
    link.save()
    return link


@transaction.atomic
def forget_curation(*, link: PaperLink) -> None:
    """Undo a curator's word: an automatic link goes back to being a proposal, a hand-made one goes away."""
    if link.origin == PaperLink.CURATOR:
        link.delete()
    else:
        PaperLink.objects.filter(pk=link.pk).update(state=PaperLink.PROPOSED, curated_by=None, curated_at=None)


def move_links(kept: Paper, dropped: Paper) -> None:
    """Two rows turned out to be one paper: the second's links move to the first, a curator's word before any other."""
    known = {link.method_id: link for link in PaperLink.objects.filter(paper=kept)}
    for link in PaperLink.objects.filter(paper=dropped):
        rival = known.get(link.method_id)
        if rival and link.curated_at and not rival.curated_at:
            rival.delete()
            rival = None
        if rival is None:
            PaperLink.objects.filter(pk=link.pk).update(paper=kept)


def _implementing(methods: Iterable[Method]) -> dict[Pair, Proposal]:
    """(paper, method) pairs whose arXiv id or normalised title stands on the method's card."""
    by_arxiv = dict(Paper.objects.exclude(arxiv_id=None).values_list("arxiv_id", "pk"))
    by_title = papers_by_title_key()
    proposals = {}
    for method in methods:
        for named in method.papers:
            same_id = by_arxiv.get(named["arxiv"]) if named["arxiv"] else None
            paper = same_id or by_title.get(title_key(named["title"]))
            if paper:
                reason = f"arXiv {named['arxiv']}" if same_id else "title on the method's card"
                proposals[paper, method.pk] = Proposal(PaperLink.IMPLEMENTS, PaperLink.CARD, None, None, [reason])
    return proposals


def _nearest(methods: Iterable[Method], served: set[int], rejected: set[Pair]) -> tuple[dict[Pair, Proposal], int]:
    """The nearest methods by meaning of every paper not in `served`, and how many papers have no vector yet."""
    unserved = [paper for paper in Paper.objects.order_by("pk").values_list("pk", flat=True) if paper not in served]
    try:
        model = prepared().model_id
    except EncoderUnavailable:  # nothing is embedded before the encoder's first use
        return {}, len(unserved)
    by_key = {method.key: method.pk for method in methods}
    _, paper_keys, paper_vectors = kind_vectors(SearchText.PAPER, model)
    _, method_keys, method_vectors = kind_vectors(SearchText.METHOD, model)
    usable = [column for column, key in enumerate(method_keys) if key in by_key]
    row_of = {int(key): row for row, key in enumerate(paper_keys)}
    embedded = [paper for paper in unserved if paper in row_of]
    waiting = len(unserved) - len(embedded)
    if not usable or not paper_keys:
        return {}, len(unserved)
    method_keys = [method_keys[column] for column in usable]
    cosines = paper_vectors @ method_vectors[usable].T  # (papers, methods)
    rows = [row_of[paper] for paper in embedded]
    column_of = {by_key[key]: column for column, key in enumerate(method_keys)}
    barred = [(row_of[paper], column_of[method]) for paper, method in rejected
              if paper in row_of and method in column_of]
    nearest, scores = _best(cosines, rows, barred)
    background = cosines.reshape(-1)
    background.sort()  # in place: with many papers it is the largest thing in memory
    below = np.searchsorted(background, scores) / len(background) * 100

    words = {(kind, key): terms(f"{title}. {body}")
             for kind, key, title, body in SearchText.objects.values_list("kind", "key", "title", "body")}
    rarity = Rarity(len(words), Counter(term for counts in words.values() for term in counts))
    proposals = {}
    for place, paper in enumerate(embedded):
        for column, score, percentile in zip(nearest[place], scores[place], below[place], strict=True):
            if np.isfinite(score):
                key = method_keys[column]
                proposals[paper, by_key[key]] = Proposal(
                    PaperLink.RELATED, PaperLink.MEANING, round(float(score), 4), round(float(percentile), 2),
                    rarity.shared(words[SearchText.PAPER, str(paper)], words[SearchText.METHOD, key]))
    return proposals, waiting


def _best(cosines: np.ndarray, rows: list[int], barred: list[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """Of these rows the columns with the largest cosines, and those cosines in their own precision: (rows, count).

    A barred (row, column) counts as infinitely far: it comes last, with a score that is not finite.
    """
    count = min(RELATED_PER_PAPER, cosines.shape[1])
    nearest = np.empty((len(rows), count), dtype=np.int64)
    scores = np.empty((len(rows), count), dtype=cosines.dtype)
    columns_barred: dict[int, list[int]] = {}
    for row, column in barred:
        columns_barred.setdefault(row, []).append(column)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        block = cosines[rows[start:start + ROWS_AT_ONCE]]  # a copy
        for place, row in enumerate(rows[start:start + ROWS_AT_ONCE]):
            block[place, columns_barred.get(row, [])] = -np.inf
        order = np.argsort(-block, axis=1, kind="stable")[:, :count]
        nearest[start:start + len(block)] = order
        scores[start:start + len(block)] = np.take_along_axis(block, order, axis=1)
    return nearest, scores
