"""Writing in short turns: whoever changes many papers lets everybody else in between."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from django.db import connection, transaction

PAPERS = 0x70617065  # the advisory lock's number; any will do that nothing else here takes
LONGEST_PAUSE = 0.1  # seconds; SQLite asks that often whether the lock is free


@contextlib.contextmanager
def short_write() -> Iterator[None]:
    """One transaction that changes papers, or what hangs on many of them; nobody else does so meanwhile.

    For steps of well under 100 ms, each whole by itself. On SQLite a pause follows, half as long as the step took:
    others ask for the lock only now and then, and would hardly ever find it free between one step and the next.
    """
    with transaction.atomic():
        started = time.monotonic()  # with IMMEDIATE transactions the lock is held from here
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PAPERS])
        yield
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(min((time.monotonic() - started) / 2, LONGEST_PAUSE))
