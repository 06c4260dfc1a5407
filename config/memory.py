"""How the web process keeps its memory small."""

from __future__ import annotations

import ctypes
import gc

M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8  # of glibc's malloc.h
GIVEN_BACK = 128 * 2**10  # bytes free at the end of the heap; saying so also keeps large blocks out of it


def keep_small() -> None:
    """Have malloc use one pool, and give back what is free.

    It makes a pool for each thread otherwise, and each keeps the most that any page has ever taken there. Threads that
    answer pages hold Python's lock and hardly ever meet in malloc. Another C library than glibc is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_TRIM_THRESHOLD, GIVEN_BACK)


def freeze_imports() -> None:
    """What was imported stays for good. Left to the collector, every second large page would wait the tenth of a second
    that a full collection takes to walk through all of it."""
    gc.enable()
    gc.freeze()
