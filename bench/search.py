"""A search request against the bare FAISS call, with the papers of the digests and all methods embedded.

The papers are those of ASSAY_DIGESTS, else of `digests` beside a folder `shared` next to the repository; without it
those of the starter digest, and the output says so. Each query goes through every layer in turn: the FAISS call with
the query's vector ready, the encoder, the search service, the page and the API through Django, and the page over HTTP
from the real web server.

    python -m bench.search            a table of medians and their ratios to the FAISS call
    python -m bench.search --json     the same as JSON
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_plus

from bench._history import Figure, note, verdicts

QUERIES = [
    "catastrophic forgetting", "long-tailed recognition", "parameter efficient fine-tuning", "batch normalization",
    "contrastive loss temperature", "scaling laws for data mixtures", "how to adapt to a new domain without labels",
    "speech recognition", '"self-supervised learning" -survey', "optimizer with adaptive step size",
    "low-rank adapters", "prompt", "regulari* for transformers", "zero-shot image classification",
    "which data should I train on first",
    "instruction tuning year:2023", "retrieval of documents for a query", "weather",
]
ROUNDS = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    folder = Path(tempfile.mkdtemp(prefix="assay-b-"))
    os.environ |= {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
                   "ALLOWED_HOSTS": "localhost,127.0.0.1"}
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    try:
        import django
        django.setup()
        loaded = load()
        result = {**loaded, **measure()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures = figures_of(result)
    changes = note("search", figures)
    print(json.dumps(result, indent=1) if as_json else "\n".join([told(result), "", *verdicts(figures, changes)]))
    return 0


def figures_of(result: dict) -> list[Figure]:
    """The service beside its two parts; the layers one by one."""
    layers = result["layers"]
    bare = layers["bare FAISS call"]["median_ms"] + layers["encoding the query"]["median_ms"]
    return [Figure("service / (encoding + bare FAISS call)", layers["search service"]["median_ms"] / bare, "x", 2),
            Figure("page through Django, more than the service", layers["page through Django"]["median_ms"]
                   - layers["search service"]["median_ms"], "ms", 30),
            *(Figure(name, layer["median_ms"], "ms") for name, layer in layers.items())]


def load() -> dict:
    """Store and embed the papers and methods; how many there are."""
    from django.core.management import call_command

    from bench.embedding import papers
    from methods.mirror import sync_methods
    from papers.models import Paper, SearchText
    from papers.search.refresh import embed_texts
    from papers.services import record_search_texts
    call_command("migrate", verbosity=0)
    sync_methods()
    found, source = papers()
    Paper.objects.bulk_create([Paper(title=title, title_key=str(number), abstract=abstract)
                               for number, (title, abstract) in enumerate(found)])
    record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract) for paper in Paper.objects.all()])
    embed_texts()
    return {"papers_of": source, "papers": len(found), "methods": SearchText.objects.filter(kind="method").count()}


def measure() -> dict:
    from django.test import Client

    from bench.pages import request, server
    from papers.search.encoder import encode_query
    from papers.search.fusion import search
    from papers.search.index import current_index
    from workers.broker import embedded_broker

    vectors = {query: encode_query(query)[1][None] for query in QUERIES}
    index, client = current_index().faiss, Client(SERVER_NAME="localhost")
    paths = {query: quote_plus(query) for query in QUERIES}
    with embedded_broker(), server() as (port, _):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        layers: dict[str, Callable[[str], object]] = {
            "bare FAISS call": lambda query: index.search(vectors[query], 20),
            "encoding the query": encode_query,
            "search service": lambda query: search(query, limit=20),
            "API through Django": lambda query: client.get(f"/api/search?q={paths[query]}"),
            "page through Django": lambda query: client.get(f"/search/?q={paths[query]}"),
            "page over HTTP": lambda query: request(connection, f"/search/?q={paths[query]}"),
        }
        milliseconds: dict[str, list[float]] = {name: [] for name in layers}
        for number in range(ROUNDS + 1):
            for query in QUERIES:
                for name, layer in layers.items():
                    before = time.perf_counter()
                    layer(query)
                    if number:  # the first round warms up
                        milliseconds[name].append((time.perf_counter() - before) * 1000)
        connection.close()
    bare = statistics.median(milliseconds["bare FAISS call"])
    return {"queries": len(QUERIES), "rounds": ROUNDS, "load_average": os.getloadavg()[0],
            "cores": len(os.sched_getaffinity(0)), "layers": {name: {
                "median_ms": statistics.median(taken), "p95_ms": statistics.quantiles(taken, n=20)[-1],
                "times_faiss": statistics.median(taken) / bare} for name, taken in milliseconds.items()}}


def told(result: dict) -> str:
    lines = [f"{result['papers']} papers of {result['papers_of']}, {result['methods']} methods, "
             f"{result['cores']} cores, load {result['load_average']:.1f}; "
             f"{result['queries']} queries, {result['rounds']} rounds\n",
             f"{'':<22}{'median':>11}{'95th':>12}{'x FAISS':>11}"]
    lines += [f"{name:<22}{layer['median_ms']:>8.2f} ms{layer['p95_ms']:>9.2f} ms{layer['times_faiss']:>11.1f}"
              for name, layer in result["layers"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
