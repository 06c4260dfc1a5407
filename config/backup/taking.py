"""Taking a backup: one moment of the database, and the kept files, in one file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.crypto import salted_hmac

from config.backup import schema, space
from config.backup.archive import PIECE, BackupError, Writer
from config.backup.connection import snapshot
from config.backup.contents import STORES, encoded_rows, kept_fields, kept_models, label_of
from config.backup.progress import Progress
from papers.search.vectors import index_dir
from papers.storage import ByteStore


@dataclass(frozen=True)
class Taken:
    """What was written where."""

    path: Path
    bytes: int
    tables: int
    rows: int
    files: int
    secret_key: bool


def take_backup(target: Path, *, overwrite: bool = False, progress: Progress) -> Taken:
    """Write a backup to `target`, or under a name made of the date into `target` where that is a folder.

    It holds one moment of the database; others may go on writing. The file appears under its name when it is whole,
    readable by its owner only. Raises BackupError.
    """
    path = _named(target)
    if path.exists() and not overwrite:
        raise BackupError(f"{path} is there already; choose another name, or say --overwrite")
    if not path.parent.is_dir():
        raise BackupError(f"there is no folder {path.parent}")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with snapshot() as connection:
            taken = _write(connection, partial, path, progress)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        if overwrite:
            os.replace(partial, path)
        else:
            os.link(partial, path)  # unlike a rename, refuses a file that came meanwhile
        return taken
    except DatabaseError as error:
        raise BackupError(f"the database cannot be read: {error}. No backup was written.") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}. No backup was written.") from error
    finally:
        partial.unlink(missing_ok=True)


def _named(target: Path) -> Path:
    if target.is_dir():
        return target / f"assay-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    return target


def _write(connection: BaseDatabaseWrapper, partial: Path, path: Path, progress: Progress) -> Taken:
    migrations = schema.applied_migrations(connection)
    if not migrations:
        raise BackupError("the database is empty; there is nothing to back up")
    schema.refuse_unknown(migrations, "the database")
    stored = [(store, name) for store in STORES for name in _files(store)]
    needed = space.database_bytes(connection) + sum((store.folder / name).stat().st_size for store, name in stored)
    space.require(path.parent, needed, "a backup")
    models = kept_models(schema.models_at(migrations))
    total = sum(model._base_manager.using(connection.alias).count() for model in models)
    writer, rows = Writer(partial), 0
    for model in models:
        before = rows

        def counted(before=before, model=model) -> Iterator[bytes]:
            for number, line in enumerate(encoded_rows(
                    model._base_manager.using(connection.alias)), before + 1):
                progress.tell("writing rows", number, total)
                yield line
        told = writer.add(f"tables/{label_of(model)}.jsonl", counted(),
                          fields=[field.column for field in kept_fields(model)])
        rows += told["pieces"]
    _refuse_broken(connection)
    for number, (store, name) in enumerate(stored, 1):
        progress.tell("writing kept files", number, len(stored))
        writer.add(f"files/{store.name}/{name}", _pieces(store.folder / name))
    key = generated_key()
    if key:
        writer.add("secret_key", [key.encode()])
    if (index_dir() / "map.npz").exists():
        writer.add("map.npz", _pieces(index_dir() / "map.npz"))
    writer.finish(database=connection.vendor, migrations=migrations, secret_key=key_mark(),
                  note="Holds password hashes, the hashes of API tokens and, if named, the site's secret key. "
                       "Whoever has this file can try passwords and, with the key, sign log-ins: keep it safe.")
    return Taken(path, partial.stat().st_size, len(models), rows, len(stored), bool(key))


def _files(store: ByteStore) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(path.name for path in store.folder.iterdir() if not path.name.startswith("."))
    return []


def _pieces(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _refuse_broken(connection: BaseDatabaseWrapper) -> None:
    """A backup that no restore would accept is none."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pragma_foreign_key_check")
            if broken := cursor.fetchone()[0]:
                raise BackupError(f"{broken} rows of the database point to rows that are not there; "
                                  "`manage.py check_data` names them and `--mend` sets them aside. "
                                  "No backup was written.")


def generated_key() -> str:
    """The secret key where the settings generated it, "" where the environment gave one."""
    path = Path(settings.DATA_DIR) / "secret_key"
    key = path.read_text().strip() if path.exists() else ""
    return key if key == settings.SECRET_KEY else ""


def key_mark() -> str:
    """Tells whether two installations have one secret key, without telling it."""
    return salted_hmac("config.backup", "secret key", algorithm="sha256").hexdigest()[:16]


def stamp() -> str:
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime())
