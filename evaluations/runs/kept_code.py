"""The code of the method library as it was when a run was measured, so that a replay can run just that.

For each state of the library in which something ran (kit and arenas), the list of its files; a file is kept once,
whatever the number of states that have it. All of it is in the database, which all machines share.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import zlib
from pathlib import Path

from django.conf import settings
from django.db import transaction

from evaluations.models import Blob, Library, Run
from evaluations.runs.measurements import LIBRARY

FOLDERS = ("kit", "arenas")


_kept: tuple[list[tuple], str] = [], ""  # the files as they were when this process last kept them, and the key


def keep_library() -> str:
    """Keep the library as it lies on this machine's disk, if it is not kept yet; returns its key."""
    global _kept
    stamps = _stamps()  # taken before the files are read: one that changes meanwhile is read again the next time
    if stamps != _kept[0] or not is_kept(_kept[1]):
        _kept = stamps, _keep()
    return _kept[1]


def _keep() -> str:
    files = library_files()
    digests = {name: hashlib.sha256(contents) for name, contents in files.items()}
    state = b"".join(name.encode() + b"\0" + digest.digest() for name, digest in digests.items())
    key = hashlib.sha256(state).hexdigest()[:16]
    if not Library.objects.filter(pk=key).exists():
        contents_of = {digests[name].hexdigest(): contents for name, contents in files.items()}
        with transaction.atomic():
            there = set(Blob.objects.select_for_update().filter(pk__in=list(contents_of)).values_list(
                "pk", flat=True))  # locked, lest the housekeeping finds them unused meanwhile
            Blob.objects.bulk_create([Blob(sha256=sha256, packed=zlib.compress(contents))
                                      for sha256, contents in contents_of.items() if sha256 not in there],
                                     ignore_conflicts=True)
            Library.objects.bulk_create([Library(key=key, files=[
                [name, digest.hexdigest()] for name, digest in digests.items()])], ignore_conflicts=True)
    return key


def kept_for(run: Run) -> str:
    """The key of the library that the run was measured with; "" when it is not kept."""
    key = run.environment.get(LIBRARY, "")
    return key if key and is_kept(key) else ""


def is_kept(key: str) -> bool:
    return Library.objects.filter(pk=key).exists()


def library_folder(key: str) -> Path:
    """A folder to import the kept library `methods` from. Raises Library.DoesNotExist when it is not kept."""
    there = Path(settings.DATA_DIR) / "libraries" / key
    with contextlib.suppress(FileNotFoundError):
        os.utime(there)  # the housekeeping removes what nobody asks for
    if not there.exists():
        files = Library.objects.get(pk=key).files
        blobs = Blob.objects.in_bulk([sha256 for _, sha256 in files])
        there.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".partial-", dir=there.parent))
        for name, sha256 in files:
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(zlib.decompress(blobs[sha256].packed))
        try:
            os.rename(made, there)
        except OSError:  # another worker was quicker
            shutil.rmtree(made)
            if not there.exists():
                raise
    return there


def _paths() -> list[Path]:
    root = Path(settings.BASE_DIR) / "methods"
    return sorted([root / "__init__.py", *(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))])


def _stamps() -> list[tuple]:
    root = os.path.join(settings.BASE_DIR, "methods")
    folders, found = [os.path.join(root, folder) for folder in FOLDERS], []
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    facts = entry.stat()
                    found.append((entry.path, facts.st_ino, facts.st_size, facts.st_mtime_ns))
                elif entry.name != "__pycache__" and entry.is_dir():
                    folders.append(entry.path)
    return sorted(found)


def library_files() -> dict[str, bytes]:
    """The contents of the library's files by path, in the order of the paths."""
    root = Path(settings.BASE_DIR) / "methods"
    contents = {}
    for path in _paths():
        with contextlib.suppress(OSError):  # a file that cannot be read runs nowhere; `sync_methods` names it
            contents[path.relative_to(root.parent).as_posix()] = path.read_bytes()
    return contents
