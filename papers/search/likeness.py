"""Texts like others: near a stored or pasted text, or near some and far from others, by meaning alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import Q, QuerySet

from papers.models import SearchText
from papers.search.encoder import EncoderUnavailable, encode_query
from papers.search.fields import papers_with
from papers.search.hits import DEPTH, Candidate, Results, likeness_of, page_of
from papers.search.index import Index, IndexUnavailable, current_index
from papers.search.narrowing import Narrowing
from papers.search.query import Filters, Query
from papers.search.vectors import vectors_of

UNLIKE = 0.5  # what examples of the unlike weigh beside those of the like


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
    kinds, papers, notes = scope_of(filters)
    texts = Narrowing(papers) if papers is not None else None
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
            nearest = index.search(vector, DEPTH + len(own), kinds=kinds, texts=texts)
            nearest = [pair for pair in nearest if pair[0] not in own][:DEPTH]
            candidates = {text_id: Candidate(meaning_rank=rank, cosine=cosine)
                          for rank, (text_id, cosine) in enumerate(nearest, start=1)}
    several = len(rows) + bool(pasted) > 1
    return page_of(query, candidates, index, notes, limit, offset,
                 likeness="" if several else liked[0].kind if liked else likeness_of(query))


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


def scope_of(filters: Filters) -> tuple[tuple[str, ...], QuerySet | None, list[str]]:
    """The kinds to search, the papers to keep to (None: all of them) and what has to be said about it."""
    if not filters.about_papers:
        return filters.kinds, None, []
    notes = []
    fields = filters.narrowing
    if SearchText.METHOD in filters.kinds:
        names = ", ".join(dict.fromkeys(field.name for field in fields))
        notes.append(f"Only papers have {names}, so methods are left out.")
    return tuple(kind for kind in filters.kinds if kind == SearchText.PAPER), papers_with(fields, filters.asker), notes
