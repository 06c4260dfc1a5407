"""Whether the whole installation can do its work: what /readyz answers."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from papers.models import Vector
from papers.search.encoder import EncoderUnavailable
from workers.health import Health, health

ALWAYS_HEARD = ("cpu", "tasks")  # another queue needs a worker once something waits in it


def readiness() -> dict[str, Any]:
    """`ready`, `missing` in words, and what the status page shows, as far as it can be had. Raises nothing."""
    try:
        pending = pending_migrations()
        if pending:
            return _answer([f"{len(pending)} migrations are not applied ({', '.join(pending)}): run manage.py prepare"])
        state = health()
        return _answer(_missing(state) + _index_missing()) | state.as_dict()
    except DatabaseError as error:
        return _answer([f"the database does not answer: {' '.join(str(error).split())}"])


_complete: frozenset[tuple[str, str]] = frozenset()  # the applied migrations with which nothing was found pending


def pending_migrations() -> list[str]:
    """The migrations of this code that the database does not have. Raises DatabaseError when it does not answer.

    Reading every migration of the code takes long, and a process's code stays the same: it is done anew only when the
    database has others than those with which nothing was pending.
    """
    global _complete
    applied = frozenset(MigrationRecorder(connection).applied_migrations())
    if applied and applied == _complete:
        return []
    executor = MigrationExecutor(connection)
    pending = [f"{migration.app_label}.{migration.name}" for migration, _ in
               executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if not pending:
        _complete = applied
    return pending


def _answer(missing: list[str]) -> dict[str, Any]:
    return {"ready": not missing, "missing": missing}


def _missing(state: Health) -> list[str]:
    missing = [] if state.broker else ["the broker does not answer"]
    return missing + [f"no worker listens to the queue {queue.name}" for queue in state.queues
                      if not queue.workers and (queue.name in ALWAYS_HEARD or queue.waiting)]


def _index_missing() -> list[str]:
    """The index is opened as a search does it, and so rebuilt where it is missing; without a vector none is needed."""
    from papers.search.index import IndexUnavailable, current_index
    try:
        current_index()
    except (IndexUnavailable, EncoderUnavailable) as error:
        return [f"the search index cannot be used: {error}"] if Vector.objects.exists() else []
    return []
