"""Making the FAISS index from the stored vectors: anew, or by growing the build in use by what has changed.

One rule chooses its kind from the number of texts (`kind_of_index`): up to FLAT_LIMIT it is exact; above, inverted
lists of 8-bit codes hold it in a quarter of the memory, and the nearest are compared again with the stored vectors. How
many lists a search visits is tried out on a sample of titles (`papers.search.recall`). A build grows by appending rows
and marking old ones dead; past REBUILD_SHARE of such rows, or when the collection outgrows its kind of index, it is
made anew. A build is written beside the old one and put in use by replacing the manifest: readers never see half of it.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from filelock import FileLock

from papers.models import Revision, SearchText
from papers.search.encoder import EncoderUnavailable, encode_query, prepared
from papers.search.opened import DEAD, Index, IndexUnavailable, index_manifest
from papers.search.recall import Trial
from papers.search.rows import CHUNK, Rows, embedded, kinds_there, read, spread_vectors
from papers.search.terms import Rarity
from papers.search.vectors import current_vectors, index_dir

logger = logging.getLogger(__name__)

FLAT_LIMIT = 100_000  # exact search up to here (some 6 ms); inverted lists of 8-bit codes above
TRAINING = 64  # vectors a list is trained on
AIM = 0.985  # share of the exact ten nearest that a search should find
FEWEST_PROBES = 32  # inverted lists visited, doubled until the share is found ...
MOST_VISITED = 150_000  # ... or so many codes are looked at: some milliseconds
REBUILD_SHARE = 0.2  # dead and appended rows, as a share of all, past which a build is made anew
RETRIED_SHARE = 0.01  # of its rows new or gone since a build was tried: it is tried again
OVERLAP = timedelta(minutes=10)  # how far back of the last build vectors are looked at again
PAIRS = 20_000  # random pairs behind a percentile
TITLES = 256  # titles that stand in for queries, in those pairs and in the trial of what is found
EXACT_TITLES = 32  # ... of which an exact index is asked
RARITY_SAMPLE = 2_000  # texts behind the document frequencies
SUFFIXES = (".faiss", ".npz", ".terms.json")


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


def _complete(manifest: dict) -> bool:
    return all((index_dir() / f"{manifest['build']}{suffix}").exists() for suffix in SUFFIXES)


def kind_of_index(count: int) -> str:
    """FAISS's description of the index for so many vectors: past FLAT_LIMIT about two lists for each vector of the
    square root, so that visiting lists and finding them cost about the same."""
    if count <= FLAT_LIMIT:
        return "Flat"
    return f"IVF{2 ** round(math.log2(2 * count ** 0.5))},SQ8"


def _made(folder: Path, model: str) -> dict:
    """A build of all vectors."""
    kinds = kinds_there()
    ids = embedded(model)
    if not len(ids):
        raise IndexUnavailable("no text is embedded yet")
    description = kind_of_index(len(ids))
    index: faiss.Index | None = None
    parts: list[Rows] = []
    count = 0
    sample = _Sample(np.random.default_rng(0), len(ids))
    queries, owners = _titles(ids[sample.rows])
    asked = EXACT_TITLES if description == "Flat" else len(queries)
    trial = Trial.of(queries[:asked], owners[:asked])
    for more, vectors in read(current_vectors(model), kinds):
        if index is None:
            index = faiss.index_factory(vectors.shape[1], description, faiss.METRIC_INNER_PRODUCT)
            if isinstance(index, faiss.IndexIVF):
                index.train(spread_vectors(model, ids, kinds, index.nlist * TRAINING))
        index.add(vectors)
        sample.take(count, vectors)
        trial.take(more.text_ids, vectors)
        parts.append(more)
        count += len(more.text_ids)
    if index is None:
        raise IndexUnavailable("no text is embedded yet")
    rows = Rows.joined(parts)
    build = _new_name()
    texts = SearchText.objects.filter(pk__in=rows.text_ids[sample.rows[:RARITY_SAMPLE]].tolist())
    rarity = Rarity.of(f"{title}. {body}" for title, body in texts.values_list("title", "body"))
    (folder / f"{build}.terms.json").write_text(
        json.dumps({"documents": rarity.documents, "terms": rarity.frequencies}), "utf-8")
    _write(folder, build, index, rows, _background(sample, rows, kinds, queries, owners), trial)
    made = {"build": build, "model_id": model, "size": count, "dimension": index.d,
            "index": description, "kinds": kinds, "built_from": count, "appended": 0, "dead": 0,
            "built_at": time.time(), "made_at": time.time(), "probes": 0}
    return _tried(folder, made, trial)


def _tried(folder: Path, manifest: dict, trial: Trial) -> dict:
    """The manifest with what the build takes and what it finds; a new one of lists with how many of them to visit.

    One that has grown is tried again when a good part of it is new: asking so many titles costs more than growing it.
    """
    manifest["megabytes"] = round(sum((folder / f"{manifest['build']}{suffix}").stat().st_size
                                      for suffix in SUFFIXES) / 1e6, 1)
    changed = manifest["appended"] + manifest["dead"]
    if changed and changed - manifest.get("changed_when_tried", 0) < RETRIED_SHARE * manifest["size"]:
        return manifest
    index = Index(folder, manifest)
    if isinstance(index.faiss, faiss.IndexIVF) and not manifest["probes"]:
        manifest["lists"], manifest["probes"] = index.faiss.nlist, min(FEWEST_PROBES, index.faiss.nlist)
    recall = trial.recall(index)
    while index.coded and not manifest["appended"] and recall is not None and recall < AIM \
            and manifest["probes"] < manifest["lists"] \
            and 2 * manifest["probes"] * manifest["size"] <= MOST_VISITED * manifest["lists"]:
        manifest["probes"] = min(2 * manifest["probes"], manifest["lists"])
        recall = trial.recall(index)
    return {**manifest, "recall": recall, "titles_asked": len(trial.queries), "tried_at": time.time(),
            "changed_when_tried": changed}


def _grown(folder: Path, manifest: dict, model: str) -> dict | None:
    """The build in use with what has changed since; None when it has to be made anew."""
    with np.load(folder / f"{manifest['build']}.npz") as arrays:
        rows = Rows(*(arrays[name] for name in Rows.__annotations__))
        background = {name: arrays[name] for name in arrays.files if name.startswith("pairs_")}
        trial = Trial(*(arrays[f"trial_{name}"] for name in Trial.__annotations__))
    kinds = kinds_there()
    count = SearchText.objects.filter(embedded_by=model).count()
    if kinds != manifest["kinds"] or kind_of_index(count) != manifest["index"]:
        return None
    since = datetime.fromtimestamp(int(rows.stamps.max(initial=0)) / 1e6, tz=UTC) - OVERLAP
    recent = rows.stamps >= round(since.timestamp() * 1e6)
    known = set(zip(rows.text_ids[recent].tolist(), rows.stamps[recent].tolist(), strict=True))
    stored = current_vectors(model).filter(created_at__gte=since).order_by()  # known ones are read without the vectors
    new = sorted(text_id for text_id, created in stored.values_list("text_id", "created_at").iterator(chunk_size=CHUNK)
                 if (text_id, round(created.timestamp() * 1e6)) not in known)
    parts, vectors = [Rows.empty()], [np.empty((0, manifest["dimension"]), np.float32)]
    for start in range(0, len(new), CHUNK):
        for more, theirs in read(current_vectors(model).filter(text__in=new[start:start + CHUNK]), kinds):
            parts.append(more)
            vectors.append(theirs)
    fresh, added = Rows.joined(parts), np.concatenate(vectors)
    before = rows.kinds.copy()
    rows.kinds[np.isin(rows.text_ids, fresh.text_ids)] = DEAD
    if int((rows.kinds != DEAD).sum()) + len(fresh.text_ids) != count:  # some have gone, or have lost their vector
        rows.kinds[~np.isin(rows.text_ids, embedded(model))] = DEAD
    trial.forget(rows.text_ids[rows.kinds != before])
    trial.take(fresh.text_ids, added)
    rows = Rows.joined([rows, fresh])
    dead = int((rows.kinds == DEAD).sum())
    appended = manifest["appended"] + len(fresh.text_ids)
    if len(rows.text_ids) - dead != count or dead + appended > REBUILD_SHARE * len(rows.text_ids):
        return None
    index = faiss.read_index(str(folder / f"{manifest['build']}.faiss"))
    if len(added):
        index.add(added)
    build = _new_name()
    (folder / f"{build}.terms.json").write_bytes((folder / f"{manifest['build']}.terms.json").read_bytes())
    _write(folder, build, index, rows, background, trial)
    return _tried(folder, {**manifest, "build": build, "size": count, "appended": appended, "dead": dead,
                           "built_at": time.time()}, trial)


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


def _titles(text_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some of these texts' titles as queries (n, dimension), and their texts (n,); none without a light encoder."""
    asked = np.random.default_rng(0).permutation(text_ids)[:TITLES].tolist()
    titles = dict(SearchText.objects.filter(pk__in=asked).values_list("pk", "title"))
    asked = [text_id for text_id in asked if text_id in titles]
    try:
        return np.stack([encode_query(titles[text_id])[1] for text_id in asked]), np.array(asked, dtype=np.int64)
    except EncoderUnavailable as error:
        logger.warning("Percentiles of queries are those of texts, and what the index finds is not tried: %s", error)
        return np.empty((0, 0), np.float32), np.empty(0, np.int64)


