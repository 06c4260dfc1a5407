"""Putting a backup in place of what is there: all of it or nothing, and what was there is kept aside."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from config.backup import connection as connections
from config.backup import schema, space
from config.backup.archive import BackupError, Reader
from config.backup.contents import STORES
from config.backup.loading import fill
from config.backup.progress import Progress
from config.backup.running import signs_of_life
from config.backup.taking import generated_key, key_mark, stamp
from papers.search.vectors import index_dir

LOCK_SECONDS = 20  # how long PostgreSQL waits for the tables before it gives up


@dataclass(frozen=True)
class Restored:
    """What came back, where the former database is, and what the person should know."""

    rows: int
    tables: int
    files: int
    aside: str
    remarks: list[str]


def check_backup(path: Path, progress: Progress) -> Reader:
    """The backup, read once to its end. Raises BackupError when it is damaged or of a newer version."""
    backup = Reader(path)
    schema.refuse_unknown(backup.manifest["migrations"], str(path))
    stores = {store.name for store in STORES}
    if unknown := sorted({name.split("/")[1] for name in backup.named("files")} - stores):
        raise BackupError(f"{path} has files of {', '.join(unknown)}, which this code does not know. "
                          "Update the code first. Nothing was changed.")
    backup.verify(progress)
    return backup


def restore_backup(path: Path, *, while_running: bool = False, progress: Progress) -> Restored:
    """Replace the database by the backup's and bring back the kept files. Safe to repeat. Raises BackupError."""
    alive = [] if while_running else signs_of_life()
    if alive:
        raise BackupError("the site runs: " + "; ".join(alive) + ". Stop it first (Ctrl-C, or docker compose stop), "
                          "or say --while-running. Nothing was changed.")
    backup = check_backup(path, progress)
    told = backup.named("tables")
    with contextlib.closing(backup):
        try:
            place = _postgresql if connection.vendor == "postgresql" else _sqlite
            with place(backup, progress) as (remarks, aside):
                _bring_files(backup, progress)  # before the rows that speak of them
        except (DatabaseError, OSError) as error:
            raise BackupError(f"the restore failed and the database is as it was: {error}") from error
        (index_dir() / "manifest.json").unlink(missing_ok=True)  # the index is built anew from the vectors
        _bring_map(backup)
        remarks += _bring_key(backup)
    return Restored(sum(facts["pieces"] for facts in told.values()), len(told), len(backup.named("files")), aside,
                    remarks)


@contextlib.contextmanager
def _sqlite(backup: Reader, progress: Progress) -> Iterator[tuple[list[str], str]]:
    """A new database file, checked, that takes the place of the old one when the block is through."""
    path = Path(connection.settings_dict["NAME"]).resolve()
    sizes = sum(facts["bytes"] for facts in backup.entries.values())
    space.require(path.parent, 2 * sizes, "the new database")
    new = path.with_name(f"{path.name}.restoring-{os.getpid()}")
    _remove(new)
    aside = path.with_name(f"{path.name}.before-restore-{stamp()}") if path.exists() and path.stat().st_size else None
    try:
        new.touch(mode=path.stat().st_mode & 0o777 if path.exists() else 0o600)
        with connections.new_file(new) as building:
            remarks = fill(building, backup, progress)
            with building.cursor() as cursor:
                cursor.execute("PRAGMA integrity_check")
                if (said := cursor.fetchone()[0]) != "ok":
                    raise BackupError(f"the new database is damaged ({said}); the old one is as it was")
                cursor.execute("PRAGMA journal_mode=DELETE")
        with open(new, "rb") as file:
            os.fsync(file.fileno())
        yield remarks, str(aside or "")
        if aside:
            _set_aside(path, aside)
        os.replace(new, path)
        with contextlib.closing(_Folder(path.parent)) as folder:
            os.fsync(folder.descriptor)
    finally:
        _remove(new)


class _Folder:
    def __init__(self, path: Path):
        self.descriptor = os.open(path, os.O_RDONLY)

    def close(self) -> None:
        os.close(self.descriptor)


def _set_aside(path: Path, aside: Path) -> None:
    """Give the old database a second name, with all that was written to it. Its log must not meet the new file."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except DatabaseError:
        pass  # damaged: it is kept as it is
    finally:
        connection.close()  # the last one to close removes the log
    os.link(path, aside)
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{ending}", f"{aside}{ending}")


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


@contextlib.contextmanager
def _postgresql(backup: Reader, progress: Progress) -> Iterator[tuple[list[str], str]]:
    """One transaction: the old tables move to a schema of their own, new ones are made and filled."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            cursor.execute("SELECT current_schema()")
            here = cursor.fetchone()[0]
            tables = _own_tables(connection)
            aside = f"before_restore_{stamp().replace('-', '_')}" if tables else ""
            if aside:
                cursor.execute(f"CREATE SCHEMA {aside}")
            quote = connection.ops.quote_name
            for table in tables:
                cursor.execute(f"ALTER TABLE {quote(here)}.{quote(table)} SET SCHEMA {aside}")
        yield fill(connection, backup, progress), aside


def _own_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """The tables of the installed apps; others that share the database are left alone."""
    prefixes = tuple(f"{config.label}_" for config in apps.get_app_configs()) + ("django_",)
    with connection.cursor() as cursor:
        return [table for table in connection.introspection.table_names(cursor) if table.startswith(prefixes)]


def _bring_files(backup: Reader, progress: Progress) -> None:
    stores = {store.name: store for store in STORES}
    names = backup.named("files")
    for number, name in enumerate(names, 1):
        _, folder, sha256 = name.split("/")
        data = b"".join(backup.pieces(name))
        if not stores[folder].holds(sha256):
            stores[folder].path(sha256).unlink(missing_ok=True)
            stores[folder].put(data)
        progress.tell("restoring kept files", number, len(names))


def _bring_map(backup: Reader) -> None:
    path = index_dir() / "map.npz"
    if "map.npz" not in backup.entries:
        path.unlink(missing_ok=True)  # of other papers
        return
    partial = path.with_name(f"map.restoring-{os.getpid()}.npz")
    partial.write_bytes(b"".join(backup.pieces("map.npz")))
    os.replace(partial, path)


def _bring_key(backup: Reader) -> list[str]:
    """Put the generated secret key back; what was there is kept aside."""
    if backup.manifest["secret_key"] == key_mark():
        return []
    if "secret_key" not in backup.entries:
        return ["the backup's site had its secret key from SECRET_KEY: set the same here, or links and sessions that "
                "it signed are void"]
    if not generated_key():
        return ["this site has its secret key from SECRET_KEY, so the one in the backup was not put in its place: "
                "links and sessions signed with that are void"]
    path = Path(settings.DATA_DIR) / "secret_key"
    os.replace(path, path.with_name(f"secret_key.before-restore-{stamp()}"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(backup.pieces("secret_key")))
    return []
