"""Giving a vector to the texts that have none, and how far that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.utils import timezone

from papers.models import Revision, SearchText, Vector
from papers.search.encoder import model_id
from papers.search.vectors import index_dir, pending_texts
from papers.writing import short_write

if TYPE_CHECKING:  # the exporting encoder is never imported by the web process
    from papers.search.export import TextEncoder

CHUNK = 64  # texts per commit: what a killed worker has to do again


@dataclass(frozen=True)
class EmbeddingProgress:
    """How far the vectors are. `problem` says why the last attempt stopped; empty when it did not."""

    done: int
    total: int
    model_id: str
    problem: str

    @property
    def complete(self) -> bool:
        return self.done >= self.total


def embedding_progress() -> EmbeddingProgress:
    """Counted from the texts still to do, of which there are few."""
    model = model_id()
    total = SearchText.objects.count()
    done = total - pending_texts(model).count() if model else 0
    problem = _problem_path()
    return EmbeddingProgress(done, total, model or "", problem.read_text("utf-8") if problem.exists() else "")


def embed_pending(encoder: TextEncoder, report: Callable[[int, int], None] | None = None) -> int:
    """Give each text without a vector one, a chunk per transaction; returns how many. `report` hears (done, total).

    Texts that come or change while it runs are left for the next round.
    """
    pending = list(pending_texts(encoder.model_id).order_by("pk").values_list("pk", flat=True))
    total = SearchText.objects.count() if report else 0
    embedded = 0
    for start in range(0, len(pending), CHUNK):
        chunk = list(SearchText.objects.filter(pk__in=pending[start:start + CHUNK]).order_by("pk"))
        if not chunk:
            continue
        _store(chunk, encoder.encode([f"{row.title}\n\n{row.body}".strip() for row in chunk]), encoder.model_id)
        embedded += len(chunk)
        if report:
            report(total - len(pending) + embedded, total)
    return embedded


def _store(rows: list[SearchText], vectors: np.ndarray, model: str) -> None:
    """Vectors (n, dimension) of these rows; a text changed or deleted meanwhile is left for the next round."""
    wanted = [Vector(text=row, model_id=model, text_hash=row.text_hash, dimension=vectors.shape[1],
                     values=np.ascontiguousarray(vector, dtype="<f4").tobytes())
              for row, vector in zip(rows, vectors, strict=True)]
    with short_write():
        present = set(SearchText.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "text_hash"))
        present &= {(row.pk, row.text_hash) for row in rows}
        Vector.objects.bulk_create(
            [vector for vector in wanted if (vector.text_id, vector.text_hash) in present],
            update_conflicts=True, unique_fields=["text", "model_id"],
            update_fields=["text_hash", "dimension", "values", "created_at"])
        SearchText.objects.filter(pk__in=[pk for pk, _ in present]).update(embedded_by=model)
        Revision.grow(Revision.VECTORS)


def note_problem(error: Exception | None) -> None:
    """Keep for the pages why the last attempt stopped, or that it did not."""
    path = _problem_path()
    if error is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(f"{error} ({timezone.now():%Y-%m-%d %H:%M} UTC)", "utf-8")


def _problem_path() -> Path:
    return index_dir() / "embedding-problem.txt"
