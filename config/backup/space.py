"""Free disk space, asked before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from config.backup.archive import BackupError

SPARE = 50 * 2**20  # bytes that must stay free


def database_bytes(connection: BaseDatabaseWrapper) -> int:
    """What the database takes on its disk."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return int(cursor.fetchone()[0])


def require(folder: Path, needed: int, what: str) -> None:
    """Raises BackupError when the disk of `folder` has too little room."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise BackupError(f"{what} may need {(needed + SPARE) / 2**20:,.0f} MB in {folder}, and only "
                          f"{free / 2**20:,.0f} MB are free. Nothing was changed.")
