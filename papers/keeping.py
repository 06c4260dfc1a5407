"""What takes long to compute is kept, with a stamp of all it was computed from: another stamp, another computation.

Each process keeps its own, up to so many bytes; what took long and is `shared` lies in a file as well, so that of the
processes on one data folder one computes it. The stamp is read from the database at every request, so that no process
shows what another has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

Value = TypeVar("Value")
KEPT_SECONDS = 24 * 3600
SLOW = 0.1  # seconds of computing from which on a file is quicker


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
        found = _on_disk(name, stamp) if shared else None
        if found is None:
            began = time.perf_counter()
            found = (make(),)
            if shared and time.perf_counter() - began >= SLOW:
                with contextlib.suppress(OSError):  # a full disk keeps nothing: the value is there all the same
                    caches["shared"].set(stamp_of(name, _code()), (stamp, *found), KEPT_SECONDS)
        entry = stamp, found[0]
        caches["kept"].set(name, entry, KEPT_SECONDS)
    return entry[1]


def _on_disk(name: str, stamp: str) -> tuple | None:
    """What a process of this very code kept under this stamp, in a tuple."""
    with contextlib.suppress(OSError):  # a file that another user wrote: it is computed
        entry = caches["shared"].get(stamp_of(name, _code()))
        if entry is not None and entry[0] == stamp:
            return entry[1:]
    return None


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
