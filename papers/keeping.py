"""What takes long to compute is kept, with a stamp of all it was computed from: another stamp, another computation.

Each process keeps its own, up to so many bytes. The stamp is read from the database at every request, so that no
process shows what another has changed.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

Value = TypeVar("Value")
KEPT_SECONDS = 24 * 3600


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


def kept(name: str, stamp: str, make: Callable[[], Value]) -> Value:
    """What `make` returned for this stamp before, from memory, else what it returns now; the newest is kept."""
    entry = caches["kept"].get(name)
    if entry is None or entry[0] != stamp:
        entry = stamp, make()
        caches["kept"].set(name, entry, KEPT_SECONDS)
    return entry[1]


def peek(name: str, stamp: str) -> Any:
    """What is kept for this stamp; None where nothing is."""
    entry = caches["kept"].get(name)
    return entry[1] if entry and entry[0] == stamp else None
