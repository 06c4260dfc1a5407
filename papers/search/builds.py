"""Making the FAISS index from the stored vectors: anew, or by growing the build in use by what has changed.

Up to FLAT_LIMIT texts the index is exact; above, inverted lists of 8-bit codes hold it in a quarter of the memory,
and the nearest are compared again with the stored vectors. A build grows by appending rows and marking old ones dead;
past REBUILD_SHARE of such rows, or when the collection outgrows its kind of index, it is made anew.
"""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from django.db.models import QuerySet
from filelock import FileLock

from papers.models import Revision, SearchText, Vector
from papers.search.encoder import EncoderUnavailable, encode_query, prepared
from papers.search.terms import Rarity
from papers.search.vectors import current_vectors, index_dir

logger = logging.getLogger(__name__)

FLAT_LIMIT = 100_000  # exact search up to here (some 6 ms); inverted lists of 8-bit codes above
TRAINING = 64  # vectors a list is trained on
REBUILD_SHARE = 0.2  # dead and appended rows, as a share of all, past which a build is made anew
OVERLAP = timedelta(minutes=10)  # how far back of the last build vectors are looked at again
PAIRS = 20_000  # random pairs behind a percentile
TITLES = 256  # titles that stand in for queries in those pairs
RARITY_SAMPLE = 2_000  # texts behind the document frequencies
DEAD = 255  # the kind of a row whose text has changed or gone
SUFFIXES = (".faiss", ".npz", ".terms.json")


class IndexUnavailable(Exception):
    """There are no vectors to search yet, or their index is being rebuilt; the message says which."""


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

    def with_more(self, other: Rows) -> Rows:
        return Rows(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__annotations__))


def rebuild_index(*, wait: float = -1, anew: bool = False) -> dict:
    """Bring the index up to the stored vectors, unless it is; returns its manifest. `anew` keeps nothing of the old.

    Raises EncoderUnavailable when no model is prepared, IndexUnavailable when there are no vectors,
    filelock.Timeout when another process is at it for longer than `wait` seconds (negative: as long as it takes).
    """
    model = prepared().model_id
    folder = index_dir()
    with FileLock(folder / "index.lock", timeout=wait):
        revision = Revision.of(Revision.VECTORS)  # before reading: what comes later is another revision
        manifest = index_manifest()
        usable = manifest is not None and manifest["model_id"] == model and _complete(manifest)
        if manifest and usable and manifest["revision"] == revision and not anew:
            return manifest
        made = None
        if manifest and usable and not anew:
            try:
                made = _grown(folder, manifest, model)
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                logger.warning("The index cannot be grown and is made anew: %s", error)
        made = made or _made(folder, model)
        made["revision"] = revision
        partial = folder / f"manifest.{os.getpid()}.partial"
        partial.write_text(json.dumps(made, indent=1), "utf-8")
        os.replace(partial, folder / "manifest.json")
        _remove_old_builds(folder, made["build"])
        return made


