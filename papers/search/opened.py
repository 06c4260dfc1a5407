"""One build of the index, opened read-only: its rows, the texts nearest to a vector, what random pairs say.

    <DATA_DIR>/index/manifest.json      which build is in use, of which model, what it was built from
    <DATA_DIR>/index/<build>.faiss      the index
    <DATA_DIR>/index/<build>.npz        of each row the text, its paper, its kind; sorted cosines of random pairs
    <DATA_DIR>/index/<build>.terms.json document frequencies, for the reasons given with a hit
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np

from papers.search.terms import Rarity
from papers.search.vectors import index_dir, vectors_of

logger = logging.getLogger(__name__)

DEAD = 255  # the kind of a row whose text has changed or gone
RERANKED = 150  # of coded vectors the nearest this many are compared again with the stored ones
FEW = 2_000  # rows that are looked up one by one; more are met among the nearest
DEEPEST = 3_200  # of the nearest, before all rows of a filter are looked up
EXACT_ROWS = 500  # of inverted lists, up to here the stored vectors are compared and the lists not asked


class IndexUnavailable(Exception):
    """There are no vectors to search yet, or their index is being rebuilt; the message says which."""


class Narrowing(Protocol):
    """Which texts a search keeps to; see `papers.search.narrowing`."""

    def few(self, index: Index) -> np.ndarray | None:
        """The rows (n,) of its texts, where they can be looked up one by one."""

    def all(self, index: Index) -> np.ndarray:
        """The rows (n,) of its texts, however many."""

    def among(self, text_ids: Sequence[int]) -> set[int]:
        """Those of these texts that it lets through."""


def index_manifest() -> dict | None:
    """What the index in use was built from and when; None when there is none, or none of this layout."""
    try:
        manifest = json.loads((index_dir() / "manifest.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        logger.warning("The index's manifest is damaged (%s); the index is rebuilt", error)
        return None
    return manifest if isinstance(manifest, dict) and {"revision", "probes"} <= manifest.keys() else None


class Index:
    """One build; large files are memory-mapped and shared between processes."""

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
        self._masks: dict[tuple[str, ...], np.ndarray] = {}
        frequencies = json.loads((folder / f"{manifest['build']}.terms.json").read_text("utf-8"))
        self.rarity = Rarity(frequencies["documents"], frequencies["terms"])

    def search(self, vector: np.ndarray, count: int, *, kinds: Sequence[str] | None = None,
               texts: Narrowing | None = None) -> list[tuple[int, float]]:
        """The texts nearest to a unit vector (dimension,) as (text id, cosine), the nearest first.

        `kinds` keeps to papers or methods. Of `texts` that are few the rows are looked up; many are met among the
        nearest.
        """
        mask = self._of_kinds(kinds)
        if texts is None:
            return self._nearest(vector, count, mask)
        rows = texts.few(self)
        depth: int | None = max(4 * count, RERANKED if self.coded else 0)  # as many are compared exactly anyway
        while rows is None and depth is not None:
            deep = depth > RERANKED
            found = self._nearest(vector, depth, mask, deep=deep)
            kept = texts.among([text_id for text_id, _ in found])
            if len(kept) >= count or len(found) < depth:
                pairs = [pair for pair in found if pair[0] in kept]
                return (self._exact(vector, pairs) if deep else pairs)[:count]
            depth = deeper(depth, len(kept), count)
        if rows is None:
            rows = texts.all(self)
        chosen = np.zeros(len(self.text_ids), dtype=bool)
        chosen[rows] = True
        return self._nearest(vector, count, chosen & (self.alive if mask is None else mask))

    def cosines(self, vector: np.ndarray, text_ids: Iterable[int]) -> dict[int, float]:
        """The exact cosines of a few texts, by id, from their stored vectors."""
        return {text_id: float(stored @ vector) for text_id, stored in vectors_of(text_ids, self.model_id).items()}

    @property
    def coded(self) -> bool:
        """Whether it holds codes of the vectors in inverted lists, not the vectors."""
        return isinstance(self.faiss, faiss.IndexIVF)

    def _nearest(self, vector: np.ndarray, count: int, mask: np.ndarray | None, *, deep: bool = False,
                 ) -> list[tuple[int, float]]:
        """The nearest rows of a mask (rows,), None for all. `deep` is for hundreds: it visits twice as many lists and
        leaves the cosines as the codes have them."""
        left = len(self.text_ids) if mask is None else int(np.count_nonzero(mask))
        if not left:
            return []
        if self.coded and mask is not None and left <= EXACT_ROWS:
            exact = self.cosines(vector, self.text_ids[mask].tolist())
            return sorted(exact.items(), key=lambda pair: -pair[1])[:count]
        selected: dict[str, Any] = {}  # faiss's types know no keywords
        if mask is not None:
            bits: Any = np.packbits(mask, bitorder="little")
            selected["sel"] = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg]  # an array brings its length
        if isinstance(self.faiss, faiss.IndexIVF):
            probes = -(-self.manifest["probes"] * (1 + deep) * len(self.text_ids) // left)
            selected["nprobe"] = min(self.faiss.nlist, probes)
            parameters: faiss.SearchParameters = faiss.SearchParametersIVF(**selected)
        else:
            parameters = faiss.SearchParameters(**selected)
        most = min(max(count, RERANKED) if self.coded else count, left)
        cosines, found = self.faiss.search(np.ascontiguousarray(vector[None], dtype=np.float32), most,
                                           params=parameters)
        there = found[0] >= 0
        nearest = list(zip(self.text_ids[found[0][there]].tolist(), cosines[0][there].tolist(), strict=True))
        return (nearest if deep else self._exact(vector, nearest))[:count]

    def _exact(self, vector: np.ndarray, nearest: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """The first RERANKED by their exact cosines: codes of 8 bits confuse near neighbours."""
        if not self.coded:
            return nearest
        exact = self.cosines(vector, [text_id for text_id, _ in nearest[:RERANKED]])
        return sorted(((text_id, exact.get(text_id, cosine)) for text_id, cosine in nearest),
                      key=lambda pair: -pair[1])

    def _of_kinds(self, kinds: Sequence[str] | None) -> np.ndarray | None:
        """A mask (rows,) of the living rows of these kinds; None for all rows."""
        chosen = tuple(sorted(self.kinds if kinds is None else set(kinds) & set(self.kinds)))
        if len(chosen) == len(self.kinds) and self.size == len(self.text_ids):
            return None
        if chosen not in self._masks:
            codes = [self.kinds.index(kind) for kind in chosen]
            self._masks[chosen] = np.isin(self.kind_codes, codes)
        return self._masks[chosen]

    def rows_of_papers(self, pks: np.ndarray) -> np.ndarray:
        """The living rows (n,) of these papers' texts; papers without one are left out."""
        return _places(*self._by_paper, pks)

    def rows_of_texts(self, text_ids: np.ndarray) -> np.ndarray:
        """The living rows (n,) of these texts."""
        return _places(*self._by_text, text_ids)

    def percentile(self, cosine: float, first: str, second: str) -> float | None:
        """The share of random pairs of these kinds with a smaller cosine, 0 to 100; None when there are no pairs.

        A kind is "paper", "method" or, for a short text, "query".
        """
        background = self.pairs.get("pairs_" + "_".join(sorted((first, second))))
        if background is None or not len(background):
            return None
        return 100.0 * float(np.searchsorted(background, np.float32(cosine))) / len(background)

    def cosine_at(self, percentile: float, first: str, second: str) -> float:
        """The least cosine with so high a percentile; -1 where there are no pairs."""
        background = self.pairs.get("pairs_" + "_".join(sorted((first, second))))
        below = 0 if background is None else math.ceil(percentile / 100 * len(background))
        return float(np.nextafter(background[below - 1], np.float32(2))) if background is not None and below else -1.0

    def kinds_of(self, text_ids: Sequence[int]) -> list[str]:
        """The kinds of texts of this build."""
        codes = self.kind_codes[self.rows_of_texts(np.array(text_ids, dtype=np.int64))]
        return [self.kinds[code] for code in codes.tolist()]

    @cached_property
    def _by_text(self) -> tuple[np.ndarray, np.ndarray]:
        return _sorted(self.text_ids, self.alive)

    @cached_property
    def _by_paper(self) -> tuple[np.ndarray, np.ndarray]:
        return _sorted(self.paper_ids, self.alive & (self.paper_ids > 0))


def deeper(looked_at: int, kept: int, count: int) -> int | None:
    """How far down a ranking to look for `count` texts that a filter keeps, when it kept so many of the first; None
    where that is further than DEEPEST."""
    if not looked_at:
        return min(2 * count, DEEPEST)
    needed = round(1.3 * count * looked_at / max(kept, 1))
    return max(needed, looked_at + count) if needed <= DEEPEST else None


def _sorted(values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of a mask's rows in order, and the rows (int32, as many)."""
    rows = np.flatnonzero(mask).astype(np.int32)
    order = np.argsort(values[rows], kind="stable")
    return values[rows[order]], rows[order]


def _places(values: np.ndarray, rows: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The rows of those of `asked` that are among the sorted values."""
    if not len(values):
        return rows[:0]
    places = np.minimum(np.searchsorted(values, asked), len(values) - 1)
    return rows[places[values[places] == asked]]
