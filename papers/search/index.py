"""The FAISS index: a cache of the stored vectors, rebuilt from them whenever it is missing or behind.

    <DATA_DIR>/index/manifest.json      which build is in use, of which model, what it was built from
    <DATA_DIR>/index/<build>.faiss      the index
    <DATA_DIR>/index/<build>.npz        of each row the text, its paper, its kind; sorted cosines of random pairs
    <DATA_DIR>/index/<build>.terms.json document frequencies, for the reasons given with a hit

A build is written beside the old one and put in use by replacing the manifest, so readers never see half of it.
`papers.search.builds` makes one; this module opens and asks it.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from celery import current_app
from filelock import Timeout
from kombu.exceptions import OperationalError

from papers.models import Revision, SearchText
from papers.search.builds import DEAD, IndexUnavailable, index_manifest, rebuild_index
from papers.search.encoder import prepared
from papers.search.terms import Rarity
from papers.search.vectors import index_dir, vectors_of

logger = logging.getLogger(__name__)

INLINE_LIMIT = 20_000  # up to here whoever asks rebuilds a missing index at once (under a second)
PROBES = 128  # inverted lists visited; a restricted search visits more, by the share of rows it leaves out
RERANKED = 150  # of coded vectors the nearest this many are compared again with the stored ones
CHECK_SECONDS = 5.0  # how often a process asks the database whether its index is behind

__all__ = ["Index", "IndexUnavailable", "current_index", "index_manifest", "rebuild_index"]


class Index:
    """One build, opened read-only; large files are memory-mapped and shared between processes."""

    def __init__(self, folder: Path, manifest: dict):
        self.manifest = manifest
        self.model_id: str = manifest["model_id"]
        self.kinds: list[str] = manifest["kinds"]
        self.faiss = faiss.read_index(str(folder / f"{manifest['build']}.faiss"), faiss.IO_FLAG_MMAP_IFC)
        with np.load(folder / f"{manifest['build']}.npz") as arrays:
            self.text_ids: np.ndarray = arrays["text_ids"]  # (rows,)
            self.paper_ids: np.ndarray = arrays["paper_ids"]  # (rows,), 0 for what is no paper
            self.kind_codes: np.ndarray = arrays["kinds"]  # (rows,), DEAD for a text that has changed or gone
            self.pairs = {name: arrays[name] for name in arrays.files if name.startswith("pairs_")}
        self.alive = self.kind_codes != DEAD
        self.size = int(self.alive.sum())
        frequencies = json.loads((folder / f"{manifest['build']}.terms.json").read_text("utf-8"))
        self.rarity = Rarity(frequencies["documents"], frequencies["terms"])

    def search(self, vector: np.ndarray, count: int, *, kinds: Sequence[str] | None = None,
               rows: np.ndarray | None = None) -> list[tuple[int, float]]:
        """The texts nearest to a unit vector (dimension,) as (text id, cosine), the nearest first.

        `kinds` keeps to papers or methods, `rows`, a mask (rows,) as `rows_of_texts` and `rows_of_papers` give it,
        to these rows.
        """
        mask = self._mask(kinds, rows)
        left = self.size if mask is None else int(np.count_nonzero(mask))
        if not left:
            return []
        selected: dict[str, Any] = {}  # faiss's types know no keywords
        if mask is not None:
            bits: Any = np.packbits(mask, bitorder="little")
            selected["sel"] = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg]  # an array brings its length
        coded = isinstance(self.faiss, faiss.IndexIVF)
        if isinstance(self.faiss, faiss.IndexIVF):
            selected["nprobe"] = min(self.faiss.nlist, -(-PROBES * len(self.text_ids) // left))
            parameters: faiss.SearchParameters = faiss.SearchParametersIVF(**selected)
        else:
            parameters = faiss.SearchParameters(**selected)
        cosines, found = self.faiss.search(np.ascontiguousarray(vector[None], dtype=np.float32),
                                           min(max(count, RERANKED) if coded else count, left), params=parameters)
        nearest = [(int(self.text_ids[row]), float(cosine))
                   for row, cosine in zip(found[0], cosines[0], strict=True) if row >= 0]
        return self._reranked(vector, nearest)[:count] if coded else nearest

    def _reranked(self, vector: np.ndarray, nearest: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """The first RERANKED by their exact cosines: codes of 8 bits confuse near neighbours."""
        stored = vectors_of((text_id for text_id, _ in nearest[:RERANKED]), self.model_id)
        exact = [(text_id, float(stored[text_id] @ vector) if text_id in stored else cosine)
                 for text_id, cosine in nearest]
        return sorted(exact, key=lambda pair: -pair[1])

    def _mask(self, kinds: Sequence[str] | None, rows: np.ndarray | None) -> np.ndarray | None:
        """The rows to search; None for all of them."""
        if kinds is not None and set(self.kinds) - set(kinds):
            codes = [self.kinds.index(kind) for kind in kinds if kind in self.kinds]
            chosen = np.isin(self.kind_codes, codes)
            return chosen if rows is None else chosen & rows
        if rows is not None:
            return rows & self.alive
        return None if self.size == len(self.text_ids) else self.alive

    def rows_of_papers(self, pks: np.ndarray) -> np.ndarray:
        """A mask (rows,) of the rows of these papers, primary keys (n,)."""
        return _among(self.paper_ids, pks)

    def rows_of_texts(self, text_ids: Iterable[int]) -> np.ndarray:
        """A mask (rows,) of the rows of these texts."""
        return _among(self.text_ids, np.fromiter(text_ids, dtype=np.int64))

    def percentile(self, cosine: float, first: str, second: str) -> float | None:
        """The share of random pairs of these kinds with a smaller cosine, 0 to 100; None when there are no pairs.

        A kind is "paper", "method" or, for a short text, "query".
        """
        background = self.pairs.get("pairs_" + "_".join(sorted((first, second))))
        if background is None or not len(background):
            return None
        return 100.0 * float(np.searchsorted(background, np.float32(cosine))) / len(background)

    def kind_of(self, text_id: int) -> str:
        """Raises KeyError for a text that is not in this build."""
        ids, rows = self._sorted
        place = int(np.searchsorted(ids, text_id))
        if place == len(ids) or ids[place] != text_id:
            raise KeyError(text_id)
        return self.kinds[self.kind_codes[rows[place]]]

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """The living text ids in order, and their rows."""
        rows = np.flatnonzero(self.alive)
        order = np.argsort(self.text_ids[rows], kind="stable")
        return self.text_ids[rows][order], rows[order]


def _among(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Which of `values`, numbers from 0, are among `chosen`: by a table, which costs no sorting."""
    table = np.zeros(int(values.max(initial=0)) + 1, dtype=bool)
    table[chosen[(chosen > 0) & (chosen < len(table))]] = True
    return table[values]


