"""How long others hold SQLite's write lock: a process that asks for it over and over and notes the longest wait.

Started as a program with the database's path; it ends with its standard input and then prints milliseconds as JSON.
"""

from __future__ import annotations

import contextlib
import json
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def write_lock_waits(database: Path) -> Iterator[dict[str, float]]:
    """Measure while the block runs; afterwards the dictionary holds `longest` and `held` (their sum), milliseconds."""
    waits: dict[str, float] = {}
    with subprocess.Popen([sys.executable, __file__, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as meter:
        assert meter.stdout and meter.stdout.readline() == "ready\n"
        try:
            yield waits
        finally:
            waits.update(json.loads(meter.communicate()[0]))


def _measure(database: str) -> dict[str, float]:
    connection = sqlite3.connect(database, timeout=0, isolation_level=None)
    longest = held = 0.0
    refused = None
    print("ready", flush=True)
    while refused or not select.select([sys.stdin], [], [], 0.001)[0]:
        now = time.monotonic()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            refused = refused or now
            time.sleep(0.001)
            continue
        if refused:
            longest, held, refused = max(longest, now - refused), held + now - refused, None
    return {"longest": longest * 1000, "held": held * 1000}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1])))
