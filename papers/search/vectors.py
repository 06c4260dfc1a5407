"""The stored vectors: which texts have one of the present model, and reading them. The database alone; no index."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from threadpoolctl import threadpool_limits

from papers.models import SearchText, Vector


def current_vectors(model: str) -> QuerySet[Vector]:
    """The vectors of this model that belong to the present words of their texts."""
    return Vector.objects.filter(model_id=model, text__embedded_by=model)


def pending_texts(model: str) -> QuerySet[SearchText]:
    """The texts that have no such vector: two ranges of one index, so that asking costs what is pending."""
    return SearchText.objects.filter(Q(embedded_by__lt=model) | Q(embedded_by__gt=model))


def vectors_of(text_ids: Iterable[int], model: str) -> dict[int, np.ndarray]:
    """Stored unit vectors (dimension,) by text id, of the few texts named."""
    ids = ", ".join(str(int(text_id)) for text_id in text_ids) or "NULL"
    with connection.cursor() as cursor:  # some hundreds of ids cost the ORM more than the database
        cursor.execute(f"SELECT text_id, {connection.ops.quote_name('values')} FROM {Vector._meta.db_table} "
                       f"WHERE model_id = %s AND text_id IN ({ids})", [model])
        return {text_id: np.frombuffer(values, dtype="<f4") for text_id, values in cursor.fetchall()}


def kind_vectors(kind: str, model: str) -> tuple[list[int], list[str], np.ndarray]:
    """Text ids, keys and unit vectors (n, dimension) of all texts of a kind, in the order of their ids."""
    ids, keys, values = [], [], []
    rows = current_vectors(model).filter(text__kind=kind).order_by("text_id")
    for text_id, key, stored in rows.values_list("text_id", "text__key", "values").iterator(chunk_size=5000):
        ids.append(text_id)
        keys.append(key)
        values.append(np.frombuffer(stored, dtype="<f4"))
    return ids, keys, np.stack(values) if values else np.empty((0, 0), np.float32)


def main_directions(vectors: np.ndarray, count: int) -> np.ndarray:
    """The vectors (n, dimension) in their `count` main directions, of unit length again: (n, count)."""
    centred = vectors - vectors.mean(axis=0)
    with threadpool_limits(1):  # threads that wait for each other on a busy machine cost more than they save
        _, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    reduced = centred @ axes[:, ::-1][:, :max(1, min(count, len(vectors) - 1))]
    return reduced / np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-12)


def index_dir() -> Path:
    """Where everything computed from the vectors is kept: index, map, locks."""
    folder = Path(settings.DATA_DIR) / "index"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