def index_manifest() -> dict | None:
    """What the index in use was built from and when; None when there is none, or none of this layout."""
    try:
        manifest = json.loads((index_dir() / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        logger.warning("The index's manifest is damaged (%s); the index is rebuilt", error)
        return None
    return manifest if isinstance(manifest, dict) and "revision" in manifest else None


def _complete(manifest: dict) -> bool:
    return all((index_dir() / f"{manifest['build']}{suffix}").exists() for suffix in SUFFIXES)


def kind_of_index(count: int) -> str:
    """FAISS's description of the index for so many vectors."""
    if count <= FLAT_LIMIT:
        return "Flat"
    return "IVF4096,SQ8" if count >= TRAINING * 4096 else "IVF1024,SQ8"


def _made(folder: Path, model: str) -> dict:
    """A build of all vectors."""
    kinds = list(SearchText.objects.order_by("kind").values_list("kind", flat=True).distinct())
    count = SearchText.objects.filter(embedded_by=model).count()
    if not count:
        raise IndexUnavailable("no text is embedded yet")
    description = kind_of_index(count)
    index: faiss.Index | None = None
    rows, sample = Rows.empty(), _Sample(np.random.default_rng(0), count)
    for more, vectors in _read(current_vectors(model), kinds):
        if index is None:
            index = faiss.index_factory(vectors.shape[1], description, faiss.METRIC_INNER_PRODUCT)
            if isinstance(index, faiss.IndexIVF):
                index.train(_training(model, kinds, index.nlist * TRAINING))
        index.add(vectors)
        sample.take(len(rows.text_ids), vectors)
        rows = rows.with_more(more)
    if index is None:
        raise IndexUnavailable("no text is embedded yet")
    build = _new_name()
    texts = SearchText.objects.filter(pk__in=rows.text_ids[sample.rows[:RARITY_SAMPLE]].tolist())
    rarity = Rarity.of(f"{title}. {body}" for title, body in texts.values_list("title", "body"))
    (folder / f"{build}.terms.json").write_text(
        json.dumps({"documents": rarity.documents, "terms": rarity.frequencies}), "utf-8")
    _write(folder, build, index, rows, _background(sample, rows, kinds))
    return {"build": build, "model_id": model, "size": len(rows.text_ids), "dimension": index.d,
            "index": description, "kinds": kinds, "built_from": len(rows.text_ids), "appended": 0, "dead": 0,
            "built_at": time.time(), "made_at": time.time()}


def _grown(folder: Path, manifest: dict, model: str) -> dict | None:
    """The build in use with what has changed since; None when it has to be made anew."""
    with np.load(folder / f"{manifest['build']}.npz") as arrays:
        rows = Rows(*(arrays[name] for name in Rows.__annotations__))
        background = {name: arrays[name] for name in arrays.files if name.startswith("pairs_")}
    kinds = list(SearchText.objects.order_by("kind").values_list("kind", flat=True).distinct())
    count = SearchText.objects.filter(embedded_by=model).count()
    if kinds != manifest["kinds"] or kind_of_index(count) != manifest["index"]:
        return None
    since = datetime.fromtimestamp(int(rows.stamps.max(initial=0)) / 1e6, tz=UTC)
    known = set(zip(rows.text_ids.tolist(), rows.stamps.tolist(), strict=True))
    fresh, vectors = Rows.empty(), []
    for more, read in _read(current_vectors(model).filter(created_at__gte=since - OVERLAP), kinds):
        new = [place for place, pair in enumerate(zip(more.text_ids.tolist(), more.stamps.tolist(), strict=True))
               if pair not in known]
        fresh = fresh.with_more(Rows(*(getattr(more, name)[new] for name in Rows.__annotations__)))
        vectors.append(read[new])
    rows.kinds[np.isin(rows.text_ids, fresh.text_ids)] = DEAD
    if int((rows.kinds != DEAD).sum()) + len(fresh.text_ids) != count:  # some have gone, or have lost their vector
        rows.kinds[~np.isin(rows.text_ids, _embedded(model))] = DEAD
    rows = rows.with_more(fresh)
    dead = int((rows.kinds == DEAD).sum())
    appended = manifest["appended"] + len(fresh.text_ids)
    if len(rows.text_ids) - dead != count or dead + appended > REBUILD_SHARE * len(rows.text_ids):
        return None
    index = faiss.read_index(str(folder / f"{manifest['build']}.faiss"))
    if len(fresh.text_ids):
        index.add(np.concatenate(vectors))
    build = _new_name()
    (folder / f"{build}.terms.json").write_bytes((folder / f"{manifest['build']}.terms.json").read_bytes())
    _write(folder, build, index, rows, background)
    return {**manifest, "build": build, "size": count, "appended": appended, "dead": dead, "built_at": time.time()}


def _read(vectors: QuerySet[Vector], kinds: list[str]) -> Iterable[tuple[Rows, np.ndarray]]:
    """The rows and unit vectors (n, dimension) of these, some thousands at a time, in the order of their texts."""
    values = vectors.order_by("text_id").values_list(
        "text_id", "text__paper_id", "text__kind", "created_at", "values").iterator(chunk_size=5000)
    chunk: list[tuple] = []
    for row in values:
        chunk.append(row)
        if len(chunk) == 5000:
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


def _embedded(model: str) -> np.ndarray:
    """The ids (n,) of the texts that this model has embedded, in order."""
    return np.fromiter(SearchText.objects.filter(embedded_by=model).order_by("pk").values_list("pk", flat=True),
                       dtype=np.int64)


def _training(model: str, kinds: list[str], count: int) -> np.ndarray:
    """Every so many-th vector, enough of them to place the inverted lists."""
    ids = _embedded(model)
    chosen = ids[::max(1, len(ids) // count)].tolist()
    pieces = [read for start in range(0, len(chosen), 5000)
              for _, read in _read(current_vectors(model).filter(text__in=chosen[start:start + 5000]), kinds)]
    return np.concatenate(pieces)


class _Sample:
    """Vectors of rows drawn before the reading, kept while they pass by."""

    def __init__(self, generator: np.random.Generator, count: int):
        self.rows = np.sort(generator.permutation(count)[:PAIRS])
        self.pieces: list[np.ndarray] = []

    def take(self, first: int, vectors: np.ndarray) -> None:
        inside = self.rows[(self.rows >= first) & (self.rows < first + len(vectors))] - first
        self.pieces.append(vectors[inside].copy())

    @property
    def vectors(self) -> np.ndarray:
        return np.concatenate(self.pieces)


def _background(sample: _Sample, rows: Rows, kinds: list[str]) -> dict[str, np.ndarray]:
    """Sorted cosines of random pairs of different texts, for each pair of kinds, and of titles with texts.

    A title stands for a query ("query"): short texts have smaller cosines than long ones.
    """
    generator = np.random.default_rng(0)
    vectors = sample.vectors
    drawn = sample.rows[:len(vectors)]
    places = {kind: np.flatnonzero(rows.kinds[drawn] == code) for code, kind in enumerate(kinds)}
    asked = np.sort(generator.permutation(len(drawn))[:TITLES])
    titles = dict(SearchText.objects.filter(pk__in=rows.text_ids[drawn[asked]].tolist()).values_list("pk", "title"))
    asked = np.array([place for place in asked if int(rows.text_ids[drawn[place]]) in titles], dtype=np.int64)
    try:
        queries = np.stack([encode_query(titles[int(rows.text_ids[drawn[place]])])[1] for place in asked])
    except EncoderUnavailable as error:
        logger.warning("Percentiles of queries are those of texts: %s", error)
        queries = None
    background = {}
    for first in kinds:
        for second in kinds:
            if first <= second and len(places[first]) and len(places[second]):
                left, right = (generator.choice(places[kind], size=PAIRS) for kind in (first, second))
                background[f"pairs_{first}_{second}"] = _sorted_cosines(vectors, left, vectors, right, left != right)
        if queries is not None and len(places[first]):
            left = generator.integers(len(asked), size=PAIRS)
            right = generator.choice(places[first], size=PAIRS)
            background[f"pairs_{first}_query"] = _sorted_cosines(queries, left, vectors, right, asked[left] != right)
    return background


def _sorted_cosines(first: np.ndarray, left: np.ndarray, second: np.ndarray, right: np.ndarray,
                    different: np.ndarray) -> np.ndarray:
    return np.sort(np.einsum("nd,nd->n", first[left[different]], second[right[different]]))


def _write(folder: Path, build: str, index: faiss.Index, rows: Rows, background: dict[str, np.ndarray]) -> None:
    faiss.write_index(index, str(folder / f"{build}.faiss"))
    arrays: dict[str, Any] = {**vars(rows), **background}
    np.savez(folder / f"{build}.npz", **arrays)


def _new_name() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"


def _remove_old_builds(folder: Path, build: str) -> None:
    """Remove what is neither in use nor so young that a reader may be about to open it."""
    for path in folder.iterdir():
        if path.name.endswith(SUFFIXES) and not path.name.startswith(build) \
                and time.time() - path.stat().st_mtime > 60:
            path.unlink(missing_ok=True)
