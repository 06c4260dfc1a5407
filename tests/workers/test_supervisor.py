"""The whole product under its launcher: whatever is killed comes back, and nothing is left when it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import psutil
import pytest

from config import premises
from tests.services import free_port, wait_until

pytestmark = pytest.mark.xdist_group("supervisor")


class Site:
    """A launcher on a data folder of its own, with the proving ground as its only arena."""

    def __init__(self, project, data):
        self.project, self.data, self.port = project, data, free_port()
        self.log = data.parent / "launch.log"
        self.environment = {**os.environ, "DATA_DIR": str(data), "PORT": str(self.port), "PYTHONUNBUFFERED": "1",
                            "CPU_SLOTS": "1", "LOG_LEVEL": "WARNING"}

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.launch"], cwd=self.project, stdout=log, stderr=log, env=self.environment,
                start_new_session=True,  # and hung up where the tests themselves are not (nohup)
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        wait_until(lambda: self.process.poll() is not None or self.well(), seconds=120,
                   what=f"the site; see {self.log}")
        assert self.process.poll() is None, self.log.read_text()[-3000:]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(40)

    def again(self) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-m", "config.launch"], cwd=self.project, capture_output=True, text=True,
                              env=self.environment, timeout=60)

    def health(self) -> dict:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except OSError:
            return {}

    def well(self) -> bool:
        """The site and the broker answer, and the processes that listen to the queues are those that run."""
        listening = {worker["pid"] for worker in self.health().get("workers", [])}
        parts = self.parts()
        return self.health().get("broker", False) and {parts[name].pid for name in ("cpu", "tasks")} <= listening \
            if {"web", "cpu", "tasks", "schedule", "broker"} <= set(parts) else False

    def parts(self) -> dict[str, psutil.Process]:
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                found[child.environ()[premises.MARK]] = child
            except (psutil.Error, KeyError):  # between fork and exec, or gone
                continue
        return found

    def left(self) -> list[str]:
        return [premises.command_of(process) for process in premises.parts_of(self.data)]


@pytest.fixture(scope="module")
def site(project, prepared_database, tmp_path_factory):
    data = tmp_path_factory.mktemp("launched") / "var"
    data.mkdir()
    for results in (project / "evaluations" / "shipped").glob("*.json*"):
        results.unlink()  # of arenas that this copy has not
    shutil.copy(prepared_database, data / "assay.sqlite3")
    site = Site(project, data)
    site.start()
    yield site
    site.end()
    assert site.left() == []


def ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("name", ["web", "web child", "cpu", "tasks", "schedule", "broker"])
def test_a_killed_part_comes_back_and_the_others_live_on(site, name):
    before = site.parts()
    part = name.partition(" ")[0]
    victim = before[part].children()[0] if name == "web child" else before[part]
    victim.kill()
    wait_until(lambda: ended(victim), seconds=5, what="its death")
    wait_until(site.well, seconds=60, what=f"all to be well again; see {site.log}")
    after = site.parts()
    same = {other for other in before if other in after and before[other].pid == after[other].pid}
    assert same == set(before) - ({part} if name == part else set())
    if name == part:
        assert f"{part} was killed (SIGKILL): it is started again in" in site.log.read_text()


def test_a_second_start_on_the_folder_is_refused(site):
    done = site.again()
    assert done.returncode == 1 and f"kill {site.process.pid}" in done.stderr and "in use by another" in done.stderr


def test_a_hang_up_ends_everything(site):
    site.process.send_signal(signal.SIGHUP)
    assert site.process.wait(120) == 0
    assert site.left() == []


def test_a_killed_launcher_leaves_nothing_and_the_next_start_works(site):
    site.end()  # where the test before ran in another process
    site.start()
    site.process.kill()
    site.process.wait()
    wait_until(lambda: not site.left(), seconds=120, what="the parts to end with their launcher")
    site.start()
