"""Filling an arena's table through the workers, against one fresh Python process for every run.

The same 30 runs (smoke scale), as many at a time, on the same machine, one way after the other; the scores of both
ways are compared and must be equal. The worker is up before the clock starts, as it is in an installation; how long
it takes to come up is said beside it. The clock of the workers' way runs from the request to the last stored score.

Then the efficiency of the workers: 60 full runs of 1.4 s of computing each (median), by the wall clock (computing over
clock x slots: what idle slots and overhead leave, on a machine that does nothing else) and by the processor's
(computing over all that worker, warm process and runs used: what overhead leaves, on any machine).

    python -m bench.runs                       long-tail, as many at a time as there are cores
    python -m bench.runs optimizers --slots 1
    python -m bench.runs --json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench._history import Figure, note, verdicts

ROOT = Path(__file__).resolve().parent.parent
RUNS = 30
GOAL, GOAL_RATIO = 0.95, 14.0
SHORT = "optimizers", 6, 10  # arena, methods, seeds: runs of 1.4 s
FRESH = ("import json, sys; from methods.kit.engine.execute import execute; import torch; torch.set_num_threads(1); "
         "arena, method, seed = sys.argv[1:]; "
         "print(json.dumps(execute(arena, method, scale='smoke', seed=int(seed)).scores))")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arena", nargs="?", default="long-tail")
    parser.add_argument("--slots", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="assay-b-"))
    os.environ |= {"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        import django
        django.setup()
        from workers.broker import embedded_broker
        for command in (["migrate", "-v0"], ["sync_methods"]):
            subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        jobs = jobs_of(options.arena)
        with embedded_broker(), worker(options.slots, folder / "worker.log") as (up, process):
            by_workers, worker_seconds = through_workers(options.arena, jobs)
            short = efficiency(options.slots, process.pid)
        by_processes, process_seconds = through_processes(options.arena, jobs, options.slots)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if by_workers != by_processes:
        different = [f"{slug} seed {seed}" for slug, seed in jobs if by_workers[slug, seed] != by_processes[slug, seed]]
        sys.exit(f"The two ways gave different scores, so the comparison is void: {', '.join(different)}")
    result = {"arena": options.arena, "runs": len(jobs), "slots": options.slots, "worker_start_seconds": up,
              "workers_seconds": worker_seconds, "processes_seconds": process_seconds,
              "ratio": process_seconds / worker_seconds, "efficiency": short}
    figures = [Figure("times as fast as a process for each run", result["ratio"], "x", GOAL_RATIO, more_is_better=True),
               Figure("a run through the workers", 1000 * worker_seconds / len(jobs), "ms"),
               *(Figure(f"efficiency by {name}", short[name], "", GOAL, more_is_better=True)
                 for name in ("wall", "processor"))]
    changes = note("runs", figures)
    if options.json:
        print(json.dumps(result, indent=1))
        return 0
    print(f"{len(jobs)} runs of {options.arena} (smoke), {options.slots} at a time, equal scores both ways")
    for name, seconds in (("through the workers", worker_seconds), ("a fresh process each", process_seconds)):
        print(f"  {name:<22}{seconds:8.2f} s{1000 * seconds / len(jobs):8.0f} ms a run")
    print(f"  (the worker took {up:.1f} s to come up)")
    print(f"{short['runs']} full runs of {SHORT[0]}, {short['median_seconds']:.2f} s of computing each (median)\n")
    print("\n".join(verdicts(figures, changes)))
    return 0


def jobs_of(arena: str) -> list[tuple[str, int]]:
    """Method and seed of the first runs that a request for the whole table queues."""
    from methods.models import Method
    slugs = list(Method.objects.filter(arena=arena, present=True).order_by("slug").values_list("slug", flat=True))
    if not slugs:
        sys.exit(f"There is no arena {arena}")
    return [(slugs[i % len(slugs)], i // len(slugs)) for i in range(RUNS)]


@contextlib.contextmanager
def worker(slots: int, log: Path):
    """A worker of the cpu queue that is ready for work; yields the seconds until it was, and its process."""
    from evaluations.models import Worker
    before = time.perf_counter()
    with open(log, "wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "celery", "-A", "workers.celery", "worker", "--pool=threads",
                                    "-Q", "cpu", "-c", str(slots), "--without-gossip", "--without-mingle", "-l",
                                    "info"], cwd=ROOT, stdout=output, stderr=output)
    try:
        # the line comes when it consumes; its fork server is started right before
        while not (b" ready." in log.read_bytes() and Worker.objects.exists() and _forkserver(process.pid)):
            if process.poll() is not None or time.perf_counter() - before > 120:
                sys.exit(f"the worker did not come up: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield time.perf_counter() - before, process
    finally:
        process.terminate()
        process.wait(30)


def _forkserver(pid: int) -> bool:
    """Whether the worker's warm process waits for jobs: idle, with torch in memory."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            status = Path(f"/proc/{child}/status").read_text()
            memory = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
            if memory > 200_000 and "State:\tS" in status:
                return True
    return False


