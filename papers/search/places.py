"""The map of papers: each paper's place on a plane, near papers together. Computed by a worker, read by pages.

t-SNE (van der Maaten and Hinton 2008) of the papers' main directions. A new map starts from the old one, so that
papers stay about where a reader remembers them.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import numpy as np
from threadpoolctl import threadpool_limits

from papers.models import SearchText
from papers.search.encoder import prepared
from papers.search.vectors import current_vectors, index_dir, main_directions, vectors_of

MAP_LIMIT = 2_000  # papers on the map (some ten seconds); of more, an even sample
STALE_SHARE = 0.1  # of a sample gone or changed, or of growth, that makes the map be made anew
PERPLEXITY = 30.0
DIRECTIONS = 32


def read_places() -> tuple[np.ndarray, np.ndarray] | None:
    """Text ids (n,) and places (n, 2) in the unit square; None while no map is made."""
    try:
        with np.load(index_dir() / "map.npz") as arrays:
            return arrays["text_ids"], arrays["places"]
    except FileNotFoundError:
        return None


def refresh_places() -> int:
    """Make the map anew if the papers on it are not the present ones; returns how many are on it.

    A map of a sample stays until a tenth of its papers have gone or changed, or the collection has grown by a tenth.
    Raises EncoderUnavailable when no model is prepared.
    """
    model = prepared().model_id
    ids = np.fromiter(SearchText.objects.filter(embedded_by=model).exclude(paper=None).order_by("pk").values_list(
        "pk", flat=True), dtype=np.int64)
    text_ids = ids[::max(1, -(-len(ids) // MAP_LIMIT))]
    if len(text_ids) < 3:
        return 0
    old = read_places()
    if old is not None and len(ids) > MAP_LIMIT and _is_near(old[0], ids, model):
        return len(old[0])
    stored = vectors_of(text_ids.tolist(), model)
    text_ids = np.array([text_id for text_id in text_ids.tolist() if text_id in stored], dtype=np.int64)
    vectors = np.stack([stored[text_id] for text_id in text_ids.tolist()])
    content = np.float64(vectors.sum(dtype=np.float64))
    if old is not None and np.array_equal(old[0], text_ids) and _kept("content") == content:
        return len(text_ids)
    places = _project(main_directions(vectors, DIRECTIONS), text_ids, old)
    partial = index_dir() / f"map.{os.getpid()}.partial.npz"
    np.savez(partial, text_ids=text_ids, places=places, content=content, collection=len(ids))
    os.replace(partial, index_dir() / "map.npz")
    return len(text_ids)


def _is_near(on_map: np.ndarray, ids: np.ndarray, model: str) -> bool:
    """Whether a map of a sample still shows the collection of these text ids."""
    if len(ids) > (1 + STALE_SHARE) * (_kept("collection") or 0):
        return False
    there = on_map[np.isin(on_map, ids)].tolist()
    made = datetime.fromtimestamp((index_dir() / "map.npz").stat().st_mtime, tz=UTC)
    changed = current_vectors(model).filter(text__in=there, created_at__gt=made).count()
    return len(on_map) - len(there) + changed <= STALE_SHARE * len(on_map)


def _kept(name: str) -> float | None:
    with np.load(index_dir() / "map.npz") as arrays:
        return float(arrays[name]) if name in arrays else None


def _project(reduced: np.ndarray, text_ids: np.ndarray, old: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    from sklearn.manifold import TSNE

    start = reduced[:, :2] if reduced.shape[1] > 1 else np.hstack([reduced, np.zeros_like(reduced)])
    start = start.astype(np.float64)
    if old is not None:
        known = {int(text_id): place for text_id, place in zip(*old, strict=True)}
        rows = [row for row, text_id in enumerate(text_ids.tolist()) if text_id in known]
        if len(rows) > len(text_ids) / 2:
            nearest = (reduced @ reduced[rows].T).argmax(axis=1)
            start = np.array([known[int(text_ids[rows[closest]])] for closest in nearest], dtype=np.float64)
            start += np.random.default_rng(0).normal(scale=1e-3, size=start.shape)
    start = (start - start.mean(axis=0)) / max(start[:, 0].std(), 1e-12) * 1e-4
    with threadpool_limits(1):
        places = TSNE(2, perplexity=min(PERPLEXITY, (len(reduced) - 1) / 3), init=start, metric="cosine",
                      random_state=0).fit_transform(reduced)
    low, high = places.min(axis=0), places.max(axis=0)
    return ((places - low) / np.maximum(high - low, 1e-9)).astype(np.float32)
