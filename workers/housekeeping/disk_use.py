"""How many bytes of what kind a data folder holds."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from django.conf import settings
from django.db import connection

from workers import scratch

KINDS = {"digests": "originals of digests", "pending": "previewed uploads", "index": "search index",
         "models": "exported encoders", "datasets": "data sets", "libraries": "unpacked kept code", "redis": "broker",
         "static": "static files", "set-aside": "set aside by check_data", "inbox": "watched folder",
         "kept": "computed tables and pages"}
OTHER, DATABASE, SCRATCH = "other", "database", "folders of dead runs"


def size_of(path: Path) -> int:
    """Bytes on the disk of a file, or of all that is below a folder; links are not followed."""
    total, folders = 0, [path]
    with contextlib.suppress(OSError):
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_blocks * 512
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:  # it changes as it is read
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def disk_use() -> dict[str, int]:
    """Bytes by kind, of the database too, wherever it is."""
    found = {DATABASE: _database(), SCRATCH: sum(map(size_of, scratch.abandoned()))}
    own = {path.name for path in _database_files()}
    for path in Path(settings.DATA_DIR).iterdir():
        if path.name not in own:
            kind = KINDS.get(path.name, OTHER)
            found[kind] = found.get(kind, 0) + size_of(path)
    return {kind: size for kind, size in found.items() if size}


def _database_files() -> list[Path]:
    if connection.vendor != "sqlite":
        return []
    path = Path(str(connection.settings_dict["NAME"]))
    return [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm")]


def _database() -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return cursor.fetchone()[0]
    return sum(size_of(path) for path in _database_files() if path.exists())
