"""What is thrown away and when: only what nothing refers to any more, or what is made again when it is asked for.

Each rule below says what goes and why nobody misses it. Whatever a restore, a replay or an undo still needs stays:
originals of digests that are there or were removed less than ORIGINALS ago, the code of every run, fetched data, what
check_data set aside.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from evaluations.models import Blob, Library, Run
from evaluations.runs.kept_code import keep_library
from evaluations.runs.measurements import LIBRARY
from papers.models import Digest
from papers.storage import originals, pending
from papers.writing import short_write
from workers import scratch
from workers.housekeeping.disk_use import size_of

ORIGINALS = timedelta(days=30)  # after the digest was removed: so long a removal can be undone
CODE = timedelta(days=7)  # of a library in which nothing was measured
UNPACKED = timedelta(days=7)  # without a replay
UPLOADS = timedelta(days=1)
CUT_OFF = timedelta(hours=1)  # files whose writing ended half way
RUN_LOGS = timedelta(days=180)  # what a finished run printed; its scores, curve and cause stay
BROKER_LOG, BROKER_LOG_KEPT = 2**20, 2**18  # bytes; the newest stay
LOT = 500  # rows changed in one transaction


@dataclass(frozen=True)
class Waste:
    """Things of one kind that may go: how many, how many bytes (0 where they are rows), and how."""

    kind: str
    number: int
    bytes: int
    remove: Callable[[], Any]


def waste(orphans: dict[str, str]) -> Iterator[Waste]:
    """All that may go now. `orphans` says since when originals belong to no digest, and is brought up to date."""
    yield from _originals(orphans)
    yield from _kept_code()
    yield from _files("unpacked kept code", _unpacked())
    yield from _files("uploads nobody confirmed", _older(_inside(pending.folder), UPLOADS))
    yield from _files("files that were cut off", _older(
        [path for store in (originals, pending) for path in store.folder.glob(".partial-*")]
        + list(_libraries().glob(".partial-*")), CUT_OFF))
    yield from _files("folders of dead runs", scratch.abandoned())
    yield from _run_logs()
    yield from _broker_log()
    old = Session.objects.filter(expire_date__lt=timezone.now())
    if number := old.count():
        yield Waste("sessions that ended", number, 0, old.delete)


def _originals(orphans: dict[str, str]) -> Iterator[Waste]:
    """Originals of removed digests. The clock starts when they are first seen without one, not when they were made."""
    known = set(Digest.objects.values_list("sha256", flat=True))
    there = {path.name for path in _inside(originals.folder)}
    now = timezone.now()
    for name in orphans.keys() - (there - known):
        del orphans[name]
    for name in there - known:
        orphans.setdefault(name, now.isoformat())
    due = [originals.path(name) for name, since in orphans.items() if now - datetime.fromisoformat(since) > ORIGINALS]

    def remove() -> None:
        for path in _older(due, ORIGINALS):  # put again meanwhile, it is a file of today
            if not Digest.objects.filter(sha256=path.name).exists():
                path.unlink(missing_ok=True)
                orphans.pop(path.name, None)
    if due := _older(due, ORIGINALS):
        yield Waste("originals of removed digests", len(due), sum(map(size_of, due)), remove)


def _kept_code() -> Iterator[Waste]:
    """Libraries that no run names, but for the present one, and then the files that no library has."""
    libraries = _unused_libraries()
    if libraries:
        yield Waste("kept libraries of no run", len(libraries), 0, _remove_libraries)
    blobs = _unused_blobs(without=libraries)
    if blobs:
        yield Waste("kept files of no library", len(blobs), 0, _remove_blobs)


def _unused_libraries() -> set[str]:
    old = set(Library.objects.filter(kept_at__lt=timezone.now() - CODE).values_list("pk", flat=True))
    if not old:
        return set()
    used = set(Run.objects.values_list(f"environment__{LIBRARY}", flat=True).distinct().order_by())
    return old - used - {keep_library()}


def _unused_blobs(without: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    used = {sha256 for files in Library.objects.exclude(pk__in=without).values_list("files", flat=True)
            for _, sha256 in files}
    return sorted(set(Blob.objects.values_list("pk", flat=True)) - used)


def _remove_libraries() -> None:
    with short_write():
        Library.objects.filter(pk__in=_unused_libraries()).delete()


def _remove_blobs() -> None:
    """Locked first and looked at again: whoever keeps a library meanwhile waits for this, or this for him."""
    with short_write():
        list(Blob.objects.select_for_update().filter(pk__in=_unused_blobs()).order_by("pk").values_list("pk"))
        Blob.objects.filter(pk__in=_unused_blobs()).delete()


def _run_logs() -> Iterator[Waste]:
    old = Run.objects.filter(finished_at__lt=timezone.now() - RUN_LOGS).exclude(state__in=Run.ACTIVE).exclude(log="")
    keys = list(old.values_list("pk", flat=True))

    def remove() -> None:
        for start in range(0, len(keys), LOT):
            with short_write():
                Run.objects.filter(pk__in=keys[start:start + LOT]).exclude(state__in=Run.ACTIVE).update(log="")
    if keys:
        yield Waste("logs of old runs", len(keys), 0, remove)


def _broker_log() -> Iterator[Waste]:
    """The embedded broker opens its log for each line, so that it may be put in place of a longer one."""
    log = Path(settings.EMBEDDED_REDIS_DIR) / "redis.log"

    def shorten() -> None:
        with open(log, "rb") as file:
            file.seek(-BROKER_LOG_KEPT, 2)
            kept = file.read().partition(b"\n")[2]
        made = log.with_suffix(".partial")
        made.write_bytes(kept)
        made.replace(log)
    with contextlib.suppress(FileNotFoundError):
        size = log.stat().st_size
        if size > BROKER_LOG:
            yield Waste("old lines of the broker's log", 1, size - BROKER_LOG_KEPT, shorten)


def _libraries() -> Path:
    return Path(settings.DATA_DIR) / "libraries"


def _unpacked() -> list[Path]:
    return _older([path for path in _libraries().glob("*") if path.is_dir()], UNPACKED)


def _files(kind: str, paths: list[Path]) -> Iterator[Waste]:
    def remove() -> None:
        for path in paths:
            scratch.remove(str(path)) if path.is_dir() else path.unlink(missing_ok=True)
    if paths:
        yield Waste(kind, len(paths), sum(map(size_of, paths)), remove)


def _inside(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*") if path.is_file() and not path.name.startswith(".")]


def _older(paths: list[Path], age: timedelta) -> list[Path]:
    found = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > age.total_seconds():
                found.append(path)
    return found
