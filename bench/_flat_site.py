"""One size of bench.flat: fill a data folder with papers and methods, then measure in a process of its own.

    python -m bench._flat_site fill 10000       texts, vectors and methods, nothing computed from them yet
    python -m bench._flat_site compute          index, clusters, map, links and questions of all papers, as JSON
    python -m bench._flat_site add 100          the same with so many papers more
    python -m bench._flat_site search           the search service beside its two parts
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from bench import _corpus

METHODS = 1_000
CHUNK = 2_000
ROUNDS = 5
QUERIES = ["gradient descent", "read a csv file", "random forest classifier", "tokenizer", "http request with retries",
           "convert a tensor to another type", "how to find the nearest neighbours of a point quickly"]
LONG = " ".join(["Fit a linear model with coefficients that minimise the residual sum of squares between the observed "
                 "targets in the dataset and the targets predicted by the linear approximation"] * 4)

Result = TypeVar("Result")


def fill(count: int) -> None:
    """The papers, a thousand methods, and all their vectors, as import and embedding leave them."""
    from django.core.management import call_command

    from papers.search.export import text_encoder
    call_command("migrate", verbosity=0)
    call_command("sync_methods", verbosity=0)
    add_methods()
    store(_corpus.texts(count), _corpus.vectors(count), text_encoder().model_id)
    embed_rest()


def add_methods() -> None:
    """Methods up to a thousand, with words of their own; they measure nothing."""
    from methods.models import Arena, Method
    from papers.search_texts import record_search_texts
    arena = Arena.objects.filter(present=True).first()
    missing = METHODS - Method.objects.filter(present=True).count()
    if missing <= 0 or arena is None:
        return
    arena.pk, arena.title = "drawn", "Drawn methods"
    arena.save(force_insert=True)
    words = _corpus.texts(missing)
    methods = Method.objects.bulk_create([
        Method(arena=arena, slug=f"method-{i}", title=f"Method {i}", summary=words[i][1][:300], explanation="",
               source_path="", source_code="", code_digest=str(i)) for i in range(missing)])
    record_search_texts([("method", method.key, method.title, method.summary) for method in methods])


def embed_rest() -> None:
    """Vectors of the methods' texts, without index and clusters."""
    from papers.search.embedding import embed_pending
    from papers.search.export import text_encoder
    embed_pending(text_encoder())


def store(texts: list[tuple[str, str]], vectors: np.ndarray, model: str) -> None:
    """A digest of these papers with their vectors."""
    from papers.models import Appearance, Digest, Paper, SearchText
    from papers.search.embedding import _store
    from papers.search_texts import record_search_texts, search_row
    digest = Digest.objects.create(sha256=f"{0:064d}", name="texts", format="JSONL", listed=len(texts))
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start:start + CHUNK]
        papers = Paper.objects.bulk_create([
            Paper(title=title, title_key=title.lower()[:400], abstract=abstract, year=1990 + (start + i) % 36,
                  authors=[f"Author {(start + i) % 997} Family{(start + i) % 89}"])
            for i, (title, abstract) in enumerate(chunk)])
        Appearance.objects.bulk_create([Appearance(digest=digest, paper=paper, position=start + i + 1)
                                        for i, paper in enumerate(papers)])
        record_search_texts(search_row(paper) for paper in papers)
        rows = list(SearchText.objects.filter(paper__in=papers).order_by("paper_id"))
        _store(rows, vectors[start:start + len(chunk)], model)


