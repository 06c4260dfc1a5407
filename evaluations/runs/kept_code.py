"""The code of the method library as it was when a run was measured, so that a replay can run just that.

One archive for each state of the library in which something ran (kit and arenas, a few hundred kilobytes), kept in
the database, which all machines share.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from django.conf import settings

from evaluations.models import Library, Run
from evaluations.runs.measurements import LIBRARY

FOLDERS = ("kit", "arenas")


def keep_library() -> str:
    """Keep the library as it lies on this machine's disk, if it is not kept yet; returns its key."""
    files = _files()
    key = hashlib.sha256(b"".join(name.encode() + b"\0" + hashlib.sha256(text).digest() for name, text in files))
    key = key.hexdigest()[:16]
    if not Library.objects.filter(pk=key).exists():
        Library.objects.bulk_create([Library(key=key, archive=_archive(files))], ignore_conflicts=True)
    return key


def kept_for(run: Run) -> str:
    """The key of the library that the run was measured with; "" when it is not kept."""
    key = run.environment.get(LIBRARY, "")
    return key if key and Library.objects.filter(pk=key).exists() else ""


def library_folder(key: str) -> Path:
    """A folder to import the kept library `methods` from. Raises Library.DoesNotExist when it is not kept."""
    there = Path(settings.DATA_DIR) / "libraries" / key
    if not there.exists():
        archive = bytes(Library.objects.get(pk=key).archive)
        there.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".partial-", dir=there.parent))
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            file.extractall(made)
        try:
            os.rename(made, there)
        except OSError:  # another worker was quicker
            shutil.rmtree(made)
            if not there.exists():
                raise
    return there


def _files() -> list[tuple[str, bytes]]:
    root = Path(settings.BASE_DIR) / "methods"
    paths = [root / "__init__.py", *(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))]
    return [(path.relative_to(root.parent).as_posix(), path.read_bytes()) for path in sorted(paths)]


def _archive(files: list[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files:
            file.writestr(name, text)
    return made.getvalue()
