"""Asks every address of one filled site of bench.pages and prints what was measured as JSON. Started by it."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import threading
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import psutil

from bench.pages import request, server

REQUESTS, CLIENTS, MIXED = 20, 4, 1000
QUERIES = ["gradient descent", "read a csv file", "random forest classifier", '"sparse matrix" -dense', "tokenizer",
           "convert a tensor to another type", "year:2015 optimizer", "http request with retries"]


def main() -> None:
    import django
    django.setup()
    from django.conf import settings
    from django.db import connection

    from workers.broker import embedded_broker
    asked = addresses()
    with embedded_broker():
        files = as_files(asked, Path(settings.STATIC_ROOT) / "bench")
        with server() as (port, _):
            process = worker_of(port)
            start = process.memory_info().rss / 2**20
            pages = {name: ask(port, process, paths) | {"static": ask(port, process, [files[name]])["median"]}
                     for name, paths in asked.items()}
            clients = ask_together(port, [path for paths in asked.values() for path in paths])
        with server() as (port, _):  # anew: memory after 1,000 mixed requests, not after all of the above
            process = worker_of(port)
            mixed(port, [path for paths in asked.values() for path in paths[:3]])
            memory = process.memory_full_info()
    print(json.dumps({"database": connection.vendor, "stored": stored(), "pages": pages, "clients": clients,
                      "start": start, "memory": memory.rss / 2**20, "private": memory.uss / 2**20}))


def stored() -> dict[str, int]:
    from evaluations.models import Run, Score
    from methods.models import Method, PaperLink
    from papers.models import Digest, Paper
    models = {"papers": Paper, "digests": Digest, "links": PaperLink, "methods": Method, "runs": Run, "scores": Score}
    return {name: model.objects.count() for name, model in models.items()}


def addresses() -> dict[str, list[str]]:
    """What is asked, by name; several paths are asked in turn."""
    from django.db.models import Count

    from evaluations.models import Claim, Run
    from methods.models import Arena, Method, PaperLink
    from papers.models import Cluster, Digest, Paper

    def spread(model: Any, count: int = 20) -> list[int]:
        rows, number = model.objects.order_by("pk").values_list("pk", flat=True), model.objects.count()
        return [rows[place * number // count] for place in range(count)]

    cluster = Cluster.objects.annotate(many=Count("papers")).order_by("-many", "pk")[0].pk
    digest = Digest.objects.annotate(many=Count("appearances")).order_by("-many", "pk")[0].pk
    arena = Arena.objects.filter(present=True).annotate(many=Count("methods__runs")).order_by("-many", "pk")[0].pk
    method = Method.objects.filter(arena=arena, present=True).annotate(many=Count("links")).order_by("-many")[0].slug
    implemented = list(PaperLink.objects.filter(kind="implements").order_by("paper").values_list(
        "paper", flat=True).distinct()[:20])
    claims = list(Claim.objects.filter(method__present=True).order_by("pk").values_list("pk", flat=True)[:20])
    papers, runs = spread(Paper), spread(Run)
    searches = [f"/search/?q={quote_plus(query)}" for query in QUERIES]
    last = Paper.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)[Paper.objects.count() * 9 // 10]
    return {
        "home": ["/"], "papers": ["/papers/"], "papers page 100": ["/papers/?page=100"],
        "papers, far down": [f"/papers/?after={last}"], "papers by year": ["/papers/?sort=year"],
        "papers by title": ["/papers/?sort=title&page=50"],
        "papers ?q=": [f"/papers/?q={word}" for word in ("transformer", "gradient+descent", "function")],
        "papers ?link=related": ["/papers/?link=related"], "papers ?link=implements": ["/papers/?link=implements"],
        "papers ?link=none": ["/papers/?link=none"], "papers ?verdict=": ["/papers/?verdict=confirmed"],
        "papers ?year=": ["/papers/?year=2015"], "papers ?cluster=": [f"/papers/?cluster={cluster}"],
        "papers ?digest=": [f"/papers/?digest={digest}"], "feed of papers": ["/papers/feed.atom"],
        "paper": [f"/papers/{pk}/" for pk in papers], "paper (implemented)": [f"/papers/{pk}/" for pk in implemented],
        "similar papers": [f"/papers/{pk}/similar/" for pk in papers], "search": searches,
        "search kind:method": [f"{path}&kind=method" for path in searches],
        "search link:implements": [f"{path}&link=implements" for path in searches],
        "search link:related": [f"{path}&link=related" for path in searches],
        "search cluster:": [f"{path}&cluster={cluster}" for path in searches],
        "clusters": ["/clusters/"], "one cluster": [f"/clusters/{cluster}/"], "digests": ["/digests/"],
        "largest digest": [f"/digests/{digest}/"], "its page 50": [f"/digests/{digest}/?page=50"],
        "digest progress": [f"/digests/{digest}/progress/"], "methods": ["/methods/"],
        "method": [f"/methods/{arena}/{method}/"], "arenas": ["/arenas/"], "arena": [f"/arenas/{arena}/"],
        "arena, settings": [f"/arenas/{arena}/?view=settings"], "statistics": [f"/arenas/{arena}/statistics/"],
        "compare": ["/compare/"], "claims": ["/claims/"], "claims ?q=": ["/claims/?q=adam"],
        "claim": [f"/claims/{pk}/" for pk in claims], "open questions": ["/claims/open/"],
        "verdict feed": ["/claims/feed/"], "runs": ["/runs/"], "runs page 20": ["/runs/?page=20"],
        "run": [f"/runs/{pk}/" for pk in runs], "status": ["/status/"], "health": ["/healthz"],
        "API papers": ["/api/papers"], "API papers, far down": [f"/api/papers?after={last}"],
        "API papers link=": ["/api/papers?link=related"], "API paper": [f"/api/papers/{pk}" for pk in papers],
        "API search": [path.replace("/search/", "/api/search") for path in searches],
        "API clusters": ["/api/clusters"], "API cluster": [f"/api/clusters/{cluster}"],
        "API digests": ["/api/digests"], "API one digest": [f"/api/digests/{digest}"], "API methods": ["/api/methods"],
        "API method": [f"/api/methods/{arena}/{method}"], "API arenas": ["/api/arenas"],
        "API runs": ["/api/runs"], "API ledger": ["/api/ledger?limit=100"], "API open": ["/api/ledger/open"],
        "API claims": ["/api/claims"], "API coverage": ["/api/coverage"], "API compare": ["/api/compare"],
        "API statistics": [f"/api/arenas/{arena}/statistics"],
        "table as JSON": [f"/api/arenas/{arena}/table?format=json"],
        "table as CSV": [f"/api/arenas/{arena}/table?format=csv"],
    }


def as_files(asked: dict[str, list[str]], folder: Path) -> dict[str, str]:
    """The first answer of each as a static file; the addresses of these."""
    from django.test import Client
    folder.mkdir(parents=True, exist_ok=True)
    client, files = Client(headers={"host": "localhost"}), {}
    for number, (name, paths) in enumerate(asked.items()):
        (folder / f"{number}.html").write_bytes(b"".join(client.get(paths[0])))
        files[name] = f"/static/bench/{number}.html"
    return files


def worker_of(port: int) -> psutil.Process:
    """The process that answers, a child of the one that listens."""
    master = next(process for process in psutil.Process(os.getpid()).children(recursive=True)
                  if any(f"127.0.0.1:{port}" in word for word in process.cmdline()))
    return next(iter(master.children()), master)


def ask(port: int, process: psutil.Process, paths: list[str]) -> dict[str, float]:
    """Milliseconds of wall clock and of the process, and the size of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    before = time.perf_counter()
    size = request(connection, paths[0])
    first = (time.perf_counter() - before) * 1000
    times, spent = [], sum(process.cpu_times()[:2])
    for path in islice(cycle(paths), REQUESTS):
        before = time.perf_counter()
        size = request(connection, path)
        times.append((time.perf_counter() - before) * 1000)
    spent = sum(process.cpu_times()[:2]) - spent
    connection.close()
    return {"first": first, "median": statistics.median(times), "p95": p95(times), "cpu": spent * 1000 / REQUESTS,
            "bytes": size}


def ask_together(port: int, paths: list[str]) -> dict[str, float]:
    """CLIENTS at once, each with all the paths, beginning at another one."""
    times: list[float] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        begin = number * len(paths) // CLIENTS
        for path in [*paths[begin:], *paths[:begin]]:
            before = time.perf_counter()
            request(connection, path)
            times.append((time.perf_counter() - before) * 1000)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"median": statistics.median(times), "p95": p95(times), "requests": len(times)}


def mixed(port: int, paths: list[str]) -> None:
    """MIXED requests by CLIENTS at once."""
    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for place in range(MIXED // CLIENTS):
            request(connection, paths[(number * len(paths) // CLIENTS + place) % len(paths)])

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


if __name__ == "__main__":
    main()
