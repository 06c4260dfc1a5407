"""How the web process keeps its memory small."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable

from django.core.signals import request_finished

M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8  # of glibc's malloc.h
GIVEN_BACK = 128 * 2**10  # bytes free at the end of the heap; saying so also keeps large blocks out of it

TRIMMED_EVERY = 20.0  # seconds; walking through the heap takes some milliseconds


def keep_small() -> None:
    """Have malloc use one pool, and give back what is free.

    It makes a pool for each thread otherwise, and each keeps the most that any page has ever taken there. Threads that
    answer pages hold Python's lock and hardly ever meet in malloc. Another C library than glibc is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_TRIM_THRESHOLD, GIVEN_BACK)
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        request_finished.connect(_Trimmer(trim), weak=False, dispatch_uid="trim")


class _Trimmer:
    """Gives back whole pages that are free between what is in use, now and then and after an answer is sent: malloc by
    itself gives back the end of its heap alone."""

    def __init__(self, trim: Callable[[int], int]) -> None:
        self.trim = trim
        self.last = time.monotonic()

    def __call__(self, **signal: object) -> None:
        if time.monotonic() - self.last > TRIMMED_EVERY:
            self.last = time.monotonic()
            self.trim(0)


def freeze_imports() -> None:
    """What was imported stays for good. Left to the collector, every second large page would wait the tenth of a second
    that a full collection takes to walk through all of it."""
    gc.enable()
    gc.freeze()