class Work:
    """Processor seconds by name, and the longest that each step held the database's write lock at a time."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.locks: dict[str, float] = {}

    def timed(self, name: str, act: Callable[[], Result]) -> Result:
        with watched_lock() as held:
            before = time.process_time()
            result = act()
            self.seconds[name] = time.process_time() - before
        self.locks[name] = max(held, default=0.0)
        return result

    def told(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"seconds": self.seconds, "locks": self.locks, "peak_mb": peak}


@contextmanager
def watched_lock() -> Iterator[list[float]]:
    """Yields the milliseconds of processor time of each transaction of this thread, which holds SQLite's write lock
    from its beginning to its end."""
    from django.db import connection
    held: list[float] = []
    began = [0.0]
    connection.ensure_connection()
    begin, commit = connection._start_transaction_under_autocommit, connection._commit

    def beginning() -> None:
        begin()
        began[0] = time.thread_time()

    def committing() -> None:
        commit()
        held.append((time.thread_time() - began[0]) * 1000)

    connection._start_transaction_under_autocommit, connection._commit = beginning, committing
    try:
        yield held
    finally:
        connection._start_transaction_under_autocommit, connection._commit = begin, commit


def compute() -> dict[str, Any]:
    """Everything that hangs on the vectors, for all papers, and again with nothing new."""
    from evaluations.reported.services import read_new_abstracts
    from methods.linking import refresh_links
    from papers.identity.questions import find_duplicates
    from papers.search.clustering import update_clusters
    from papers.search.index import rebuild_index
    from papers.search.places import refresh_places
    steps: dict[str, Callable[[], Any]] = {
        "index": rebuild_index, "clusters": update_clusters, "map": refresh_places, "links": refresh_links,
        "near titles": find_duplicates}
    work = Work()
    for name, step in steps.items():
        work.timed(name, step)
    already_read()
    steps["abstracts"] = read_new_abstracts
    for name, step in steps.items():
        work.timed(f"{name}, nothing new", step)
    return work.told()


def already_read() -> None:
    """All abstracts count as read: extracting numbers costs the same for every paper."""
    from django.utils import timezone

    from evaluations.models import ReportedReading
    from evaluations.reported.services import rules_digest
    from papers.models import Paper
    pks = Paper.objects.values_list("pk", flat=True)
    ReportedReading.objects.bulk_create([
        ReportedReading(paper_id=pk, text_hash="", rules=rules_digest(), read_at=timezone.now()) for pk in pks],
        batch_size=CHUNK)


def add(count: int) -> dict[str, Any]:
    """Import so many papers more and do what follows, step by step; encoding is counted apart."""
    from evaluations.reported.services import read_new_abstracts
    from methods.linking import refresh_links
    from papers.identity.questions import find_duplicates
    from papers.models import Paper
    from papers.search.clustering import update_clusters
    from papers.search.embedding import embed_pending
    from papers.search.export import text_encoder
    from papers.search.index import rebuild_index
    from papers.search.places import refresh_places
    from papers.services import import_digest
    number = Paper.objects.count()
    records = [{"title": f"{title}, number {number + i}", "abstract": abstract, "year": 2024}
               for i, (title, abstract) in enumerate(_corpus.texts(count))]
    data = "\n".join(map(json.dumps, records)).encode()
    encoder = text_encoder()
    encoder.encode(["warm"])
    work = Work()
    work.timed("import", lambda: import_digest(name="more.jsonl", data=data))
    encoding = []
    plain = encoder.encode

    def counted(texts, progress=None):
        before = time.process_time()
        vectors = plain(texts, progress)
        encoding.append(time.process_time() - before)
        return vectors

    encoder.encode = counted  # type: ignore[method-assign]  # the encoder's own part is told apart
    for name, step in {"embed": lambda: embed_pending(encoder), "index": rebuild_index, "clusters": update_clusters,
                       "map": refresh_places, "links": refresh_links, "near titles": find_duplicates,
                       "abstracts": read_new_abstracts}.items():
        work.timed(name, step)
    work.seconds["embed"] -= sum(encoding)
    return {**work.told(), "encoding": sum(encoding)}


def search() -> dict[str, Any]:
    """Milliseconds of processor time: encoding and the bare FAISS call, and the service with and without filters."""
    import faiss
    from django.db.models import Count

    from papers.models import Cluster
    from papers.search.encoder import encode_query
    from papers.search.fusion import search as service
    from papers.search.index import current_index
    from papers.search.parsing import parse_query
    index = current_index()
    bare = faiss.SearchParametersIVF(nprobe=index.manifest["probes"]) if index.coded else None  # the same lists
    cluster = Cluster.objects.annotate(many=Count("papers")).order_by("-many").first()
    fields = {"words": "", "methods only": " kind:method", "related papers": " link:related", "one year": " year:2003",
              "ten years": " year:2000-2009", "one cluster": f" cluster:{cluster.pk if cluster else 0}",
              "without a word": " -matrix", "with a phrase": ' "the data"'}
    asked = {name: [query + field for query in QUERIES] for name, field in fields.items()} | {"long text": [LONG] * 7}
    rows: dict[str, dict[str, float]] = {}
    for name, queries in asked.items():
        texts = [parse_query(query).text for query in queries]
        vectors = [encode_query(text)[1] for text in texts]
        for query in queries:  # a first turn that is not counted
            service(query)
        times: dict[str, list[float]] = {"encode": [], "faiss": [], "service": []}
        for _ in range(ROUNDS):
            for query, text, vector in zip(queries, texts, vectors, strict=True):
                for part, act in (("encode", lambda text=text: encode_query(text)),
                                  ("faiss", lambda vector=vector: index.faiss.search(vector[None], 20, params=bare)),
                                  ("service", lambda query=query: service(query, limit=20))):
                    before = time.process_time()
                    act()
                    times[part].append((time.process_time() - before) * 1000)
        rows[name] = {part: statistics.median(taken) for part, taken in times.items()}
        rows[name]["p95"] = statistics.quantiles(times["service"], n=20)[-1]
    return {"rows": rows, "index": {key: value for key, value in index.manifest.items() if key != "revision"}}


if __name__ == "__main__":
    import django
    django.setup()
    parts: dict[str, Callable[..., Any]] = {"fill": fill, "compute": compute, "add": add, "search": search}
    print(json.dumps(parts[sys.argv[1]](*map(int, sys.argv[2:])) or {}))
