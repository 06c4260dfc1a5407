"""What takes long to compute is kept, with a stamp of all it was computed from: another stamp, another computation.

Each process keeps its own, up to so many bytes; what took long and is `shared` lies in a file as well, so that of the
processes on one data folder one computes it. The stamp is read from the database at every request, so that no process
shows what another has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import pickle
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

Value = TypeVar("Value")
KEPT_SECONDS = 24 * 3600
SLOW = 0.1  # seconds of computing from which on a file is quicker
MOST_FILES = 200


class BoundedMemory(LocMemCache):
    """The memory of this process, bounded by `MAX_BYTES`: what was not asked for longest goes first."""

    _cache: OrderedDict[str, bytes]  # Django's, of which the types know nothing
    _expire_info: dict[str, float | None]

    def __init__(self, name: str, params: dict):
        super().__init__(name, params)
        self.most_bytes: int = params["OPTIONS"]["MAX_BYTES"]

    def _set(self, key, value, timeout=DEFAULT_TIMEOUT):
        super()._set(key, value, timeout)  # type: ignore[misc]  # the same
        size = sum(map(len, self._cache.values()))
        while size > self.most_bytes and len(self._cache) > 1:
            oldest, content = self._cache.popitem()
            del self._expire_info[oldest]
            size -= len(content)


def stamp_of(*facts: object) -> str:
    """A short text of anything whose `repr` tells it apart."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:20]


def kept(name: str, stamp: str, make: Callable[[], Value], *, shared: bool = False) -> Value:
    """What `make` returned for this stamp before, from memory or if `shared` from a file, else what it returns now; the
    newest is kept."""
    entry = caches["kept"].get(name)
    if entry is None or entry[0] != stamp:
        stored = _File(name, stamp) if shared else None
        found = stored.read() if stored else None
        if found is None:
            began = time.perf_counter()
            found = (make(),)
            if stored and time.perf_counter() - began >= SLOW:
                stored.write(found)
        entry = stamp, found[0]
        caches["kept"].set(name, entry, KEPT_SECONDS)
    return entry[1]


class _File:
    """A kept value on the disk, of this stamp and this very code; signed, as reading it may run what it says."""

    def __init__(self, name: str, stamp: str) -> None:
        self.path = Path(settings.DATA_DIR) / "kept" / hashlib.sha256(name.encode()).hexdigest()[:32]
        self.key = hashlib.sha256(f"{settings.SECRET_KEY} {_code()} {name} {stamp}".encode()).digest()

    def read(self) -> tuple | None:
        try:
            content = self.path.read_bytes()
            if time.time() - self.path.stat().st_mtime > KEPT_SECONDS:
                return None
        except OSError:  # none, or another user's: it is computed
            return None
        signature, value = content[:32], content[32:]
        return pickle.loads(value) if hmac.compare_digest(signature, self._signature(value)) else None

    def write(self, value: tuple) -> None:
        """Beside the others, of which the oldest go. A full disk keeps nothing: the value is there all the same."""
        content = pickle.dumps(value)
        partial = self.path.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            partial.write_bytes(self._signature(content) + content)
            os.replace(partial, self.path)
            files = sorted(self.path.parent.iterdir(), key=lambda path: path.stat().st_mtime)
            for path in files[:-MOST_FILES]:
                path.unlink(missing_ok=True)

    def _signature(self, value: bytes) -> bytes:
        return hmac.digest(self.key, value, "sha256")


@cache
def _code() -> str:
    """Changes with any file of the program: what another version has computed or drawn is not this one's."""
    folders = [settings.BASE_DIR / name for name in ("papers", "methods", "evaluations", "config", "templates")]
    packages = list(settings.BASE_DIR.glob("constraints.txt"))  # of which values may be
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".html", ".svg"))
    return stamp_of(sys.version, [(str(path), status.st_mtime_ns, status.st_size)
                                  for path in [*files, *packages] for status in (path.stat(),)])


def peek(name: str, stamp: str) -> Any:
    """What is kept for this stamp; None where nothing is."""
    entry = caches["kept"].get(name)
    return entry[1] if entry and entry[0] == stamp else None
