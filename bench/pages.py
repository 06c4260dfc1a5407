"""Whether a page costs more because more is stored: every address at two sizes, side by side, over HTTP.

A small site (10,000 papers, the shipped results) and a large one (100,000 papers, 1,000 methods, 100,000 scores) are
filled with texts of the installed packages and drawn numbers (see bench/_corpus.py, bench/_pages_site.py), and each is
asked through the real web server. Beside a page stands the same content as a static file from the same server.
Median and p95 are wall clock and so also the machine's; CPU is what the server's processes spent on a request.

    python -m bench.pages                       both sizes on SQLite; a quarter of an hour, most of it for filling
    python -m bench.pages --sites FOLDER        keep the filled sites there, and use those of an earlier run
    python -m bench.pages --only small --json
    DATABASE_URL=postgres://... python -m bench.pages --only large      on an empty PostgreSQL database
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench._history import Figure, note

ROOT = Path(__file__).resolve().parent.parent
GOAL_MS, GOAL_CLIENTS_MS, GOAL_MB = 100.0, 300.0, 250.0
NAMES = ("small", "large")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=Path)
    parser.add_argument("--only", choices=NAMES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = options.sites or Path(tempfile.mkdtemp(prefix="assay-b-"))
    try:
        results = {name: measured(folder / name, name) for name in NAMES if options.only in (None, name)}
    finally:
        if not options.sites:
            shutil.rmtree(folder, ignore_errors=True)
    changes = note("pages", [figure for name, result in results.items() for figure in figures_of(name, result)])
    worse = [f"{name}: {change}" for name, change in changes.items() if "WORSE" in change]
    print(json.dumps(results, indent=1) if options.json else "\n".join([told(results), "", *worse]))
    return 0


def figures_of(name: str, result: dict[str, Any]) -> list[Figure]:
    """The large site is held against the goals; of the small one the figures are kept."""
    def goal(value: float) -> float | None:
        return value if name == "large" else None
    title = f"{name}, {result['database'].split()[0]}"
    pages = result["pages"].items()
    return [*(Figure(f"{title}: {page}, p95", row["p95"], "ms", goal(GOAL_MS)) for page, row in pages),
            *(Figure(f"{title}: {page}, first look", row["first"], "ms") for page, row in pages),
            Figure(f"{title}: 4 clients, p95", result["clients"]["p95"], "ms", goal(GOAL_CLIENTS_MS)),
            Figure(f"{title}: web process after 1,000 requests", result["memory"], "MB", goal(GOAL_MB))]


def measured(folder: Path, name: str) -> dict[str, Any]:
    """One size, in processes of its own: what a size leaves in memory is not the next one's."""
    environment = {**os.environ, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings",
                   "LOG_LEVEL": "ERROR"}
    environment.pop("REDIS_URL", None)
    filled = folder / "filled"
    if not filled.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        subprocess.run([sys.executable, "-m", "bench._pages_site", name], cwd=ROOT, env=environment, check=True,
                       stdout=subprocess.DEVNULL)
        filled.touch()
    done = subprocess.run([sys.executable, "-m", "bench._pages_asked"], cwd=ROOT, env=environment, check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def told(results: dict[str, Any]) -> str:
    names = list(results)
    last = results[names[-1]]
    lines = [", ".join(f"{name}: " + ", ".join(f"{count:,} {what}" for what, count in results[name]["stored"].items())
                       for name in names),
             f"{last['database']}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n",
             f"{'ms':<28}" + "".join(f"{f'{name}: median':>16}{'p95':>8}{'CPU':>7}{'first':>8}" for name in names)
             + f"{'file':>7}{'kB':>7}  goal: p95 < {GOAL_MS:.0f}"]
    for page, row in last["pages"].items():
        cells = "".join(f"{one['median']:>16.1f}{one['p95']:>8.1f}{one['cpu']:>7.1f}{one['first']:>8.0f}"
                        for one in (results[name]["pages"][page] for name in names))
        lines.append(f"{page:<28}{cells}{row['static']:>7.1f}{row['bytes'] / 1024:>7.0f}  "
                     f"{'ok' if row['p95'] < GOAL_MS else 'MISSED'}")
    lines += ["", f"{'4 clients, all pages in turn':<28}" + "".join(
        f"{one['median']:>16.1f}{one['p95']:>8.1f}{'':>15}" for one in (results[name]["clients"] for name in names))
        + f"{'':>14}  goal: p95 < {GOAL_CLIENTS_MS:.0f}: "
        + ("ok" if last["clients"]["p95"] < GOAL_CLIENTS_MS else "MISSED")]
    for fact, title in (("start", "web process at start"), ("memory", "after 1,000 mixed requests"),
                        ("private", "of it not shared with files")):
        goal = f"  goal: < {GOAL_MB:.0f}: " + ("ok" if last[fact] < GOAL_MB else "MISSED") if fact == "memory" else ""
        lines.append(f"{title + ', MB':<28}" + "".join(f"{results[name][fact]:>16.0f}{'':>23}" for name in names)
                     + goal)
    return "\n".join(lines)


@contextlib.contextmanager
def server() -> Iterator[tuple[int, float]]:
    """The web server as a launch starts it, on a free port; yields the port and the seconds until its first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}",
                                "--worker-class", "gthread", "--workers", "1", "--threads", "8", "--log-level",
                                "warning", "--no-control-socket"], cwd=ROOT)
    try:
        while True:
            try:
                request(http.client.HTTPConnection("127.0.0.1", port, timeout=60), "/healthz")
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - before > 60:
                    raise
                time.sleep(0.02)
        yield port, time.perf_counter() - before
    finally:
        process.terminate()
        process.wait(20)


def request(connection: http.client.HTTPConnection, path: str) -> int:
    """Bytes of a successful answer; a redirect or an error ends the measurement."""
    connection.request("GET", path, headers={"Host": "localhost"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}: {body[:300].decode(errors='replace')}")
    return len(body)


if __name__ == "__main__":
    sys.exit(main())
