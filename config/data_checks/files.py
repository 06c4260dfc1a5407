"""Kept originals and kept code: file without row, row without file, contents that are not what they were."""

from __future__ import annotations

import hashlib
import shutil
import time
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from config.backup.progress import Progress
from config.data_checks.findings import MEND, Finding, named, set_file_aside
from evaluations.models import Blob, Library, Run
from evaluations.runs.kept_code import library_files
from evaluations.runs.measurements import LIBRARY
from papers.models import Digest
from papers.services import import_digest
from papers.storage import ByteStore, originals, pending
from papers.uploads import DAY

HOUR = 3600  # seconds


def kept_originals(progress: Progress) -> Iterator[Finding]:
    digests = {digest.sha256: digest for digest in Digest.objects.all()}
    there = sorted(_files(originals))
    for number, path in enumerate(there, 1):
        progress.tell("reading kept originals", number, len(there))
        if not originals.holds(path.name):
            about = digests.get(path.name)
            yield Finding("kept originals", f"{path} is not what was imported" + (f" as “{about}”" if about else ""),
                          f"{MEND} moves it away; then import the file again: manage.py ingest FILE",
                          partial(set_file_aside, path))
    names = {path.name for path in there}
    for sha256, digest in digests.items():
        if sha256 not in names:
            yield Finding("kept originals", f"the original of “{digest}” ({sha256[:12]}…) is not kept",
                          "import the same file again: manage.py ingest FILE; or manage.py restore FILE")
    old = [path for path in there if path.name not in digests and _age(path) > DAY]
    if old:
        yield Finding("kept originals", f"{len(old)} originals belong to no digest "
                      f"({named(path.name[:12] for path in old)}); their imports were removed more than a day ago",
                      f"import them again: manage.py ingest {originals.folder}/…; or {MEND} moves them away",
                      lambda: "; ".join(set_file_aside(path) for path in old), note=True)


def leftovers() -> Iterator[Finding]:
    """Previews nobody confirmed, and files whose writing was cut off."""
    old = [path for path in _files(pending) if _age(path) > DAY]
    cut = [path for store in (originals, pending) for path in _all(store)
           if path.name.startswith(".partial-") and _age(path) > HOUR]
    if old or cut:
        def mend() -> str:
            for path in old + cut:
                path.unlink(missing_ok=True)
            return f"{len(old) + len(cut)} files removed"
        yield Finding("imports", f"{len(old)} uploads were previewed and never confirmed, {len(cut)} were cut off",
                      MEND, mend, note=True)


def unfinished_imports() -> Iterator[Finding]:
    """An import stores a digest with what it lists in one transaction: one that lists nothing is half of it."""
    for digest in Digest.objects.filter(appearances=None):
        def mend(digest=digest) -> str:
            data = originals.get(digest.sha256)
            with transaction.atomic():
                digest.delete()
                return import_digest(name=digest.name, data=data, imported_by=digest.imported_by,
                                     columns=digest.columns).summary
        kept = originals.has(digest.sha256)
        yield Finding("imports", f"the digest “{digest}” lists no papers",
                      f"{MEND} reads its original again" if kept else
                      f"remove it on its page (/digests/{digest.pk}/) and import the file again",
                      mend if kept else None)


def kept_code(progress: Progress) -> Iterator[Finding]:
    blobs, total = {}, Blob.objects.count()
    for number, (sha256, packed) in enumerate(Blob.objects.values_list("sha256", "packed").iterator(), 1):
        progress.tell("reading kept code", number, total)
        blobs[sha256] = _unpacks_to(bytes(packed)) == sha256
    wanted = {sha256: name for files in Library.objects.values_list("files", flat=True) for name, sha256 in files}
    broken = sorted(sha256 for sha256, name in wanted.items() if not blobs.get(sha256))
    if broken:
        on_disk = {hashlib.sha256(contents).hexdigest(): contents for contents in library_files().values()}
        found = [sha256 for sha256 in broken if sha256 in on_disk]

        def mend() -> str:
            for sha256 in found:
                Blob.objects.update_or_create(sha256=sha256, defaults={"packed": zlib.compress(on_disk[sha256])})
            return f"{len(found)} files of kept code taken from the present library"
        yield Finding("kept code", f"{len(broken)} files of kept code are missing or damaged "
                      f"({named(wanted[sha256] for sha256 in broken)}): runs measured with them cannot be replayed",
                      MEND if len(found) == len(broken) else "manage.py restore FILE, of a backup that has them",
                      mend if found else None)
    if unused := sorted(blobs.keys() - wanted.keys()):
        yield Finding("kept code", f"{len(unused)} files belong to no kept library", MEND,
                      lambda: f"{Blob.objects.filter(pk__in=unused).delete()[0]} removed", note=True)
    libraries = set(Library.objects.values_list("pk", flat=True))
    used = Run.objects.filter(origin="", state=Run.DONE).values_list("pk", f"environment__{LIBRARY}")
    if lost := [pk for pk, key in used if key and key not in libraries]:
        yield Finding("kept code", f"the code of {len(lost)} runs is not kept any more (runs {named(lost)})",
                      "manage.py restore FILE, of a backup that has it; else a replay uses the present code")


def unpacked_code() -> Iterator[Finding]:
    """Folders from which replays import a kept library."""
    for folder in sorted((Path(settings.DATA_DIR) / "libraries").glob("[!.]*")):
        row = Library.objects.filter(pk=folder.name).first()
        if row is None or any(_sha256(folder / name) != sha256 for name, sha256 in row.files):
            yield Finding("kept code", f"{folder} is not the library that is kept under that key",
                          f"{MEND} removes the folder; the next replay unpacks it anew",
                          partial(_removed, folder))


def _removed(folder: Path) -> str:
    shutil.rmtree(folder)
    return "removed"


def _all(store: ByteStore) -> list[Path]:
    return [path for path in store.folder.iterdir() if path.is_file()] if store.folder.exists() else []


def _files(store: ByteStore) -> list[Path]:
    return [path for path in _all(store) if not path.name.startswith(".")]


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _unpacks_to(packed: bytes) -> str:
    try:
        return hashlib.sha256(zlib.decompress(packed)).hexdigest()
    except zlib.error:
        return ""
