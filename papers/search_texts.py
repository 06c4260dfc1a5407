"""The words search sees of papers and methods."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from papers.models import Paper, Revision, SearchText

BATCH = 1000  # rows per statement


def record_search_texts(rows: Iterable[tuple[str, str, str, str]]) -> int:
    """Make the words search sees equal the (kind, key, title, body) given. Returns how many changed.

    The one writer of SearchText, for papers ("paper", primary key) and methods ("method", "arena/slug").
    """
    wanted = {(kind, key): SearchText(kind=kind, key=key, title=title, body=body, text_hash=text_hash(title, body),
                                      paper_id=int(key) if kind == SearchText.PAPER else None)
              for kind, key, title, body in rows}
    known: dict[tuple[str, str], str] = {}
    for kind in {kind for kind, _ in wanted}:
        keys = [key for kind_of_key, key in wanted if kind_of_key == kind]
        for start in range(0, len(keys), BATCH):
            known.update({(kind, key): known_hash for key, known_hash in SearchText.objects.filter(
                kind=kind, key__in=keys[start:start + BATCH]).values_list("key", "text_hash")})
    changed = [row for identity, row in wanted.items() if known.get(identity) != row.text_hash]
    SearchText.objects.bulk_create(changed, batch_size=BATCH, update_conflicts=True, unique_fields=["kind", "key"],
                                   update_fields=["title", "body", "text_hash", "embedded_by"])
    if changed:
        Revision.grow(Revision.VECTORS)
    return len(changed)


def search_row(paper: Paper) -> tuple[str, str, str, str]:
    """What search sees of a paper, as `record_search_texts` takes it."""
    return SearchText.PAPER, str(paper.pk), paper.title, paper.abstract


def text_hash(title: str, body: str) -> str:
    """SHA-256 of the words alone: which model embeds them is kept with the vector."""
    return hashlib.sha256(f"{title}\n\n{body}".encode()).hexdigest()
