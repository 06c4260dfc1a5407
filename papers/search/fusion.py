"""Words and meaning together, over papers and methods.

Each hit's fused score is the sum over the two rankings of 1 / (RANK_CONSTANT + rank): reciprocal rank fusion
(Cormack, Clarke and Buettcher 2009), which needs no common scale between BM25 and cosine. What each ranking
said stays visible on the hit. Before all others come the papers known by a typed identifier, then a text whose very
title was typed, then, where no text has all the words, papers by an author so named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from django.db import connection
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString

from papers.extensions import extensions
from papers.models import Paper, SearchText
from papers.search.encoder import EncoderUnavailable, encode_query
from papers.search.fields import papers_with, shows_hidden
from papers.search.identifiers import Identifier
from papers.search.index import Index, IndexUnavailable, current_index
from papers.search.lexical import having, ids_having, names_among, plain_start, search_words, snippets
from papers.search.names import by_author, by_identifier
from papers.search.query import Filters, Query, Term, parse_query, words_of
from papers.search.terms import words
from papers.search.vectors import vectors_of

RANK_CONSTANT = 60  # the value of the paper above: it keeps one ranking's first place from deciding alone
DEPTH = 200  # how far down each ranking is read
MEANING_DEPTH = 100  # everything has neighbours: past these they say little
LEAST_PERCENTILE = 50.0  # a text no nearer to the query than a random one is not found by meaning
FACETED = 100  # texts found that the counts beside the results look at
IDENTIFIER, AUTHOR = "identifier", "author"
FOUND_BY = (IDENTIFIER, "title", AUTHOR)  # the order of what stands before the rest
UNLIKE = 0.5  # what examples of the unlike weigh beside those of the like
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
class _Candidate:
    word_rank: int | None = None
    word_score: float | None = None
    meaning_rank: int | None = None
    cosine: float | None = None
    found_by: str = ""
    place: int = 0  # among those found by the same thing

    @cached_property
    def score(self) -> float:
        return sum(1.0 / (RANK_CONSTANT + rank) for rank in (self.word_rank, self.meaning_rank) if rank)


def search(typed: str, *, filters: Filters | None = None, limit: int = 20, offset: int = 0) -> Results:
    """Search papers and methods by words and meaning. Any text is valid; an empty one with filters lists papers."""
    query = parse_query(typed, filters)
    notes = list(query.problems)
    kinds, papers, note = _scope(query.filters)
    notes += note
    if not (query.wanted or query.required):
        if papers is not None and query.excluded:
            papers = papers.exclude(search_text__in=SearchText.objects.filter(having(query.excluded, " OR ")))
        return _listed(query, papers, notes, limit, offset)
    candidates: dict[int, _Candidate] = {}
    named = _named(by_identifier(query.identifiers), kinds, papers) if query.identifiers else []
    for text_id in _own_first(named, query.identifiers):
        candidates[text_id] = _Candidate(found_by=IDENTIFIER, place=len(candidates))
    if query.names_alone and named:  # further texts are those that mention it
        spelled = Term(words_of(query.identifiers[0][1]), exact=True)
        query = replace(query, wanted=(), required=(spelled,), text="")
    elif query.names_alone:
        notes.append(f"No paper here has the identifier {query.typed[:100]}.")
    hits = search_words(query, DEPTH, kinds=kinds, papers=papers)
    by_name = _named(by_author(query.author), kinds, papers) if query.author and not query.identifiers else []
    if not any(hit.whole for hit in hits):
        for number, (text_id, *_) in enumerate(by_name or _with_author_words(query, kinds, papers)):
            candidates.setdefault(text_id, _Candidate(found_by=AUTHOR, place=number))
        by_name = []
    for rank, hit in enumerate(hits, start=1):
        candidate = candidates.setdefault(hit.text_id, _Candidate())
        candidate.word_rank, candidate.word_score = rank, hit.score
    index, vector, nearest, note = _by_meaning(query, kinds, papers)
    notes += note
    for rank, (text_id, cosine) in enumerate(nearest, start=1):
        candidate = candidates.setdefault(text_id, _Candidate())
        candidate.meaning_rank, candidate.cosine = rank, cosine
    results = _page(query, candidates, index, notes, limit, offset, vector=vector)
    return replace(results, by_author=len(by_name))


def _named(condition: Q, kinds: Sequence[str], papers: QuerySet | None) -> list[tuple]:
    """(text id, arXiv id, DOI) of the papers with an author or identifier, the newest first."""
    if SearchText.PAPER not in kinds:
        return []
    chosen = Paper.objects.filter(condition)
    if papers is not None:
        chosen = chosen.filter(pk__in=papers.order_by().values("pk"))
    return list(chosen.exclude(search_text=None).order_by(F("year").desc(nulls_last=True), "-pk").values_list(
        "search_text", "arxiv_id", "doi")[:DEPTH])


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
    named = _named(by_author(" ".join(sorted(alone))), kinds, papers)
    having = ids_having(rest, all_of_them=True) if named else set()
    return [row for row in named if row[0] in having]


@dataclass(frozen=True)
class Examples:
    """What texts should be like and unlike: stored texts as (kind, key), and a pasted one they should be like."""

    like: tuple[tuple[str, str], ...] = ()
    unlike: tuple[tuple[str, str], ...] = ()
    text: str = ""


def similar(*, kind: str = "", key: str = "", text: str = "", filters: Filters | None = None, limit: int = 20,
            offset: int = 0) -> Results:
    """Papers and methods near a stored text (kind and key), or near a pasted one, by meaning alone.

    A stored text is never its own neighbour. Raises SearchText.DoesNotExist for an unknown key.
    """
    examples = Examples(text=text) if text else Examples(like=((kind, key),))
    return similar_to(examples, filters=filters, limit=limit, offset=offset)


def similar_to(examples: Examples, *, filters: Filters | None = None, limit: int = 20, offset: int = 0) -> Results:
    """Papers and methods near the mean of what they should be like, less half the mean of what they should not.

    The vectors are of unit length, and so is what is compared. No example is among the results. With several examples
    there are no percentiles: random pairs are pairs. Raises SearchText.DoesNotExist for an unknown one.
    """
    filters = filters or Filters()
    kinds, papers, notes = _scope(filters)
    rows = {(row.kind, row.key): row for row in _texts_of(examples)}
    for kind, key in (*examples.like, *examples.unlike):
        if (kind, key) not in rows:
            raise SearchText.DoesNotExist(f"no {kind} {key} is searchable")
    liked, pasted = [rows[each] for each in examples.like], examples.text.strip()
    compared = ". ".join([*(part for row in liked for part in (row.title, row.body)), *([pasted] if pasted else [])])
    query = Query(typed=liked[0].title if len(liked) == 1 and not pasted else compared, text=compared, filters=filters)
    index, candidates = None, {}
    if compared:
        try:
            index = current_index()
            vector = _between(index, liked, [rows[each] for each in examples.unlike], pasted)
        except (EncoderUnavailable, IndexUnavailable) as error:
            notes.append(f"Nothing can be compared by meaning now: {error}.")
        else:
            own = {row.pk for row in rows.values()}
            nearest = index.search(vector, DEPTH + len(own), kinds=kinds, rows=_rows(index, papers))
            nearest = [pair for pair in nearest if pair[0] not in own][:DEPTH]
            candidates = {text_id: _Candidate(meaning_rank=rank, cosine=cosine)
                          for rank, (text_id, cosine) in enumerate(nearest, start=1)}
    several = len(rows) + bool(pasted) > 1
    return _page(query, candidates, index, notes, limit, offset,
                 likeness="" if several else liked[0].kind if liked else _likeness(query))


def _texts_of(examples: Examples) -> QuerySet[SearchText]:
    chosen = Q(pk__in=())
    for kind, key in (*examples.like, *examples.unlike):
        chosen |= Q(kind=kind, key=key)
    return SearchText.objects.filter(chosen)


def _between(index: Index, liked: list[SearchText], unliked: list[SearchText], pasted: str) -> np.ndarray:
    """The direction (dimension,) that is compared. Raises IndexUnavailable where an example has no vector, or where
    the examples cancel each other out."""
    if any(row.embedded_by != index.model_id for row in (*liked, *unliked)):
        raise IndexUnavailable("this text is not embedded yet")
    stored = vectors_of([row.pk for row in (*liked, *unliked)], index.model_id)
    towards = [stored[row.pk] for row in liked]
    if pasted:
        model, vector = encode_query(pasted)
        if model != index.model_id:
            raise IndexUnavailable("the index is being rebuilt for another model")
        towards.append(vector)
    if len(towards) == 1 and not unliked:
        return towards[0]
    direction = np.mean(towards, axis=0)
    if unliked:
        direction = direction - UNLIKE * np.mean([stored[row.pk] for row in unliked], axis=0)
    length = float(np.linalg.norm(direction))
    if length < 1e-6:
        raise IndexUnavailable("the examples cancel each other out")
    return (direction / length).astype(np.float32)


def _by_meaning(query: Query, kinds: Sequence[str], papers: QuerySet | None,
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
    rows = _rows(index, papers)
    if query.required:
        having = index.rows_of_texts(ids_having(query.required, all_of_them=True))
        rows = having if rows is None else having & rows
    if query.excluded:
        allowed = ~index.rows_of_texts(ids_having(query.excluded, all_of_them=False))
        rows = allowed if rows is None else allowed & rows
    nearest = index.search(vector, MEANING_DEPTH, kinds=kinds, rows=rows)
    percentiles = [index.percentile(cosine, _likeness(query), index.kind_of(text_id)) for text_id, cosine in nearest]
    return index, vector, [pair for pair, percentile in zip(nearest, percentiles, strict=True)
                           if percentile is None or percentile >= LEAST_PERCENTILE], []


def _likeness(query: Query) -> str:
    """Whose random pairs a cosine to this query is held against."""
    return "query" if len(query.text.split()) <= LONG_QUERY else SearchText.PAPER


def _scope(filters: Filters) -> tuple[tuple[str, ...], QuerySet | None, list[str]]:
    """The kinds to search, the papers to keep to (None: all of them) and what has to be said about it."""
    if not filters.about_papers:
        return filters.kinds, None, []
    notes = []
    fields = filters.narrowing
    if SearchText.METHOD in filters.kinds:
        names = ", ".join(dict.fromkeys(field.name for field in fields))
        notes.append(f"Only papers have {names}, so methods are left out.")
    return tuple(kind for kind in filters.kinds if kind == SearchText.PAPER), papers_with(fields, filters.asker), notes


def _rows(index: Index, papers: QuerySet | None) -> np.ndarray | None:
    """A mask of the index's rows of these papers; None when papers are not restricted."""
    if papers is None:
        return None
    statement, values = papers.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:  # numbers alone, which may be very many
        cursor.execute(statement, values)
        return index.rows_of_papers(np.array(cursor.fetchall(), dtype=np.int64).reshape(-1))


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
    hits = _hits(query, [(rows[pk], _Candidate()) for pk in pks if pk in rows], None, "")
    total = len(start) if len(start) < FACETED else chosen.count()
    return Results(query, hits, total, offset, limit, False, tuple(notes),
                   found=tuple((SearchText.PAPER, pk) for pk in start))


