"""What lies in the data folder is for the owner alone: closing what is too open, and the check that names it.

New files are private by the umask in the settings; here is what was written before, or under another hand.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks

NAMED = 5  # of the files that are too open


def forbidden() -> int:
    """The permission bits that nothing here may have."""
    return 0o007 if settings.SHARE_WITH_GROUP else 0o077


def close() -> tuple[int, list[str]]:
    """Take from others what they may not read; how many files and folders that was, and what could not be done."""
    closed, failed = 0, []
    if reason := _not_ours(settings.DATA_DIR):
        return 0, [reason]
    for path in _too_open(everything=True):
        try:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~forbidden())
            closed += 1
        except OSError as error:
            failed.append(f"{path}: {error.strerror}")
    return closed, failed


@checks.register(checks.Tags.security)
def data_folder_is_private(app_configs, **kwargs) -> list[checks.CheckMessage]:
    """A warning that names what others can read or reach."""
    found = [str(path) for path in _too_open()]
    if not found:
        return []
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return [checks.Warning(
        f"Others on this machine can reach {', '.join(found[:NAMED])}{more}.", id="assay.W001",
        hint=_not_ours(settings.DATA_DIR) or "“manage.py prepare” closes what belongs to the user who runs it.")]


def _too_open(*, everything: bool = False) -> Iterator[Path]:
    """The data folder, what lies in it and the database, where too open. A closed folder's inside is out of reach."""
    seen = set()
    for path in [settings.DATA_DIR, *_database_files(), *_inside(settings.DATA_DIR, everything)]:
        if path not in seen and _mode(path) & forbidden():
            seen.add(path)
            yield path


def _database_files() -> list[Path]:
    """The file of SQLite and those that it keeps beside it."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    files = [Path(f"{database['NAME']}{ending}") for ending in ("", "-wal", "-shm", "-journal")]
    return [path for path in files if path.is_file()]


def _inside(folder: Path, everything: bool) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # another user's, and closed to us
        return
    for entry in entries:
        path = Path(entry.path)
        yield path
        if entry.is_dir(follow_symlinks=False) and (everything or _mode(path) & forbidden()):
            yield from _inside(path, everything)


def _mode(path: Path) -> int:
    """Permission bits; none for links, whose own mean nothing, and for what is gone by now."""
    try:
        found = path.lstat().st_mode
    except OSError:
        return 0
    return 0 if stat.S_ISLNK(found) else stat.S_IMODE(found)


def _not_ours(folder: Path) -> str:
    """Why this folder must not be closed: it serves others too."""
    if _mode(folder) & stat.S_ISVTX or folder in (Path("/"), Path(os.path.expanduser("~"))):
        return f"{folder} is not Assay's alone, so it is left as it is: set DATA_DIR to a folder of its own"
    return ""
