"""Words and meaning together, over papers and methods.

Each hit's fused score is the sum over the two rankings of 1 / (RANK_CONSTANT + rank): reciprocal rank fusion
(Cormack, Clarke and Buettcher 2009), which needs no common scale between BM25 and cosine. What each ranking
said stays visible on the hit. Before all others come the papers known by a typed identifier, then a text whose very
title was typed, then, where no text has all the words, papers by an author so named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from django.db.models import F, Q, QuerySet

from papers.extensions import extensions
from papers.models import Paper, SearchText
from papers.search.encoder import EncoderUnavailable, encode_query
from papers.search.fields import shows_hidden
from papers.search.hits import (
    AUTHOR,
    DEPTH,
    IDENTIFIER,
    RANK_CONSTANT,
    Candidate,
    Results,
    hits_of,
    likeness_of,
    page_of,
)
from papers.search.identifiers import Identifier
from papers.search.index import Index, IndexUnavailable, current_index
from papers.search.lexical import having, ids_among, names_among, search_words
from papers.search.likeness import UNLIKE, Examples, scope_of, similar, similar_to
from papers.search.names import by_author, by_identifier, newest_by_author
from papers.search.narrowing import Narrowing
from papers.search.parsing import parse_query
from papers.search.query import Filters, Query, Term, words_of

MEANING_DEPTH = 100  # everything has neighbours: past these they say little
LEAST_PERCENTILE = 50.0  # a text no nearer to the query than a random one is not found by meaning
FACETED = 100  # texts found that the counts beside the results look at

__all__ = ["FACETED", "RANK_CONSTANT", "UNLIKE", "Examples", "Results", "search", "similar", "similar_to"]


def search(typed: str, *, filters: Filters | None = None, limit: int = 20, offset: int = 0) -> Results:
    """Search papers and methods by words and meaning. Any text is valid; an empty one with filters lists papers."""
    query = parse_query(typed, filters)
    notes = list(query.problems)
    kinds, papers, note = scope_of(query.filters)
    notes += note
    if not (query.wanted or query.required):
        if papers is not None and query.excluded:
            papers = papers.exclude(search_text__in=SearchText.objects.filter(having(query.excluded, " OR ")))
        return _listed(query, papers, notes, limit, offset)
    candidates: dict[int, Candidate] = {}
    named = _named(by_identifier(query.identifiers), kinds, papers) if query.identifiers else []
    for text_id in _own_first(named, query.identifiers):
        candidates[text_id] = Candidate(found_by=IDENTIFIER, place=len(candidates))
    if query.names_alone and named:  # further texts are those that mention it
        spelled = Term(words_of(query.identifiers[0][1]), exact=True)
        query = replace(query, wanted=(), required=(spelled,), text="")
    elif query.names_alone:
        notes.append(f"No paper here has the identifier {query.typed[:100]}.")
    texts = Narrowing(papers, query.required, query.excluded)
    hits = search_words(query, DEPTH, kinds=kinds, texts=texts)
    by_name = _by_author(query.author, kinds, papers) if query.author and not query.identifiers else []
    if not any(hit.whole for hit in hits):
        for number, (text_id, *_) in enumerate(by_name or _with_author_words(query, kinds, papers)):
            candidates.setdefault(text_id, Candidate(found_by=AUTHOR, place=number))
        by_name = []
    for rank, hit in enumerate(hits, start=1):
        candidate = candidates.setdefault(hit.text_id, Candidate())
        candidate.word_rank, candidate.word_score = rank, hit.score
    index, vector, nearest, note = _by_meaning(query, kinds, texts)
    notes += note
    for rank, (text_id, cosine) in enumerate(nearest, start=1):
        candidate = candidates.setdefault(text_id, Candidate())
        candidate.meaning_rank, candidate.cosine = rank, cosine
    results = page_of(query, candidates, index, notes, limit, offset, vector=vector)
    return replace(results, by_author=len(by_name))


def _named(condition: Q, kinds: Sequence[str], papers: QuerySet | None) -> list[tuple]:
    """(text id, arXiv id, DOI) of the papers with an author or identifier, the newest first."""
    if SearchText.PAPER not in kinds:
        return []
    chosen = (Paper.objects.all() if papers is None else papers).filter(condition)
    return list(chosen.exclude(search_text=None).order_by(F("year").desc(nulls_last=True), "-pk").values_list(
        "search_text", "arxiv_id", "doi")[:DEPTH])


def _by_author(name: str, kinds: Sequence[str], papers: QuerySet | None) -> list[tuple]:
    """Of hardly any query is there such an author: that is asked first, of the names alone."""
    return _named(by_author(name), kinds, papers) if newest_by_author(name, 1) else []


def _own_first(named: list[tuple], identifiers: Sequence[Identifier]) -> list[int]:
    """The texts of papers whose own identifier it is before those that have it among their addresses."""
    asked = {value for _, value in identifiers}
    return [row[0] for row in sorted(named, key=lambda row: not asked & {row[1], row[2]})]


def _with_author_words(query: Query, kinds: Sequence[str], papers: QuerySet | None) -> list[tuple]:
    """Papers by an author whose name is among the words and in no text, which have all the other words."""
    if len(query.telling) < 2 or not query.author:
        return []
    alone = names_among({word for term in query.telling for word in term.words})
    rest = tuple(term for term in query.telling if not alone & set(term.words))
    if not alone or not rest:
        return []
    named = _by_author(" ".join(sorted(alone)), kinds, papers)
    having = ids_among([row[0] for row in named], rest, all_of_them=True)
    return [row for row in named if row[0] in having]


def _by_meaning(query: Query, kinds: Sequence[str], texts: Narrowing,
                ) -> tuple[Index | None, np.ndarray | None, list[tuple[int, float]], list[str]]:
    """Index, query vector and the texts nearest to it, honouring the query's required and excluded words."""
    if not query.text:
        return None, None, [], []
    try:
        index = current_index()
        model, vector = encode_query(query.text)
        if model != index.model_id:
            raise IndexUnavailable("the index is being rebuilt for another model")
    except (EncoderUnavailable, IndexUnavailable) as error:
        return None, None, [], [f"Found by words only: {error}."]
    nearest = index.search(vector, MEANING_DEPTH, kinds=kinds, texts=texts or None)
    least = {kind: index.cosine_at(LEAST_PERCENTILE, likeness_of(query), kind) for kind in index.kinds}
    theirs = index.kinds_of([text_id for text_id, _ in nearest])
    return index, vector, [pair for pair, kind in zip(nearest, theirs, strict=True) if pair[1] >= least[kind]], []


def _listed(query: Query, papers: QuerySet | None, notes: list[str], limit: int, offset: int) -> Results:
    """The papers the filters leave, newest first, when nothing is asked of them."""
    if papers is None or not query.filters.kinds:
        return Results(query, (), 0, 0, limit, False, tuple(notes))
    left_out = None if shows_hidden(query.filters.fields) else extensions.left_out(query.filters.asker)
    if left_out is not None:
        papers = papers.exclude(pk__in=left_out)
    chosen = papers.order_by("-year", "-pk").values_list("pk", flat=True)
    start = list(chosen[:FACETED])
    pks = start[offset:offset + limit] if offset + limit <= FACETED else list(chosen[offset:offset + limit])
    rows = {row.paper_id: row for row in SearchText.objects.filter(paper__in=pks)}
    hits = hits_of(query, [(rows[pk], Candidate()) for pk in pks if pk in rows], None, "")
    total = len(start) if len(start) < FACETED else chosen.count()
    return Results(query, hits, total, offset, limit, False, tuple(notes),
                   found=tuple((SearchText.PAPER, pk) for pk in start))