def through_workers(arena: str, jobs: list[tuple[str, int]]) -> tuple[dict, float]:
    from evaluations.models import Run, Score
    from evaluations.runs.services import request_runs
    from methods.models import Method
    methods = {method.slug: method for method in Method.objects.select_related("arena").filter(arena=arena)}
    before = time.perf_counter()
    for seed in sorted({seed for _, seed in jobs}):
        request_runs(methods=[methods[slug] for slug, s in jobs if s == seed], scale="smoke", seeds=[seed])
    while Run.objects.filter(state__in=Run.ACTIVE).exists():
        time.sleep(0.02)
    seconds = time.perf_counter() - before
    failed = Run.objects.exclude(state=Run.DONE).first()
    if failed:
        sys.exit(f"{failed} failed: {failed.cause}")
    scores: dict[tuple[str, int], dict[str, float]] = {}
    for score in Score.objects.select_related("run__method"):
        scores.setdefault((score.run.method.slug, score.run.seed), {})[score.metric] = score.value
    return scores, seconds


def efficiency(slots: int, worker_pid: int) -> dict[str, float]:
    """Of SHORT runs at full scale: the part of the slots' time, and of the processor time used, that was computing."""
    from evaluations.models import Run
    from evaluations.runs.services import request_runs
    from methods.models import Method
    arena, methods, seeds = SHORT
    asked = list(Method.objects.select_related("arena").filter(arena=arena, present=True).order_by("slug"))[:methods]
    used, before = processor_seconds(worker_pid), time.perf_counter()
    request_runs(methods=asked, seeds=range(seeds))
    while Run.objects.filter(state__in=Run.ACTIVE).exists():
        time.sleep(0.1)
    wall, used = time.perf_counter() - before, processor_seconds(worker_pid) - used
    done = list(Run.objects.filter(state=Run.DONE, scale="full").values_list("seconds", flat=True))
    if len(done) < len(asked) * seeds:
        sys.exit(f"a run failed: {Run.objects.exclude(state=Run.DONE).values_list('cause', flat=True).first()}")
    return {"runs": len(done), "median_seconds": statistics.median(done), "wall": sum(done) / (wall * slots),
            "processor": sum(done) / used}


def processor_seconds(pid: int) -> float:
    """What a worker, its warm process and the runs that have ended used."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


def through_processes(arena: str, jobs: list[tuple[str, int]], slots: int) -> tuple[dict, float]:
    def run(job: tuple[str, int]) -> dict[str, float]:
        done = subprocess.run([sys.executable, "-c", FRESH, arena, job[0], str(job[1])], cwd=ROOT,
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{job} failed: {done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])

    before = time.perf_counter()
    with ThreadPoolExecutor(slots) as pool:
        scores = dict(zip(jobs, pool.map(run, jobs), strict=True))
    return scores, time.perf_counter() - before


if __name__ == "__main__":
    sys.exit(main())
