"""A million vectors under the product's own index: how much of an exact search it finds, how large and how quick it is.

Texts are what the installed packages say of themselves, or the papers of a file; some thousands are really encoded, the
rest of the million are perturbed copies. Asked are titles of texts that are not among the million in any form. The
index is made and grown by the product from vectors in its database, in a folder of its own (2 GB); times are processor
time.

    python -m bench.million                                       a quarter of an hour of one core
    python -m bench.million --vectors 200000
    python -m bench.million --texts papers.jsonl --encoded 20000  lines of [title, abstract], beside the kept vectors
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench import _corpus
from bench._history import Figure, note, verdicts

ASKED = 400  # unseen titles
MORE = 100  # vectors added to the full index
NEAREST = 10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--texts", type=Path, help="JSON lines [title, abstract] in place of the packages' texts")
    parser.add_argument("--encoded", type=int, default=_corpus.ENCODED, help="how many of them are really encoded")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="assay-b-"))
    os.environ |= {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        import django
        django.setup()
        result = measure(options.vectors, *real(options.texts, options.encoded))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures = figures_of(options.vectors, options.texts, result)
    changes = note("million", figures)
    print(json.dumps(result, indent=1) if options.json else "\n".join(
        [f"{options.vectors:,} vectors, {options.encoded:,} of them of real texts; {result['manifest']['index']}, "
         f"{result['manifest'].get('probes')} lists visited; load {os.getloadavg()[0]:.1f}\n",
         *verdicts(figures, changes)]))
    return 0


def real(file: Path | None, count: int) -> tuple[np.ndarray, list[str], list[str]]:
    """Vectors (count, dimension) of texts, their titles, and ASKED titles of others."""
    from django.core.management import call_command

    from papers.search.export import text_encoder
    call_command("migrate", verbosity=0)
    if file is None:
        pairs = _corpus.texts(count + ASKED)
        return _corpus.vectors(count), [title for title, _ in pairs[:count]], [title for title, _ in pairs[count:]]
    with file.open() as lines:
        pairs = [json.loads(line) for line, _ in zip(lines, range(count + ASKED), strict=False)]
    kept = file.with_suffix(f".{count}.npy")
    if not kept.exists():
        np.save(kept, text_encoder().encode([f"{title}\n\n{abstract}" for title, abstract in pairs[ASKED:]]))
    return np.load(kept), [title for title, _ in pairs[ASKED:]], [title for title, _ in pairs[:ASKED]]


def measure(count: int, vectors: np.ndarray, titles: list[str], asked: list[str]) -> dict[str, Any]:
    from papers.models import Paper
    from papers.search.encoder import encode_query
    from papers.search.export import text_encoder
    from papers.search.index import current_index, rebuild_index
    from papers.search.narrowing import Narrowing
    encoder = text_encoder()
    queries = np.stack([encode_query(title)[1] for title in asked])
    best = Exact(queries)
    for first in range(0, count, len(vectors)):
        piece = perturbed(vectors, first)[:count - first]
        store(first, titles[:len(piece)], piece, encoder.model_id, count)
        best.take(first, piece)
    print(f"{count:,} vectors are stored", file=sys.stderr, flush=True)
    before = time.process_time()
    manifest = rebuild_index()
    building = time.process_time() - before
    print(f"built: {json.dumps(manifest)}", file=sys.stderr, flush=True)
    store(count, titles[:MORE], perturbed(vectors[:MORE], count), encoder.model_id, count)
    best.take(count, perturbed(vectors[:MORE], count))
    before = time.process_time()
    grown = rebuild_index()
    growing = time.process_time() - before
    index = current_index()
    numbers = {int(text_id): number for number, text_id in enumerate(np.sort(index.text_ids))}
    shares, times = [], []
    for query, exact in zip(queries, best.rows, strict=True):
        before = time.process_time()
        found = index.search(query, NEAREST)
        times.append((time.process_time() - before) * 1000)
        shares.append(len({numbers[text_id] for text_id, _ in found} & set(exact.tolist())) / NEAREST)
    quarter = Narrowing(Paper.objects.filter(year=0))
    one_in_four = []
    for query in queries:
        before = time.process_time()
        index.search(query, NEAREST, texts=quarter)
        one_in_four.append((time.process_time() - before) * 1000)
    mask = np.zeros(len(index.text_ids), dtype=bool)
    mask[::4] = True
    masked = []
    for query in queries:
        before = time.process_time()
        index._nearest(query, NEAREST, mask)  # what a filter whose rows are known costs
        masked.append((time.process_time() - before) * 1000)
    return {"manifest": grown, "recall": float(np.mean(shares)), "self_test": manifest["recall"],
            "building": building, "growing": growing, "search": statistics.median(times),
            "search_p95": statistics.quantiles(times, n=20)[-1], "quarter": statistics.median(one_in_four),
            "quarter_p95": statistics.quantiles(one_in_four, n=20)[-1], "masked": statistics.median(masked),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


class Exact:
    """The nearest rows of each query among all that have passed by, by plain products."""

    def __init__(self, queries: np.ndarray) -> None:
        self.queries = queries
        self.rows = np.zeros((len(queries), 0), dtype=np.int64)
        self.cosines = np.zeros((len(queries), 0), dtype=np.float32)

    def take(self, first: int, vectors: np.ndarray) -> None:
        cosines = self.queries @ vectors.T
        best = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        self.rows = np.hstack([self.rows, best + first])
        self.cosines = np.hstack([self.cosines, np.take_along_axis(cosines, best, axis=1)])
        order = np.argsort(-self.cosines, axis=1)[:, :NEAREST]
        self.rows = np.take_along_axis(self.rows, order, axis=1)
        self.cosines = np.take_along_axis(self.cosines, order, axis=1)


def perturbed(vectors: np.ndarray, first: int) -> np.ndarray:
    """Copies of unit vectors, the same on every call; the vectors themselves for the first."""
    if not first:
        return vectors
    noise = np.random.default_rng(first).standard_normal(vectors.shape, dtype=np.float32)
    moved = vectors + noise * (_corpus.SPREAD / np.sqrt(vectors.shape[1]))
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def store(first: int, titles: list[str], vectors: np.ndarray, model: str, full: int) -> None:
    """Papers with their texts (titles alone) and vectors, as plain rows: a million objects would take their time."""
    from django.db import connection, transaction
    from django.utils import timezone

    from papers.models import Paper, Revision
    now = timezone.now() - timedelta(days=0 if first >= full else 1)  # embedding so many takes hours
    papers = [Paper(title=f"{title}, number {first + i}", title_key=f"{first + i}", year=(first + i) % 4)
              for i, title in enumerate(titles)]
    with transaction.atomic():
        made = Paper.objects.bulk_create(papers, batch_size=5_000)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO papers_searchtext (kind, key, paper_id, title, body, authors, ids, text_hash, "
                "embedded_by) VALUES ('paper', %s, %s, %s, '', '', '', '', %s)",
                [(str(paper.pk), paper.pk, paper.title, model) for paper in made])
            cursor.execute("SELECT id FROM papers_searchtext ORDER BY id DESC LIMIT %s", [len(made)])
            texts = sorted(pk for pk, in cursor.fetchall())
            cursor.executemany(
                "INSERT INTO papers_vector (text_id, model_id, text_hash, dimension, \"values\", created_at) "
                "VALUES (%s, %s, '', %s, %s, %s)",
                [(text, model, vectors.shape[1], vector.astype("<f4").tobytes(), now)
                 for text, vector in zip(texts, vectors, strict=True)])
        Revision.grow(Revision.VECTORS)


def figures_of(count: int, texts: Path | None, result: dict[str, Any]) -> list[Figure]:
    size = f"{count:,} vectors{' of papers' if texts else ''}"
    manifest = result["manifest"]
    return [
        Figure(f"{size}: recall@10, {ASKED} unseen titles", result["recall"], "", 0.98, more_is_better=True,
               detail=f"the build's own test says {result['self_test']:.3f}" if result["self_test"] else ""),
        Figure(f"{size}: index with its ids", manifest["megabytes"], "MB", 500),
        Figure(f"{size}: search", result["search"], "ms", detail=f"p95 {result['search_p95']:.2f}"),
        Figure(f"{size}: search among a quarter", result["quarter"], "ms", 10, f"p95 {result['quarter_p95']:.2f}"),
        Figure(f"{size}: search among a quarter whose rows are known", result["masked"], "ms", 10),
        Figure(f"{size}: building", result["building"], "s"),
        Figure(f"{size}: growing by {MORE}", result["growing"], "s", 5),
        Figure(f"{size}: peak memory", result["peak_mb"], "MB")]


if __name__ == "__main__":
    sys.exit(main())
