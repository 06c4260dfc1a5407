"""The FAISS index: a cache of the stored vectors, rebuilt from them whenever it is missing or behind.

    <DATA_DIR>/index/manifest.json      which build is in use, of which model, what it was built from
    <DATA_DIR>/index/<build>.faiss      the index; rows ordered by kind, so that a kind is a range of rows
    <DATA_DIR>/index/<build>.npz        the text ids of the rows; sorted cosines of random pairs
    <DATA_DIR>/index/<build>.terms.json document frequencies, for the reasons given with a hit

A build is written beside the old one and put in use by replacing the manifest, so readers never see half of it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from celery import current_app
from django.db.models import Count, Max
from filelock import FileLock, Timeout
from kombu.exceptions import OperationalError

from papers.models import SearchText
from papers.search.encoder import EncoderUnavailable, encode_query, prepared
from papers.search.terms import Rarity
from papers.search.vectors import current_vectors, index_dir, kind_vectors

logger = logging.getLogger(__name__)

FLAT_LIMIT = 100_000  # exact search up to here (some 6 ms); inverted lists of 8-bit codes above
INLINE_LIMIT = 20_000  # up to here whoever asks rebuilds a missing index at once (under a second)
PROBES = 32  # inverted lists visited; all vectors of a restricted search need more
PAIRS = 20_000  # random pairs behind a percentile
TITLES = 256  # titles that stand in for queries in those pairs
RARITY_SAMPLE = 2_000  # texts behind the document frequencies
CHECK_SECONDS = 5.0  # how often a process asks the database whether its index is behind

NO_ROWS = faiss.IDSelectorRange(0, 0)


class IndexUnavailable(Exception):
    """There are no vectors to search yet, or their index is being rebuilt; the message says which."""


class Index:
    """One build, opened read-only; large files are memory-mapped and shared between processes."""

    def __init__(self, folder: Path, manifest: dict):
        self.manifest = manifest
        self.model_id: str = manifest["model_id"]
        self.size: int = manifest["size"]
        self.ranges: dict[str, tuple[int, int]] = {kind: tuple(rows) for kind, rows in manifest["ranges"].items()}
        self.faiss = faiss.read_index(str(folder / f"{manifest['build']}.faiss"), faiss.IO_FLAG_MMAP_IFC)
        with np.load(folder / f"{manifest['build']}.npz") as arrays:
            self.arrays = dict(arrays)
        self.text_ids: np.ndarray = self.arrays["text_ids"]
        self._rows = {int(text_id): row for row, text_id in enumerate(self.text_ids)}
        frequencies = json.loads((folder / f"{manifest['build']}.terms.json").read_text("utf-8"))
        self.rarity = Rarity(frequencies["documents"], frequencies["terms"])

    def search(self, vector: np.ndarray, count: int, *, kinds: Sequence[str] | None = None,
               among: Iterable[int] | None = None) -> list[tuple[int, float]]:
        """The texts nearest to a unit vector (dimension,) as (text id, cosine), the nearest first.

        `kinds` keeps to papers or methods, `among` to these text ids.
        """
        if not self.size:
            return []
        selected: dict[str, Any] = {"sel": self._selector(kinds, among)}  # faiss's types know no keywords
        if isinstance(self.faiss, faiss.IndexIVF):
            selected["nprobe"] = PROBES if among is None else self.faiss.nlist
            parameters: faiss.SearchParameters = faiss.SearchParametersIVF(**selected)
        else:
            parameters = faiss.SearchParameters(**selected)
        cosines, rows = self.faiss.search(
            np.ascontiguousarray(vector[None], dtype=np.float32), min(count, self.size), params=parameters)
        return [(int(self.text_ids[row]), float(cosine))
                for row, cosine in zip(rows[0], cosines[0], strict=True) if row >= 0]

    def _selector(self, kinds: Sequence[str] | None, among: Iterable[int] | None) -> faiss.IDSelector | None:
        """A FAISS selector of rows; None for all of them."""
        ranges = [self.ranges[kind] for kind in kinds if kind in self.ranges] if kinds else [(0, self.size)]
        if among is not None:
            rows = [row for row in (self._rows.get(int(text_id)) for text_id in among) if row is not None
                    and any(start <= row < stop for start, stop in ranges)]
            return faiss.IDSelectorBatch(np.array(rows, dtype=np.int64)) if rows else NO_ROWS
        if not ranges:
            return NO_ROWS
        if sum(stop - start for start, stop in ranges) == self.size:
            return None
        return faiss.IDSelectorRange(*ranges[0])

    def percentile(self, cosine: float, first: str, second: str) -> float | None:
        """The share of random pairs of these kinds with a smaller cosine, 0 to 100; None when there are no pairs.

        A kind is "paper", "method" or, for a short text, "query".
        """
        background = self.arrays.get("pairs_" + "_".join(sorted((first, second))))
        if background is None or not len(background):
            return None
        return 100.0 * float(np.searchsorted(background, np.float32(cosine))) / len(background)

    def kind_of(self, text_id: int) -> str:
        """Raises KeyError for a text that is not in this build."""
        row = self._rows[text_id]
        return next(kind for kind, (start, stop) in self.ranges.items() if start <= row < stop)


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
            source = _source(model)
            if index and index.manifest["source"] == source:
                return index
            if source["count"] <= INLINE_LIMIT:
                try:
                    rebuild_index(wait=0.0 if index else 30.0)
                except Timeout:
                    logger.info("The index is being rebuilt by another process")
                index = self._following(model)
            else:
                _ask_worker()
            if index is None:
                raise IndexUnavailable(f"the index of {source['count']} vectors is being rebuilt")
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


def rebuild_index(*, wait: float = -1) -> dict:
    """Build the index from the stored vectors, unless the one in use is up to date; returns its manifest.

    Raises EncoderUnavailable when no model is prepared, IndexUnavailable when there are no vectors,
    filelock.Timeout when another process is at it for longer than `wait` seconds (negative: as long as it takes).
    """
    model = prepared().model_id
    folder = index_dir()
    with FileLock(folder / "index.lock", timeout=wait):
        source = _source(model)
        manifest = index_manifest()
        if manifest and manifest["source"] == source and _complete(manifest):
            return manifest
        if not source["count"]:
            raise IndexUnavailable("no text is embedded yet")
        manifest = _build(folder, model, source)
        partial = folder / f"manifest.{os.getpid()}.partial"
        partial.write_text(json.dumps(manifest, indent=1), "utf-8")
        os.replace(partial, folder / "manifest.json")
        _remove_old_builds(folder, manifest["build"])
        return manifest


def _source(model: str) -> dict:
    """What tells one state of the stored vectors from another."""
    row = current_vectors(model).aggregate(count=Count("pk"), last=Max("pk"), latest=Max("created_at"))
    return {"model_id": model, "count": row["count"], "last": row["last"],
            "latest": row["latest"].isoformat() if row["latest"] else None}


def index_manifest() -> dict | None:
    """What the index in use was built from and when; None when there is none."""
    try:
        return json.loads((index_dir() / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        logger.warning("The index's manifest is damaged (%s); the index is rebuilt", error)
        return None


def _complete(manifest: dict) -> bool:
    return all((index_dir() / f"{manifest['build']}{suffix}").exists() for suffix in (".faiss", ".npz", ".terms.json"))


def _build(folder: Path, model: str, source: dict) -> dict:
    ids, pieces, ranges, start = [], [], {}, 0
    for kind in SearchText.objects.order_by("kind").values_list("kind", flat=True).distinct():
        kind_ids, _, vectors = kind_vectors(kind, model)
        if kind_ids:
            ids += kind_ids
            pieces.append(vectors)
            ranges[kind] = (start, start + len(kind_ids))
            start += len(kind_ids)
    if not pieces:
        raise IndexUnavailable("no text is embedded yet")
    vectors = np.ascontiguousarray(np.concatenate(pieces), dtype=np.float32)
    build = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    index, description = _faiss_index(vectors)
    faiss.write_index(index, str(folder / f"{build}.faiss"))
    sample = SearchText.objects.filter(pk__in=np.random.default_rng(0).permutation(ids)[:RARITY_SAMPLE].tolist())
    rarity = Rarity.of(f"{title}. {body}" for title, body in sample.values_list("title", "body"))
    (folder / f"{build}.terms.json").write_text(
        json.dumps({"documents": rarity.documents, "terms": rarity.frequencies}), "utf-8")
    arrays: dict[str, Any] = {"text_ids": np.array(ids, dtype=np.int64), **_background(vectors, ranges, ids)}
    np.savez(folder / f"{build}.npz", **arrays)
    return {"build": build, "model_id": model, "size": len(ids), "dimension": vectors.shape[1], "index": description,
            "ranges": ranges, "source": source, "built_at": time.time()}


def _faiss_index(vectors: np.ndarray) -> tuple[faiss.Index, str]:
    count, dimension = vectors.shape
    if count <= FLAT_LIMIT:
        description = "Flat"
    else:
        description = "IVF4096,SQ8" if count >= 39 * 4096 else "IVF1024,SQ8"  # 39 training points per list
    index = faiss.index_factory(dimension, description, faiss.METRIC_INNER_PRODUCT)
    if not index.is_trained:
        index.train(vectors)
    index.add(vectors)
    return index, description


def _background(vectors: np.ndarray, ranges: dict[str, tuple[int, int]], ids: list[int]) -> dict[str, np.ndarray]:
    """Sorted cosines of random pairs of different texts, for each pair of kinds, and of titles with texts.

    A title stands for a query ("query"): short texts have smaller cosines than long ones.
    """
    generator = np.random.default_rng(0)
    sample = generator.permutation(len(ids))[:TITLES]
    titles = dict(SearchText.objects.filter(pk__in=[ids[row] for row in sample]).values_list("pk", "title"))
    sample = np.array([row for row in sample if ids[row] in titles], dtype=np.int64)
    try:
        queries = np.stack([encode_query(titles[ids[row]])[1] for row in sample])
    except EncoderUnavailable as error:
        logger.warning("Percentiles of queries are those of texts: %s", error)
        queries = None
    background = {}
    for first in ranges:
        for second in ranges:
            if first <= second:
                left, right = (generator.integers(*ranges[kind], size=PAIRS) for kind in (first, second))
                background[f"pairs_{first}_{second}"] = _sorted_cosines(vectors, left, vectors, right, left != right)
        if queries is not None:
            left = generator.integers(len(sample), size=PAIRS)
            right = generator.integers(*ranges[first], size=PAIRS)
            background[f"pairs_{first}_query"] = _sorted_cosines(queries, left, vectors, right, sample[left] != right)
    return background


def _sorted_cosines(first: np.ndarray, left: np.ndarray, second: np.ndarray, right: np.ndarray,
                    different: np.ndarray) -> np.ndarray:
    return np.sort(np.einsum("nd,nd->n", first[left[different]], second[right[different]]))


def _remove_old_builds(folder: Path, build: str) -> None:
    """Remove what is neither in use nor so young that a reader may be about to open it."""
    for path in folder.iterdir():
        if path.name.endswith((".faiss", ".npz", ".terms.json")) and not path.name.startswith(build) \
                and time.time() - path.stat().st_mtime > 60:
            path.unlink(missing_ok=True)


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