def _background(sample: _Sample, rows: Rows, kinds: list[str], queries: np.ndarray, owners: np.ndarray,
                ) -> dict[str, np.ndarray]:
    """Sorted cosines of random pairs of different texts, for each pair of kinds, and of titles with texts.

    A title stands for a query ("query"): short texts have smaller cosines than long ones.
    """
    generator = np.random.default_rng(0)
    vectors = sample.vectors
    drawn = sample.rows[:len(vectors)]
    texts = rows.text_ids[drawn]
    places = {kind: np.flatnonzero(rows.kinds[drawn] == code) for code, kind in enumerate(kinds)}
    background = {}
    for first in kinds:
        for second in kinds:
            if first <= second and len(places[first]) and len(places[second]):
                left, right = (generator.choice(places[kind], size=PAIRS) for kind in (first, second))
                background[f"pairs_{first}_{second}"] = _sorted_cosines(vectors, left, vectors, right, left != right)
        if len(queries) and len(places[first]):
            left = generator.integers(len(queries), size=PAIRS)
            right = generator.choice(places[first], size=PAIRS)
            different = owners[left] != texts[right]
            background[f"pairs_{first}_query"] = _sorted_cosines(queries, left, vectors, right, different)
    return background


def _sorted_cosines(first: np.ndarray, left: np.ndarray, second: np.ndarray, right: np.ndarray,
                    different: np.ndarray) -> np.ndarray:
    return np.sort(np.einsum("nd,nd->n", first[left[different]], second[right[different]]))


def _write(folder: Path, build: str, index: faiss.Index, rows: Rows, background: dict[str, np.ndarray],
           trial: Trial) -> None:
    faiss.write_index(index, str(folder / f"{build}.faiss"))
    kept = {f"trial_{name}": values for name, values in vars(trial).items()}
    arrays: dict[str, Any] = {**vars(rows), **background, **kept}
    np.savez(folder / f"{build}.npz", **arrays)


def _new_name() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"


_NAMED = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


def _remove_old_builds(folder: Path, build: str) -> None:
    """Remove builds that are neither in use nor so young that a reader may be about to open them; the map stays."""
    for path in folder.iterdir():
        if _NAMED.fullmatch(path.name.partition(".")[0]) and not path.name.startswith(build) \
                and time.time() - path.stat().st_mtime > 60:
            path.unlink(missing_ok=True)
