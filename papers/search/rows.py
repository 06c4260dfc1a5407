"""The stored vectors as an index reads them: some thousands at a time, with what is known of each row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet

from papers.models import SearchText, Vector
from papers.search.vectors import current_vectors

CHUNK = 5_000


@dataclass
class Rows:
    """What is known of each row of a build, in its order."""

    text_ids: np.ndarray  # int64
    paper_ids: np.ndarray  # int64, 0 for a method
    kinds: np.ndarray  # uint8, a place in the manifest's kinds, or DEAD
    stamps: np.ndarray  # int64, when the vector was stored, in microseconds

    @classmethod
    def empty(cls) -> Rows:
        return cls(*(np.empty(0, dtype=kind) for kind in (np.int64, np.int64, np.uint8, np.int64)))

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__annotations__))


def kinds_there() -> list[str]:
    return list(SearchText.objects.order_by("kind").values_list("kind", flat=True).distinct())


def read(vectors: QuerySet[Vector], kinds: list[str]) -> Iterable[tuple[Rows, np.ndarray]]:
    """The rows and unit vectors (n, dimension) of these, some thousands at a time, in the order of their texts."""
    values = vectors.order_by("text_id").values_list(
        "text_id", "text__paper_id", "text__kind", "created_at", "values").iterator(chunk_size=CHUNK)
    chunk: list[tuple] = []
    for row in values:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield _columns(chunk, kinds)
            chunk = []
    if chunk:
        yield _columns(chunk, kinds)


def _columns(chunk: list[tuple], kinds: list[str]) -> tuple[Rows, np.ndarray]:
    text_ids, paper_ids, their_kinds, created, values = zip(*chunk, strict=True)
    rows = Rows(np.array(text_ids, dtype=np.int64), np.array([pk or 0 for pk in paper_ids], dtype=np.int64),
                np.array([kinds.index(kind) for kind in their_kinds], dtype=np.uint8),
                np.array([round(moment.timestamp() * 1e6) for moment in created], dtype=np.int64))
    return rows, np.stack([np.frombuffer(stored, dtype="<f4") for stored in values])


def embedded(model: str) -> np.ndarray:
    """The ids (n,) of the texts that this model has embedded, in order."""
    return np.fromiter(SearchText.objects.filter(embedded_by=model).order_by("pk").values_list("pk", flat=True),
                       dtype=np.int64)


def spread_vectors(model: str, ids: np.ndarray, kinds: list[str], count: int) -> np.ndarray:
    """Every so many-th vector, enough of them to place the inverted lists."""
    chosen = ids[::max(1, len(ids) // count)].tolist()
    pieces = [vectors for start in range(0, len(chosen), CHUNK)
              for _, vectors in read(current_vectors(model).filter(text__in=chosen[start:start + CHUNK]), kinds)]
    return np.concatenate(pieces)
