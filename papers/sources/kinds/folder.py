"""A folder on the server: every file that has come to rest in it is a digest. Files are only read."""

from __future__ import annotations

import os
import stat
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from papers.digests.records import single_line
from papers.sources.answers import FetchError
from papers.sources.arrivals import Haul, short_key
from papers.sources.client import LIMIT
from papers.sources.models import Source

PATIENCE = timedelta(days=3650)  # nobody says how often a file should come
FILES = 5000  # looked at
AT_ONCE = 50  # read in one look
AT_REST = 60.0  # seconds without a change; else its size and time must be the same in two looks


def allowed_folder(path: str) -> Path:
    """The folder, below one of SOURCES_FOLDERS whatever links are in its path. Raises ValueError with the reason."""
    folder = Path(path).expanduser()
    if not folder.is_absolute():
        folder = settings.SOURCES_FOLDERS[0] / folder
    folder = folder.resolve()
    if not any(folder == root or root in folder.parents for root in settings.SOURCES_FOLDERS):
        raise ValueError("only folders below " + ", ".join(map(str, settings.SOURCES_FOLDERS)) +
                         " may be watched; SOURCES_FOLDERS names others")
    return folder


def fetch(source: Source, **limits) -> Haul:
    """Raises FetchError when the folder is not there or not allowed."""
    try:
        folder = allowed_folder(source.address)
    except ValueError as error:
        raise FetchError(str(error)) from None
    if not folder.is_dir():
        raise FetchError(f"{folder} is no folder here", temporary=True)
    before = source.cursor.get("files", {})
    haul, now = Haul(cursor={"files": {}}), time.time()
    for number, path in enumerate(_files(folder)):
        if number == FILES:
            haul.notes.append(f"only {FILES} files are looked at; move old ones away")
            break
        name = single_line(os.fsencode(path.relative_to(folder)).decode(errors="replace"))
        try:
            _look(path, name, before.get(name), now, haul)
        except OSError as error:
            haul.notes.append(f"{name}: {error.strerror or error}")
    return haul


def _look(path: Path, name: str, before: list | None, now: float, haul: Haul) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return
    state = [found.st_size, found.st_mtime_ns]
    if before and before[:2] == state and before[2] == "read":
        haul.cursor["files"][name] = before
        return
    at_rest = (before and before[:2] == state) or now - found.st_mtime > AT_REST
    haul.cursor["files"][name] = [*state, "changing"]
    if not at_rest or len(haul.files) == AT_ONCE:
        return
    if found.st_size > LIMIT:
        haul.notes.append(f"{name}: larger than {LIMIT >> 20} MB; import it with `manage.py ingest`")
    elif found.st_size:
        haul.files.append((short_key(f"{name} {state}"), name.rpartition("/")[2], path.read_bytes()))
    haul.cursor["files"][name] = [*state, "read"]


def _files(folder: Path):
    """Every file below, hidden ones and what links lead to left out, in a steady order."""
    for place, folders, files in os.walk(folder):  # does not follow links
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if not name.startswith(".") and not path.is_symlink():
                yield path
