"""Imports on a real database, SQLite or PostgreSQL, by several processes at once, one of which is killed.

Run as a program with DATABASE_URL (or DATA_DIR alone) set; prints what came of it as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

PAPERS = 300  # in each list


def records(first: int, name: str) -> bytes:
    return b"\n".join(json.dumps({"title": f"Paper number {n}", "abstract": f"As {name} has it. " + "word " * (n % 40),
                                  "arxiv_id": f"2001.{n:05}"}).encode() for n in range(first, first + PAPERS))


LISTS = {"a": records(0, "the first list"), "b": records(PAPERS // 2, "the second, longer list"),
         "c": records(1000, "the third list")}


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True)


def import_list(name: str, dies: bool) -> None:
    """Import a list; with `dies`, be killed in the middle of the third step."""
    from papers import services, storing
    write, steps = storing._write, []

    def deadly(digest, plan):
        write(digest, plan)
        steps.append(1)
        if len(steps) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
    if dies:
        storing._write = deadly
    print(json.dumps(services.import_digest(name=name, data=LISTS[name]).counts))


def at_once() -> dict:
    """Two lists with common papers and one of them twice, by three processes."""
    running = [start("import", name) for name in "aba"]
    return {"counts": [json.loads(process.communicate()[0]) for process in running],
            "ended": [process.returncode for process in running], **state()}


def killed() -> dict:
    from papers.models import Digest
    from papers.services import import_digest
    process = start("import", "c", "dies")
    process.communicate()
    before = state()
    stopped = Digest.objects.get(name="c")
    report = import_digest(name="c", data=LISTS["c"])
    return {"ended": process.returncode, "state": stopped.state, "listed": stopped.listed, "before": before,
            "after": state(), "counts": report.counts}


def state() -> dict:
    from papers.models import Appearance, Digest, Paper, SearchText
    return {"papers": Paper.objects.count(), "places": Appearance.objects.count(),
            "texts": SearchText.objects.filter(kind="paper").count(),
            "bodies": SearchText.objects.filter(kind="paper", body__startswith="As the second").count(),
            "unfinished": Digest.objects.exclude(state=Digest.COMPLETE).count()}


def beside_a_writer() -> dict:
    """Previews, while another connection holds all that a writer can hold."""
    from django.db import connection

    from papers.services import preview_digests
    if connection.vendor == "sqlite":
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        import psycopg
        other = psycopg.connect(os.environ["DATABASE_URL"])
        other.execute("LOCK TABLE papers_digest, papers_paper, papers_appearance, papers_searchtext IN EXCLUSIVE MODE")
    try:
        reports = preview_digests([("a", LISTS["a"]), ("new", records(5000, "x")), ("more", records(5200, "longer x"))])
    finally:
        other.close()
    return {"counts": [report.counts for report in reports], "known": reports[0].already_imported}


def turns() -> dict:
    """Removing and importing beside a process that keeps asking for SQLite's write lock."""
    from django.db import connection

    from papers.models import Digest
    from papers.services import import_digest, remove_digest
    from tests.papers.lock_meter import write_lock_waits
    if connection.vendor != "sqlite":
        return {}
    with write_lock_waits(Path(connection.settings_dict["NAME"])) as removing:
        removal = remove_digest(digest=Digest.objects.get(name="c"))
    with write_lock_waits(Path(connection.settings_dict["NAME"])) as importing:
        import_digest(name="c", data=LISTS["c"])
    return {"removed": removal.removed, "removing": removing, "importing": importing, **state()}


def main() -> None:
    import django
    django.setup()
    from papers import services, storing
    services.ask_for_embedding = lambda: None  # there is no broker here
    storing.LOT = 25
    if sys.argv[1:]:
        import_list(sys.argv[2], "dies" in sys.argv)
        return
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    print(json.dumps({"at once": at_once(), "killed": killed(), "beside a writer": beside_a_writer(),
                      "turns": turns()}))


if __name__ == "__main__":
    main()
