"""A real installation for the worker tests: database file, broker, worker processes, and an arena of misbehaviour.

The worker processes run from a copy of the project to which `proving_ground` is added as an arena, because the
arenas that are shipped neither crash nor hang.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connections

from tests.services import wait_until

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("config", "papers", "methods", "evaluations", "workers", "templates", "static", "manage.py")
GROUND = Path(__file__).parent / "proving_ground"


class Installation:
    """A copy of the project with its own data folder, whose database this process uses too."""

    def __init__(self, project: Path, data: Path):
        self.project, self.data = project, data
        self.environment = {**os.environ, "DATA_DIR": str(data), "LOG_LEVEL": "INFO", "PYTHONUNBUFFERED": "1",
                            "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(project)}
        self.workers: list[subprocess.Popen] = []
        self.broker: subprocess.Popen | None = None

    def manage(self, *command: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "manage.py", *command], cwd=self.project, env=self.environment,
                              capture_output=True, text=True, timeout=120, **options)

    def start_broker(self) -> None:
        from workers import broker
        self.broker = broker.start(settings.EMBEDDED_REDIS_DIR)

    def stop_broker(self, *, kill: bool = False) -> None:
        from workers import broker
        if kill:
            self.broker.kill()
            self.broker.wait()
        else:
            broker.stop(self.broker)
        self.broker = None

    def start_worker(self, *, queues: str = "cpu", slots: int = 1, environment=(), wait: bool = True
                     ) -> subprocess.Popen:
        """A worker process in a session of its own, listening when this returns."""
        from evaluations.models import Worker
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "workers.celery", "worker", "--pool=threads", "-Q", queues,
                 "-n", f"w{len(self.workers)}@%h", "-c", str(slots), "-l", "info", "--without-gossip",
                 "--without-mingle"], cwd=self.project, env={**self.environment, **dict(environment)},
                stdout=log, stderr=log, start_new_session=True)
        self.workers.append(process)
        if wait:
            wait_until(lambda: process.poll() is not None or Worker.objects.filter(pid=process.pid).exists(),
                       seconds=60, what=f"a worker to come up; see {self.log}")
            assert process.poll() is None, self.log.read_text()[-2000:]
        return process

    @property
    def log(self) -> Path:
        return self.data / "workers.log"

    def stop_workers(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                process.terminate()
        for process in self.workers:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.workers = []


def _ignore(folder, names):
    return [name for name in names if name == "__pycache__" or name.endswith((".md", ".pyc"))]


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Path:
    """A copy of the project with the proving ground among its arenas."""
    copy = tmp_path_factory.mktemp("project")
    for part in PARTS:
        source = ROOT / part
        shutil.copytree(source, copy / part, ignore=_ignore) if source.is_dir() else shutil.copy(source, copy / part)
    arenas = copy / "methods" / "arenas"
    for arena in arenas.glob("*/arena.py"):
        shutil.rmtree(arena.parent)
    ground = arenas / "proving_ground"
    shutil.copytree(GROUND, ground, ignore=_ignore)
    (ground / "__init__.py").touch()
    return copy


@pytest.fixture(scope="session")
def prepared_database(project, tmp_path_factory) -> Path:
    """A migrated database file that mirrors the proving ground."""
    data = tmp_path_factory.mktemp("data")
    installation = Installation(project, data)
    for command in (["migrate", "-v0"], ["sync_methods"]):
        done = installation.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    return data / "assay.sqlite3"


@pytest.fixture(scope="module")
def installation(project, prepared_database, django_db_blocker):
    """The installation with its broker up and no worker yet. This process shares its database."""
    data = settings.DATA_DIR
    for old in data.glob("assay.sqlite3*"):
        old.unlink()
    shutil.copy(prepared_database, data / "assay.sqlite3")
    before, described = connections["default"], connections.settings["default"]
    file = {**described, "NAME": str(data / "assay.sqlite3")}
    connections.settings["default"] = file
    del connections["default"]
    running = Installation(project, data)
    with django_db_blocker.unblock():
        try:
            running.start_broker()
            yield running
        finally:
            running.stop_workers()
            if running.broker:
                running.stop_broker()
            connections["default"].close()
            connections.settings["default"] = described
            connections["default"] = before
            shutil.rmtree(settings.EMBEDDED_REDIS_DIR, ignore_errors=True)


@pytest.fixture(scope="module")
def worker(installation) -> subprocess.Popen:
    """One worker of the cpu queue with two slots, shared by a module's tests."""
    return installation.start_worker(slots=2)


@pytest.fixture
def ask(installation):
    """Queue one run of the proving ground and return it; the next seed every time, so that it is always new."""
    from evaluations.models import Run
    from evaluations.runs.services import request_runs
    from methods.models import Method

    def ask(method: str, *, scale: str = "full", queue: str = "cpu", **params) -> Run:
        row = Method.objects.select_related("arena").get(arena="proving-ground", slug=method)
        seed = Run.objects.count()
        report = request_runs(methods=[row], scale=scale, seeds=[seed], queue=queue, params=params)
        assert len(report.queued) == 1, report
        return Run.objects.get(pk=report.queued[0])
    return ask


@pytest.fixture
def until(installation):
    """Wait until a run is in one of the states; the run as it then is."""
    def until(run, *states: str, seconds: float = 60):
        def reached() -> bool:
            run.refresh_from_db()
            return run.state in states
        wait_until(reached, seconds=seconds, what=f"{run} to be {' or '.join(states)}, it is {run.state}", pause=0.05)
        return run
    return until


def run_process(worker_pid: int, *, seconds: float = 10) -> int:
    """The process doing a run of this worker: the child of its forkserver."""
    def started() -> int | None:
        for forkserver in _children(worker_pid):
            for run in _children(forkserver.pid):
                return run.pid
        return None
    return wait_until(started, seconds=seconds, what="the run's process", pause=0.02)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def gone(pid: int) -> bool:
    """Whether the process has ended (a zombie has)."""
    try:
        return psutil.Process(pid).status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return True


def eventually_gone(pid: int, *, seconds: float = 5) -> None:
    wait_until(lambda: gone(pid), seconds=seconds, what=f"process {pid} to end", pause=0.02)
