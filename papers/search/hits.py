"""What a search returns: hits in their order, each with what the rankings said of it, made of candidates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString

from papers.extensions import extensions
from papers.models import Paper, SearchText
from papers.search.fields import shows_hidden
from papers.search.full_text import TABLE
from papers.search.lexical import plain_start
from papers.search.opened import Index
from papers.search.passages import passages
from papers.search.query import Filters, Query
from papers.search.terms import words

RANK_CONSTANT = 60  # the value of the paper that `fusion` names: it keeps one ranking's first place from deciding alone
DEPTH = 200  # how far down each ranking is read
IDENTIFIER, AUTHOR = "identifier", "author"
FOUND_BY = (IDENTIFIER, "title", AUTHOR)  # the order of what stands before the rest
LONG_QUERY = 40  # words; a longer query is compared like a text


@dataclass(frozen=True)
class Hit:
    """One paper or method found. Ranks are 1-based and None where a ranking does not list it.

    `cosine` is to the query; `percentile` the share (0 to 100) of random pairs of texts of these kinds that are
    less alike; `reason` the distinctive terms shared with the query.
    """

    kind: str
    key: str
    title: str
    url: str
    score: float
    word_rank: int | None
    word_score: float | None
    meaning_rank: int | None
    cosine: float | None
    percentile: float | None
    reason: tuple[str, ...]
    title_html: SafeString
    snippet_html: SafeString
    year: int | None = None
    cluster_id: int | None = None
    cluster_label: str = ""
    link_kinds: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    found_by: str = ""  # "identifier" or "author" where that is why it stands first

    @property
    def example(self) -> str:
        """How the page of similar texts names it."""
        return f"{self.kind}:{self.key}"

    @property
    def percentile_shown(self) -> str:
        """Never rounded up to 100: the random pairs are a sample."""
        return "" if self.percentile is None else f"{min(self.percentile, 99.9):.1f}"


@dataclass(frozen=True)
class Results:
    """One page of hits. `notes` tell what the search could not do; `meaning` whether it compared meanings.

    `found` are the kinds and papers (None for a method) of what was found, of a list without words the first FACETED;
    `by_author` are papers by an author named as typed, where words found other texts.
    """

    query: Query
    hits: tuple[Hit, ...]
    total: int
    offset: int
    limit: int
    meaning: bool
    notes: tuple[str, ...]
    found: tuple[tuple[str, int | None], ...] = ()
    by_author: int = 0

    @property
    def first(self) -> int:
        return self.offset + 1

    @property
    def last(self) -> int:
        return self.offset + len(self.hits)

    @property
    def next_offset(self) -> int | None:
        return self.offset + self.limit if self.offset + self.limit < self.total else None

    @property
    def previous_offset(self) -> int | None:
        return max(0, self.offset - self.limit) if self.offset else None


@dataclass
class Candidate:
    word_rank: int | None = None
    word_score: float | None = None
    meaning_rank: int | None = None
    cosine: float | None = None
    found_by: str = ""
    place: int = 0  # among those found by the same thing

    @property
    def score(self) -> float:
        by_words = 1.0 / (RANK_CONSTANT + self.word_rank) if self.word_rank else 0.0
        return by_words + (1.0 / (RANK_CONSTANT + self.meaning_rank) if self.meaning_rank else 0.0)


def page_of(query: Query, candidates: dict[int, Candidate], index: Index | None, notes: list[str], limit: int,
          offset: int, likeness: str | None = None, vector: np.ndarray | None = None) -> Results:
    texts = _shown(query.filters, _titles(list(candidates)))
    titles = {pk: title for pk, (title, *_) in texts.items()}
    asked = words(query.text)
    typed = {text_id for text_id in titles if (candidates[text_id].word_rank or DEPTH) <= 20
             and words(titles[text_id]) == asked}  # its very title was typed

    def place(text_id: int) -> tuple:
        candidate = candidates[text_id]
        group = FOUND_BY.index(candidate.found_by) if candidate.found_by != "" else 1 if text_id in typed else 3
        return group, candidate.place, -candidate.score, text_id

    order = sorted(titles, key=place)
    rows = SearchText.objects.in_bulk(order[offset:offset + limit])
    pairs = [(rows[text_id], candidates[text_id]) for text_id in order[offset:offset + limit]]
    far = [row.pk for row, candidate in pairs if candidate.cosine is None]
    if index is not None and vector is not None and far:  # found by words alone; its cosine is shown all the same
        for text_id, cosine in index.cosines(vector, far).items():
            candidates[text_id].cosine = cosine
    hits = hits_of(query, pairs, index, likeness_of(query) if likeness is None else likeness)
    return Results(query, hits, len(order), offset, limit, index is not None, tuple(notes),
                   found=tuple((texts[text_id][1], texts[text_id][2]) for text_id in order))


def _shown(filters: Filters, texts: dict) -> dict:
    """The texts without the papers that the account which asks has hidden, unless it asks for these."""
    left_out = None if shows_hidden(filters.fields) else extensions.left_out(filters.asker)
    if left_out is None:
        return texts
    papers = [paper for _, _, paper in texts.values() if paper is not None]
    hidden = set(Paper.objects.filter(pk__in=papers).filter(pk__in=left_out).values_list("pk", flat=True))
    return {pk: text for pk, text in texts.items() if text[2] not in hidden}


def _titles(text_ids: list[int]) -> dict[int, tuple[str, str, int | None]]:
    """Title, kind and paper of each of these texts. Some hundreds of ids cost the ORM more than the database."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, title, kind, paper_id FROM {TABLE} WHERE id IN "
                       f"({', '.join(map(str, text_ids)) or 'NULL'})")
        return {pk: (title, kind, paper) for pk, title, kind, paper in cursor.fetchall()}


