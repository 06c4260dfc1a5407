"""Connections of our own beside Django's default one: to read one moment of a database, or to build a new file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

SNAPSHOT = "backup_snapshot"


@contextlib.contextmanager
def snapshot() -> Iterator[BaseDatabaseWrapper]:
    """The database as it is at one moment, read-only, whatever is written meanwhile; no writer waits for it."""
    described = deepcopy(connections[DEFAULT_DB_ALIAS].settings_dict)
    if described["ENGINE"].endswith("postgresql"):
        from psycopg import IsolationLevel
        described["OPTIONS"] = {**described["OPTIONS"], "isolation_level": IsolationLevel.REPEATABLE_READ}
        first = "SET TRANSACTION READ ONLY"
    else:  # in WAL mode a reader keeps to what was there at its first look
        described["OPTIONS"] = {**described["OPTIONS"], "transaction_mode": "DEFERRED"}
        first = "SELECT count(*) FROM sqlite_master"
    with _opened(SNAPSHOT, described) as connection, transaction.atomic(using=SNAPSHOT):
        with connection.cursor() as cursor:
            cursor.execute(first)
        yield connection


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BaseDatabaseWrapper]:
    """Django's default connection goes to a SQLite file that is being built, where migrations write without asking."""
    described = deepcopy(connections[DEFAULT_DB_ALIAS].settings_dict)
    described["NAME"] = str(path)
    described["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "init_command":
                            "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA cache_size=-64000;"}
    with _opened(DEFAULT_DB_ALIAS, described) as connection:
        yield connection


@contextlib.contextmanager
def _opened(alias: str, described: dict) -> Iterator[BaseDatabaseWrapper]:
    connection = load_backend(described["ENGINE"]).DatabaseWrapper(described, alias)
    before = connections[alias] if alias in connections else None
    connections[alias] = connection
    try:
        yield connection
    finally:
        connection.close()
        if before is None:
            del connections[alias]
        else:
            connections[alias] = before
