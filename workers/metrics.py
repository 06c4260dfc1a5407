"""Prometheus metrics, read from the database, the broker and the disk when they are asked for.

Nothing is counted in a process: web and workers are several and come and go, the database knows.
"""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version

import django
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from evaluations.models import Run, Worker
from methods.models import Arena, BrokenFile, Method
from papers.models import Paper
from workers.health import Health, health, messages_waiting
from workers.readiness import pending_migrations

FAILURES = ("method", "time", "memory", "lost", "machine")


class Installation(Collector):
    """The state of the whole installation. When the database does not answer, that alone is said."""

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("assay_build", "What runs here.", value=build_info())
        try:
            pending = len(pending_migrations())
            found = [] if pending else [*_state(health()), *_contents()]
        except DatabaseError:
            yield _gauge("assay_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("assay_database_up", "Whether the database answers.", 1)
        yield _gauge("assay_migrations_unapplied", "Migrations of this code that the database does not have.", pending)
        yield from found


@cache
def build_info() -> dict[str, str]:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return {"version": project["version"], "python": platform.python_version(), "django": django.__version__,
            "torch": version("torch"), "database": connection.vendor}


def _state(state: Health) -> Iterator[Metric]:
    now = timezone.now()
    messages = messages_waiting() if state.broker else None
    yield _gauge("assay_broker_up", "Whether the broker answers.", int(state.broker))
    yield _family("assay_queue_messages", "Messages in the broker that no worker has taken.", "queue", messages or {})
    runs = [queue for queue in state.queues if queue.name != "tasks"]
    yield _family("assay_queue_waiting_runs", "Runs that wait.", "queue", {q.name: q.waiting or 0 for q in runs})
    yield _family("assay_queue_running_runs", "Runs under way.", "queue", {q.name: q.running for q in runs})
    yield _family("assay_queue_oldest_seconds", "How long the oldest waiting run has waited.", "queue", {
        q.name: (now - q.oldest).total_seconds() if q.oldest else 0 for q in runs})
    yield _family("assay_queue_workers", "Live workers that listen.", "queue", {
        q.name: len(q.workers) for q in state.queues})
    yield _family("assay_worker_seen_seconds", "How long ago a worker was last heard of.", "worker", {
        worker.name: (now - worker.seen_at).total_seconds() for worker in Worker.objects.all()})
    swept = Worker.objects.aggregate(last=Max("swept_at"))["last"]
    if swept:
        yield _gauge("assay_last_sweep_timestamp_seconds", "When a worker last looked for lost runs.",
                     swept.timestamp())
    if state.index:
        yield _gauge("assay_index_texts", "Texts in the search index.", state.index.get("size") or 0)
        yield _gauge("assay_index_age_seconds", "How long ago the search index was written.",
                     (now - state.index["written_at"]).total_seconds())
    yield _gauge("assay_disk_free_bytes", "Free disk at the data folder.", state.disk_free_gb * 2**30)
    yield _gauge("assay_disk_total_bytes", "Size of the disk of the data folder.", state.disk_total_gb * 2**30)


def _contents() -> Iterator[Metric]:
    states = {state: 0 for state, _ in Run.STATES} | _counts(Run.objects.all(), "state")
    yield _family("assay_runs", "Runs by state.", "state", states)
    failures = dict.fromkeys(FAILURES, 0) | _counts(Run.objects.filter(state=Run.FAILED), "failure")
    yield _family("assay_failed_runs", "Failed runs by whose or what failure it was.", "failure", failures)
    yield _gauge("assay_papers", "Papers.", Paper.objects.count())
    yield _gauge("assay_arenas", "Arenas whose file is there.", Arena.objects.filter(present=True).count())
    yield _gauge("assay_methods", "Methods whose file is there.", Method.objects.filter(present=True).count())
    yield _gauge("assay_broken_files", "Files that are broken and left out.", BrokenFile.objects.count())


def _counts(runs: QuerySet[Run], field: str) -> dict[str, int]:
    return {name or "unknown": count for name, count in
            runs.order_by().values(field).annotate(count=Count("pk")).values_list(field, "count")}


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _family(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for of, value in values.items():
        family.add_metric([of], value)
    return family
