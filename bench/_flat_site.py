"""One size of bench.flat: fill the data folder, measure, print JSON. Started by it in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
from urllib.parse import quote_plus

import numpy as np

from bench import _corpus
from bench.flat import ARENAS, METHODS, MORE, QUERIES, REQUESTS, SEEDS, ask, cpu

CHUNK = 2_000


def main(count: int) -> None:
    import django
    django.setup()
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    work: dict[str, float] = {}

    def timed(name: str, act):
        before = cpu()
        result = act()
        work[name] = cpu() - before
        return result

    from methods.linking import refresh_links
    from papers.search.clustering import update_clusters
    from papers.search.export import text_encoder
    from papers.search.index import rebuild_index
    from papers.search.places import refresh_places
    model = text_encoder().model_id
    add_drawn_arenas()
    texts, vectors = _corpus.texts(count + MORE), _corpus.vectors(count + MORE)
    timed("store all", lambda: store(texts[:count], vectors[:count], model, 0))
    timed("index all", rebuild_index)
    timed("cluster all", update_clusters)
    timed("map", refresh_places)
    timed("link all", refresh_links)
    timed("index, nothing new", rebuild_index)
    timed("clusters, nothing new", update_clusters)
    timed("map, nothing new", refresh_places)
    timed("links, nothing new", refresh_links)
    timed(f"store {MORE} more", lambda: store(texts[count:], vectors[count:], model, count))
    timed(f"index {MORE} more", rebuild_index)
    timed(f"cluster {MORE} more", update_clusters)
    timed(f"map {MORE} more", refresh_places)
    timed(f"link {MORE} more", refresh_links)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pages, facts = ask_pages(count)
    print(json.dumps({"work": work, "pages": pages, "facts": {"peak MB of the background work": peak, **facts}}))


def add_drawn_arenas() -> None:
    """Arenas, methods and scores that mean nothing, with words of their own."""
    from django.utils import timezone

    from evaluations.models import Run, Score
    from methods.mirror import sync_methods
    from methods.models import Arena, Method
    from papers.search.refresh import embed_texts
    from papers.search_texts import record_search_texts
    sync_methods()
    generator = np.random.default_rng(0)
    words = iter(_corpus.texts(ARENAS * METHODS))
    for number in range(ARENAS):
        arena = Arena.objects.filter(present=True).first()
        arena.pk, arena.title = f"drawn-{number}", f"Drawn scores {number}"
        arena.save(force_insert=True)
        methods = Method.objects.bulk_create([
            Method(arena=arena, slug=f"method-{i}", title=f"Method {number}-{i}", summary=next(words)[1][:300],
                   explanation="", source_path="", source_code="", code_digest=f"{number}-{i}")
            for i in range(METHODS)])
        runs = Run.objects.bulk_create([
            Run(method=method, seed=seed, state=Run.DONE, code_digest=method.code_digest,
                seconds=1 + generator.random(), peak_memory_mb=500, counts={"parameters": 1000, "gradients": 100},
                finished_at=timezone.now(), environment={"processor": "none"})
            for method in methods for seed in range(SEEDS)], batch_size=500)
        Score.objects.bulk_create([
            Score(run=run, metric=metric["name"], value=generator.normal(i // SEEDS))
            for i, run in enumerate(runs) for metric in arena.metrics[:4]], batch_size=5000)
        record_search_texts([("method", method.key, method.title, method.summary) for method in methods])
    embed_texts()


def store(texts: list[tuple[str, str]], vectors: np.ndarray, model: str, first: int) -> None:
    """A digest of these papers with their vectors, as import and embedding leave them."""
    from papers.models import Appearance, Digest, Paper, SearchText
    from papers.search.embedding import _store
    from papers.search_texts import record_search_texts
    digest = Digest.objects.create(sha256=f"{first:064d}", name=f"texts from {first}", format="JSONL")
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start:start + CHUNK]
        papers = Paper.objects.bulk_create([
            Paper(title=title, title_key=title.lower()[:400], abstract=abstract, year=1990 + (first + start + i) % 36,
                  authors=[f"Author {(first + start + i) % 997}"])
            for i, (title, abstract) in enumerate(chunk)])
        Appearance.objects.bulk_create([Appearance(digest=digest, paper=paper, position=start + i + 1)
                                        for i, paper in enumerate(papers)])
        record_search_texts([("paper", str(paper.pk), paper.title, paper.abstract) for paper in papers])
        rows = list(SearchText.objects.filter(paper__in=papers).order_by("paper"))
        _store(rows, vectors[start:start + len(chunk)], model)


def ask_pages(count: int) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    import psutil
    from django.db.models import Count

    from bench.pages import server
    from evaluations.models import Run
    from papers.models import Cluster, Digest, Paper
    from workers.broker import embedded_broker
    cluster = Cluster.objects.annotate(many=Count("papers")).order_by("-many").first()
    digest = Digest.objects.annotate(many=Count("appearances")).order_by("-many").first()
    papers = list(Paper.objects.order_by("?").values_list("pk", flat=True)[:REQUESTS])
    runs = list(Run.objects.order_by("?").values_list("pk", flat=True)[:REQUESTS])
    searches = [f"/search/?q={quote_plus(query)}" for query in QUERIES]
    addresses: dict[str, list[str]] = {
        "home": ["/"], "papers": ["/papers/"], "papers, page 100": ["/papers/?page=100"],
        "papers, last page": [f"/papers/?page={count // 50}"], "papers with words": ["/papers/?q=gradient+descent"],
        "papers, related only": ["/papers/?link=related"], "a paper": [f"/papers/{pk}/" for pk in papers],
        "similar to a paper": [f"/papers/{pk}/similar/" for pk in papers], "search": searches,
        "search, methods only": [f"{path}&kind=method" for path in searches],
        "search, related papers only": [f"{path}&link=related" for path in searches],
        "search, one cluster": [f"{path}&cluster={cluster.pk}" for path in searches],
        "clusters": ["/clusters/"], "the largest cluster": [f"/clusters/{cluster.pk}/"], "digests": ["/digests/"],
        "the largest digest": [f"/digests/{digest.pk}/"],
        "its progress, as polled": [f"/digests/{digest.pk}/progress/"], "methods": ["/methods/"],
        "a method": ["/methods/drawn-3/method-7/"], "arenas": ["/arenas/"], "an arena": ["/arenas/drawn-3/"],
        "its statistics": ["/arenas/drawn-3/statistics/"], "compare": ["/compare/"], "claims": ["/claims/"],
        "open questions": ["/claims/open/"], "runs": ["/runs/"], "runs, page 20": ["/runs/?page=20"],
        "a run": [f"/runs/{pk}/" for pk in runs], "status": ["/status/"], "API: papers": ["/api/papers?limit=100"],
        "API: search": [path.replace("/search/", "/api/search") for path in searches],
        "API: the largest digest": [f"/api/digests/{digest.pk}"], "API: coverage": ["/api/coverage"]}
    with embedded_broker(), server() as (port, started):
        master = next(connection.pid for connection in psutil.net_connections("tcp")
                      if connection.laddr and connection.laddr.port == port and connection.status == "LISTEN")
        web = psutil.Process(master)
        family = [web, *web.children()]
        before = max(process.memory_info().rss for process in family) / 2**20
        pages = {name: ask(port, paths, REQUESTS) for name, paths in addresses.items()}
        everything = [path for paths in addresses.values() for path in paths]
        for _ in range(1000 // len(everything) + 1):
            ask(port, everything, 2)
        after = max(process.memory_info().rss for process in [web, *web.children()]) / 2**20
    return pages, {"web MB at start": before, "web MB after 1,000 more requests": after, "seconds to start": started}


if __name__ == "__main__":
    main(int(sys.argv[1]))
