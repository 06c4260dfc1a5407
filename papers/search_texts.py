"""The words search sees of papers and methods."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from papers.models import Paper, Revision, SearchText
from papers.search.identifiers import as_words, identifiers_of
from papers.search.names import authors_as_words

BATCH = 1000  # rows per statement


class SearchRow(NamedTuple):
    """What search sees of a paper ("paper", primary key) or a method ("method", "arena/slug").

    `authors` and `ids` are words of an index of their own; they are no part of what is embedded.
    """

    kind: str
    key: str
    title: str
    body: str
    authors: str = ""
    ids: str = ""


def record_search_texts(rows: Iterable[tuple[str, ...]]) -> int:
    """Make what search sees equal the rows given, each the parts of a SearchRow. Returns how many words changed.

    The one writer of SearchText. A text whose authors or identifiers alone changed stays embedded and is not counted.
    """
    wanted = {(row.kind, row.key): row for row in (SearchRow(*row) for row in rows)}
    known: dict[tuple[str, str], tuple[str, str, str]] = {}
    for kind in {kind for kind, _ in wanted}:
        keys = [key for kind_of_key, key in wanted if kind_of_key == kind]
        for start in range(0, len(keys), BATCH):
            known.update({(kind, key): (words, authors, ids) for key, words, authors, ids in SearchText.objects.filter(
                kind=kind, key__in=keys[start:start + BATCH]).values_list("key", "text_hash", "authors", "ids")})
    changed, renamed = [], []
    for identity, row in wanted.items():
        text = SearchText(**row._asdict(), text_hash=text_hash(row.title, row.body),
                          paper_id=int(row.key) if row.kind == SearchText.PAPER else None)
        before, authors, ids = known.get(identity, ("", "", ""))
        if before != text.text_hash:
            changed.append(text)
        elif (authors, ids) != (row.authors, row.ids):
            renamed.append(text)
    for texts, fields in ((changed, ["title", "body", "text_hash", "embedded_by", "authors", "ids"]),
                          (renamed, ["authors", "ids"])):
        SearchText.objects.bulk_create(texts, batch_size=BATCH, update_conflicts=True, unique_fields=["kind", "key"],
                                       update_fields=fields)
    if changed:
        Revision.grow(Revision.VECTORS)
    return len(changed)


def search_row(paper: Paper) -> SearchRow:
    """What search sees of a paper, as `record_search_texts` takes it."""
    return SearchRow(SearchText.PAPER, str(paper.pk), paper.title, paper.abstract, authors_as_words(paper.authors),
                     as_words(identifiers_of(arxiv_id=paper.arxiv_id, doi=paper.doi, urls=paper.urls)))


def text_hash(title: str, body: str) -> str:
    """SHA-256 of the words alone: which model embeds them is kept with the vector."""
    return hashlib.sha256(f"{title}\n\n{body}".encode()).hexdigest()