def likeness_of(query: Query) -> str:
    """Whose random pairs a cosine to this query is held against."""
    return "query" if len(query.text.split()) <= LONG_QUERY else SearchText.PAPER


def hits_of(query: Query, pairs: Iterable[tuple[SearchText, Candidate]], index: Index | None, likeness: str,
          ) -> tuple[Hit, ...]:
    pairs = list(pairs)
    keys = [int(row.key) for row, _ in pairs if row.kind == SearchText.PAPER]
    papers = {pk: about for pk, *about in Paper.objects.filter(pk__in=keys).values_list(
        "pk", "year", "authors", "cluster", "cluster__label")}
    links = extensions.link_kinds(keys)
    shown = passages(query, [row for row, _ in pairs]) if query.wanted or query.required else {}
    texts = [f"{row.title}. {row.body}" for row, _ in pairs]
    reasons = index.rarity.shared_with_each(query.text, texts) if index is not None else [[]] * len(pairs)
    hits = []
    for (row, candidate), reason in zip(pairs, reasons, strict=True):
        pk = int(row.key) if row.kind == SearchText.PAPER else 0
        year, authors, cluster, label = papers.get(pk, (None, (), None, ""))
        title, passage = shown.get(row.pk, (escape(row.title), escape(plain_start(row))))
        percentile = None
        if index is not None and likeness and candidate.cosine is not None:
            percentile = index.percentile(candidate.cosine, likeness, row.kind)
        hits.append(Hit(
            kind=row.kind, key=row.key, title=row.title, url=_url(row), score=candidate.score,
            word_rank=candidate.word_rank, word_score=candidate.word_score, meaning_rank=candidate.meaning_rank,
            cosine=candidate.cosine, percentile=percentile, reason=tuple(reason), title_html=title,
            snippet_html=passage or escape(plain_start(row)), year=year, cluster_id=cluster, cluster_label=label or "",
            link_kinds=tuple(sorted(links.get(pk, ()))), authors=tuple(map(str, authors)),
            found_by=candidate.found_by))
    return tuple(hits)


def _url(row: SearchText) -> str:
    if row.kind == SearchText.PAPER:
        return reverse("paper_detail", args=[row.key])
    return reverse("method_detail", args=row.key.split("/", 1))
