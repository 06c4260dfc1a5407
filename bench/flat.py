"""What grows with the collection and what does not: pages, polls and background work at two sizes, in one run.

The same site is filled with 10,000 and then with 100,000 papers (texts: what the installed packages say of themselves;
vectors: 20,000 real ones and perturbed copies of them), ten arenas of a hundred methods with drawn scores, a hundred
thousand in all, and asked over HTTP from the real web server. Each page stands beside what it costs at the smaller
size; each piece of background work is timed with 100 papers more. Nothing here says how good a result is.

    python -m bench.flat                         both sizes, on SQLite
    python -m bench.flat --papers 2000 20000     other sizes
    python -m bench.flat --json
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (10_000, 100_000)
ARENAS, METHODS, SEEDS = 10, 100, 25
REQUESTS = 20
MORE = 100  # papers added to a full site
GOAL_MS = 100.0
QUERIES = ["gradient descent", "read a csv file", "random forest classifier", '"sparse matrix" -dense', "tokenizer",
           "convert a tensor to another type", "year:2015 optimizer", "http request with retries"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, nargs=2, default=SIZES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {}
    for count in options.papers:  # a process each: what a size leaves in memory is not the next one's
        folder = Path(tempfile.mkdtemp(prefix="assay-b-"))
        environment = {**os.environ, "DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings",
                       "LOG_LEVEL": "ERROR"}
        for name in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(name, None)
        try:
            done = subprocess.run([sys.executable, "-m", "bench._flat_site", str(count)], env=environment,
                                  stdout=subprocess.PIPE, text=True, check=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        results[count] = json.loads(done.stdout.splitlines()[-1])
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        print(told(results))
    return 0


def told(results: dict[int, dict]) -> str:
    small, large = results
    lines = [f"{large:,} papers beside {small:,}; {ARENAS * METHODS:,} methods, {ARENAS * METHODS * SEEDS:,} runs; "
             f"load {os.getloadavg()[0]:.1f}\n",
             f"{'page, ms':<34}{'median':>9}{'p95':>9}{f'p95 at {small:,}':>16}{'kB':>7}  goal: p95 < {GOAL_MS:.0f} ms"]
    for name, page in results[large]["pages"].items():
        before = results[small]["pages"][name]
        lines.append(f"{name:<34}{page['median']:>9.1f}{page['p95']:>9.1f}{before['p95']:>16.1f}"
                     f"{page['bytes'] / 1024:>7.0f}  {'ok' if page['p95'] < GOAL_MS else 'MISSED'}")
    lines += ["", f"{'background work, CPU seconds':<34}{f'{large:,}':>12}{f'{small:,}':>12}"]
    for name, seconds in results[large]["work"].items():
        lines.append(f"{name:<34}{seconds:>12.2f}{results[small]['work'][name]:>12.2f}")
    lines += ["", *(f"{name:<34}{value:>12,.1f}{results[small]['facts'][name]:>12,.1f}"
                    for name, value in results[large]["facts"].items())]
    return "\n".join(lines)


def cpu() -> float:
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def ask(port: int, paths: list[str], requests: int) -> dict[str, float]:
    """Milliseconds of these addresses in turn, after one round that is not counted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    from bench.pages import request
    times, size = [], 0
    for number in range(len(paths) + requests):
        path = paths[number % len(paths)]
        before = time.perf_counter()
        size = request(connection, path)
        if number >= len(paths):
            times.append((time.perf_counter() - before) * 1000)
    connection.close()
    return {"median": statistics.median(times), "p95": statistics.quantiles(times, n=20)[-1], "bytes": size}


if __name__ == "__main__":
    sys.exit(main())