def _page(query: Query, candidates: dict[int, _Candidate], index: Index | None, notes: list[str], limit: int,
          offset: int, likeness: str | None = None, vector: np.ndarray | None = None) -> Results:
    texts = {pk: (title, kind, paper) for pk, title, kind, paper in _shown(query.filters, SearchText.objects.filter(
        pk__in=list(candidates))).values_list("pk", "title", "kind", "paper_id")}
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
        for text_id, cosine in index.search(vector, len(far), rows=index.rows_of_texts(far)):
            candidates[text_id].cosine = cosine
    hits = _hits(query, pairs, index, _likeness(query) if likeness is None else likeness)
    return Results(query, hits, len(order), offset, limit, index is not None, tuple(notes),
                   found=tuple((texts[text_id][1], texts[text_id][2]) for text_id in order))


def _shown(filters: Filters, texts: QuerySet[SearchText]) -> QuerySet[SearchText]:
    """The texts without the papers that the account which asks has hidden, unless it asks for these."""
    left_out = None if shows_hidden(filters.fields) else extensions.left_out(filters.asker)
    return texts if left_out is None else texts.exclude(paper__isnull=False, paper__in=left_out)


def _hits(query: Query, pairs: Iterable[tuple[SearchText, _Candidate]], index: Index | None, likeness: str,
          ) -> tuple[Hit, ...]:
    pairs = list(pairs)
    keys = [int(row.key) for row, _ in pairs if row.kind == SearchText.PAPER]
    papers = Paper.objects.select_related("cluster").only("year", "authors", "cluster__label").in_bulk(keys)
    links = extensions.links_by_paper(keys)
    shown = snippets(query, [row.pk for row, _ in pairs]) if query.wanted or query.required else {}
    texts = [f"{row.title}. {row.body}" for row, _ in pairs]
    reasons = index.rarity.shared_with_each(query.text, texts) if index is not None else [[]] * len(pairs)
    hits = []
    for (row, candidate), reason in zip(pairs, reasons, strict=True):
        paper = papers.get(int(row.key)) if row.kind == SearchText.PAPER else None
        title, passage = shown.get(row.pk, (escape(row.title), escape(plain_start(row))))
        percentile = None
        if index is not None and likeness and candidate.cosine is not None:
            percentile = index.percentile(candidate.cosine, likeness, row.kind)
        hits.append(Hit(
            kind=row.kind, key=row.key, title=row.title, url=_url(row), score=candidate.score,
            word_rank=candidate.word_rank, word_score=candidate.word_score, meaning_rank=candidate.meaning_rank,
            cosine=candidate.cosine, percentile=percentile, reason=tuple(reason), title_html=title,
            snippet_html=passage or escape(plain_start(row)), year=paper.year if paper else None,
            cluster_id=paper.cluster_id if paper else None,
            cluster_label=paper.cluster.label if paper and paper.cluster else "",
            link_kinds=tuple(sorted({link.kind for link in links.get(paper.pk, ())})) if paper else (),
            authors=tuple(map(str, paper.authors)) if paper else (), found_by=candidate.found_by))
    return tuple(hits)


def _url(row: SearchText) -> str:
    if row.kind == SearchText.PAPER:
        return reverse("paper_detail", args=[row.key])
    return reverse("method_detail", args=row.key.split("/", 1))
