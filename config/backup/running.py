"""Whether the site's services run on this database and data folder: a restore would pull them from under their feet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from evaluations.models import Worker
from evaluations.runs.services import LOST_AFTER
from workers.broker import BrokerError, answers, socket_path


def signs_of_life() -> list[str]:
    """Why it looks as if they run, in words; empty when nothing does."""
    return [*_broker(), *_database_users(), *_workers()]


def _broker() -> Iterator[str]:
    if settings.REDIS_URL:
        return  # a server of its own: that it answers says nothing
    try:
        path = socket_path(settings.EMBEDDED_REDIS_DIR)
    except BrokerError:
        return
    if answers(path):
        yield f"the broker of {settings.DATA_DIR} answers"


def _workers() -> Iterator[str]:
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return  # asking would make the file
    try:
        seen = Worker.objects.filter(seen_at__gte=timezone.now() - LOST_AFTER).order_by("name")
        yield from (f"worker {worker.name} on {worker.host} was heard of at {worker.seen_at:%H:%M:%S} UTC"
                    for worker in seen)
    except DatabaseError:
        return  # an empty or broken database has no workers to ask
    finally:
        connection.close()


def _database_users() -> Iterator[str]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                           "AND backend_type = 'client backend' AND pid <> pg_backend_pid()")
            if others := cursor.fetchone()[0]:
                yield f"{others} other connections to the database are open"
    else:
        path = Path(connection.settings_dict["NAME"]).resolve()
        yield from (f"process {process.pid} ({process.name()}) has {path.name} open" for process in _with_open(path))


def _with_open(path: Path) -> Iterator[psutil.Process]:
    """Processes other than this one that have the file open, as far as this user may see."""
    if not path.exists():
        return
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(Path(file.path) == path for file in process.open_files()):
                yield process
        except psutil.Error:  # it has ended, or is another user's
            continue
