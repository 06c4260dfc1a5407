"""Filling an empty database from a backup."""

from __future__ import annotations

from django.core.management.color import no_style
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from config.backup import schema
from config.backup.archive import BackupError, Reader
from config.backup.contents import CHUNK, RowReader, kept_models, label_of
from config.backup.progress import Progress


def fill(connection: BaseDatabaseWrapper, backup: Reader, progress: Progress) -> list[str]:
    """Make the tables as the backup knew them, fill them, and bring them up to this code.

    Returns remarks for the person. Raises BackupError naming table and row.
    """
    migrations: schema.Migrations = backup.manifest["migrations"]
    schema.migrate(connection, migrations)
    kept = {f"tables/{label_of(model)}.jsonl": model for model in kept_models(schema.models_at(migrations))}
    told = backup.named("tables")
    if unknown := sorted(told.keys() - kept.keys()):
        raise BackupError(f"{backup.path} has {', '.join(unknown)}, which its migrations do not know.")
    total, done, changed = sum(facts["pieces"] for facts in told.values()), 0, 0
    with transaction.atomic(using=connection.alias):
        connection.check_constraints()  # on PostgreSQL puts off those that a migration in this transaction made strict
        for name, facts in told.items():
            reader = RowReader(kept[name], facts["fields"], connection)
            done = _load(connection, backup, name, reader, progress, done, total)
            changed += reader.changed
        _reset_sequences(connection, list(kept.values()))
        try:
            connection.check_constraints()
        except DatabaseError as error:
            raise BackupError(f"{backup.path}: its rows do not fit together: {error}") from error
    _compare_counts(connection, told, kept)
    schema.migrate(connection, None)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)  # permissions of newer models
    return [f"{changed} rows had a NUL character in a text, which PostgreSQL cannot keep; it was left out"] \
        if changed else []


def _load(connection: BaseDatabaseWrapper, backup: Reader, name: str, reader: RowReader, progress: Progress,
          done: int, total: int) -> int:
    batch: list[list] = []

    def store() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.executemany(reader.insert, batch)
        except DatabaseError as error:
            raise BackupError(f"{backup.path}: {name}, rows up to {line}: the database refuses them: "
                              f"{error}") from error
        batch.clear()

    line = 0
    for line, text in enumerate(backup.lines(name), 1):
        try:
            batch.append(reader.row(text))
        except Exception as error:  # whatever a field says of a value it cannot read
            raise BackupError(f"{backup.path}: {name}, row {line} cannot be read: {error}") from error
        if len(batch) >= CHUNK:
            store()
            progress.tell("restoring rows", done + line, total)
    if batch:
        store()
    return done + line


def _reset_sequences(connection: BaseDatabaseWrapper, kept: list[type[models.Model]]) -> None:
    """So that the next new row gets a number of its own. SQLite sees to that itself."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), kept):
            cursor.execute(statement)


def _compare_counts(connection: BaseDatabaseWrapper, told: dict, kept: dict[str, type[models.Model]]) -> None:
    for name, facts in told.items():
        there = kept[name]._base_manager.using(connection.alias).count()
        if there != facts["pieces"]:
            raise BackupError(f"{name}: {there} rows arrived instead of {facts['pieces']}")
