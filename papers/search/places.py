"""The map of papers: each paper's place on a plane, near papers together. Computed by a worker, read by pages.

t-SNE (van der Maaten and Hinton 2008) of the papers' main directions. A new map starts from the old one, so that
papers stay about where a reader remembers them.
"""

from __future__ import annotations

import os

import numpy as np
from threadpoolctl import threadpool_limits

from papers.models import SearchText
from papers.search.encoder import prepared
from papers.search.vectors import index_dir, kind_vectors, main_directions

MAP_LIMIT = 2_000  # papers on the map (some ten seconds); of more, an even sample
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

    Raises EncoderUnavailable when no model is prepared.
    """
    ids, _, vectors = kind_vectors(SearchText.PAPER, prepared().model_id)
    step = max(1, -(-len(ids) // MAP_LIMIT))
    text_ids, vectors = np.array(ids[::step], dtype=np.int64), vectors[::step]
    if len(text_ids) < 3:
        return 0
    old = read_places()
    content = np.float64(vectors.sum(dtype=np.float64))
    if old is not None and np.array_equal(old[0], text_ids) and _content() == content:
        return len(text_ids)
    places = _project(main_directions(vectors, DIRECTIONS), text_ids, old)
    partial = index_dir() / f"map.{os.getpid()}.partial.npz"
    np.savez(partial, text_ids=text_ids, places=places, content=content)
    os.replace(partial, index_dir() / "map.npz")
    return len(text_ids)


def _content() -> float | None:
    with np.load(index_dir() / "map.npz") as arrays:
        return float(arrays["content"])


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
