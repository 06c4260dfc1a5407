"""How long `make run` takes until the site answers, after the install: the first time and the second.

A copy of this checkout whose library is grown by copies of its method files (800), and whose shipped results are
grown by further seeds (20,000 runs), starts on an empty data folder, is stopped, and starts again. Beside the clock
stand the processor seconds of the whole process tree, which other work on the machine disturbs less. In the first
start vectors and links are made by the workers while the site answers: the time until all is embedded is said too.

    python -m bench.start                      about five minutes on two cores that do nothing else
    python -m bench.start --methods 0          this checkout as it is
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from bench import _library_growth as growth
from bench._history import Figure, note, verdicts
from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
FIRST, SECOND = 30.0, 5.0  # goals in seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", type=int, default=800, help="0 for those there are")
    parser.add_argument("--runs", type=int, default=20_000)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="assay-b-"))
    try:
        project = home / "project"
        growth.copy_checkout(ROOT, project)
        if options.methods:
            ship(project, home / "measured", options.methods, options.runs)
        shipped = sum(file.stat().st_size for file in (project / "evaluations" / "shipped").iterdir())
        print(f"{options.methods or 'the present'} methods, shipped results of {shipped / 1e6:.2f} MB")
        figures = []
        for name, goal in (("first", FIRST), ("second", SECOND)):
            wall, used = started(project, home / "data")
            title = f"{options.methods or 'the present'} methods: {name} start"
            figures += [Figure(f"{title}, answers after", wall, "s", goal), Figure(f"{title}, processor", used, "s")]
        print("\n".join(verdicts(figures, note("start", figures))))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


def ship(project: Path, data: Path, methods: int, runs: int) -> None:
    """Grow the project's library and the results that it ships."""
    copies = growth.grow_library(project, methods)
    data.mkdir()
    for command in (["migrate", "-v0"], ["sync_methods"], ["load_results"]):
        manage(project, data, *command)
    _, there = growth.currency(data)
    with growth.database(data) as connection:
        scores = connection.execute("SELECT count(*) FROM evaluations_score").fetchone()[0]
    growth.fill(data, copies, round(runs * scores / there))
    while (there := growth.currency(data)[1]) < runs:
        with growth.database(data) as connection:
            scores = connection.execute("SELECT count(*) FROM evaluations_score").fetchone()[0]
        growth.fill(data, [], round(1.02 * runs * scores / there))
    manage(project, data, "dump_results")


def manage(project: Path, data: Path, *command: str) -> None:
    done = subprocess.run([sys.executable, "manage.py", *command], cwd=project, env=environment(data),
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"manage.py {' '.join(command)} failed: {done.stderr[-2000:]}")


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return {**kept, "DATA_DIR": str(data), "PYTHONDONTWRITEBYTECODE": "", **more}


def started(project: Path, data: Path) -> tuple[float, float]:
    """Start all, wait for the front page, stop all: seconds by the clock, and of processor, until it answered."""
    port = free_port()
    with open(data.with_suffix(".log"), "ab") as log:
        before = time.perf_counter()
        launch = subprocess.Popen([sys.executable, "-m", "config.launch"], cwd=project, stdout=log, stderr=log,
                                  env=environment(data, PORT=str(port)), start_new_session=True)
        try:
            while not answers(port):
                if launch.poll() is not None or time.perf_counter() - before > 900:
                    sys.exit(f"it did not start: {data.with_suffix('.log').read_text()[-2000:]}")
                time.sleep(0.05)
            return time.perf_counter() - before, processor_seconds(launch.pid)
        finally:
            launch.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                launch.wait(60)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def processor_seconds(pid: int) -> float:
    process = psutil.Process(pid)
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


if __name__ == "__main__":
    sys.exit(main())