class OpenIndex:
    """The build that this process has open, followed from one to the next."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._index: Index | None = None
        self._stamp: tuple[str, int, int] | None = None  # of the manifest it was opened by
        self._checked = 0.0

    def current(self) -> Index:
        """See `current_index`."""
        model = prepared().model_id
        with self._lock:
            index = self._following(model)
            if index and time.monotonic() - self._checked < CHECK_SECONDS:
                return index
            self._checked = time.monotonic()
            if index and index.manifest["revision"] == Revision.of(Revision.VECTORS):
                return index
            count = SearchText.objects.filter(embedded_by=model).count()
            if count <= INLINE_LIMIT:
                try:
                    rebuild_index(wait=0.0 if index else 30.0)
                except Timeout:
                    logger.info("The index is being rebuilt by another process")
                index = self._following(model)
            else:
                _ask_worker()
            if index is None:
                raise IndexUnavailable(f"the index of {count} vectors is being rebuilt")
            return index

    def _following(self, model: str) -> Index | None:
        """The build the manifest names, opened if it is not yet; None where there is none of this model."""
        path = index_dir() / "manifest.json"
        try:
            status = path.stat()
        except FileNotFoundError:
            self._index = self._stamp = None
            return None
        stamp = (str(path), status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp or self._index is None:
            self._index, self._stamp = None, stamp
            manifest = index_manifest()
            try:
                self._index = Index(index_dir(), manifest) if manifest else None
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                logger.warning("The index cannot be opened and is rebuilt: %s", error)
                path.unlink(missing_ok=True)
        return self._index if self._index and self._index.model_id == model else None


_open_index = OpenIndex()


def current_index() -> Index:
    """The index of the present model, opened or rebuilt as needed.

    Raises EncoderUnavailable when no model is prepared, IndexUnavailable when there is nothing to search or
    a large index has first to be built by a worker.
    """
    return _open_index.current()


_asked = float("-inf")  # when a worker was last asked to rebuild


def _ask_worker() -> None:
    """Ask for a rebuild, at most once a minute; the present index serves meanwhile."""
    global _asked
    if time.monotonic() - _asked < 60:
        return
    _asked = time.monotonic()
    try:
        current_app.signature("papers.rebuild_index").apply_async(queue="tasks", retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("No worker could be asked to rebuild the index: %s", error)
