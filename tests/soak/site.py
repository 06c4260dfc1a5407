"""A whole installation under fire: the launcher with its own data folder, and what a client of it sees."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PARTS = {  # what to look for in a command line
    "web": "gunicorn",
    "cpu worker": "-Q cpu",
    "tasks worker": "-Q tasks",
    "scheduler": "celery beat",
    "fork server": "workers.forkserver",
    "broker": "valkey",
}


@dataclass
class Outage:
    """A stretch of time without an answer from the site."""

    began: float
    seconds: float
    during: str


@dataclass
class Site:
    """The launcher's process and everything under it."""

    project: Path  # whose code runs
    data: Path
    port: int
    environment: dict[str, str]
    token: str = ""
    during: str = ""  # the fault at work now, for the record of outages
    outages: list[Outage] = field(default_factory=list)
    broken_answers: list[str] = field(default_factory=list)
    process: subprocess.Popen | None = None

    def start(self) -> None:
        self.log = open(self.data / "launch.log", "ab")
        self.process = subprocess.Popen([sys.executable, "-m", "config.launch"], cwd=self.project, env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        start_new_session=True)
        deadline = time.monotonic() + 180
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the site did not come up: {(self.data / 'launch.log').read_text()[-3000:]}")
            time.sleep(0.2)

    def stop(self) -> list[psutil.Process]:
        """Ask the launcher to end; returns what still lives of its processes 20 seconds later."""
        assert self.process
        family = [self.process.pid, *(child.pid for child in self.family())]
        everyone = [psutil.Process(pid) for pid in family if psutil.pid_exists(pid)]
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        _, alive = psutil.wait_procs(everyone, timeout=20)
        self.log.close()
        return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]

    def family(self) -> list[psutil.Process]:
        """Every process of this site: those under the launcher, and those that carry its data folder in them."""
        assert self.process
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def parts(self, name: str) -> list[psutil.Process]:
        """The living processes of a part; for "run" the children of the fork server."""
        found = []
        for process in self.family():
            try:
                command = " ".join(process.cmdline())
                if name == "run":
                    parent = process.parent()
                    if parent and PARTS["fork server"] in " ".join(parent.cmdline()):
                        found.append(process)
                elif PARTS[name] in command and (name != "fork server" or not self._forked(process)):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    @staticmethod
    def _forked(process: psutil.Process) -> bool:
        """Whether this is a run rather than the server that forked it: both show one command line."""
        parent = process.parent()
        return bool(parent and PARTS["fork server"] in " ".join(parent.cmdline()))

    # --- as a client ---------------------------------------------------------------------------

    def answers(self, seconds: float = 3.0) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/papers/", timeout=seconds):
                return True
        except urllib.error.HTTPError as error:
            self.broken_answers.append(f"GET /papers/ answered {error.code} ({self.during or 'calm'})")
            return True
        except (OSError, http.client.HTTPException):
            return False

    def post(self, path: str, body: bytes, content_type: str, seconds: float = 30.0) -> dict | None:
        """The answer's JSON; None when there was none, which a client answers by asking again."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, {
            "Content-Type": content_type, "Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read(300).decode(errors="replace")
            self.broken_answers.append(f"POST {path} answered {error.code}: {text} ({self.during or 'calm'})")
            return None
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def watch(self, ended: threading.Event) -> None:
        """Note every stretch without an answer."""
        silent_since = None
        while not ended.is_set():
            asked = time.monotonic()
            if self.answers():
                if silent_since is not None:
                    self.outages.append(Outage(silent_since, time.monotonic() - silent_since, self.during))
                silent_since = None
            elif silent_since is None:
                silent_since = asked
            ended.wait(0.5)
        if silent_since is not None:
            self.outages.append(Outage(silent_since, time.monotonic() - silent_since, self.during))


def environment(data: Path, port: int, database: str, broker: str) -> dict[str, str]:
    """What the launcher is given; "" for the defaults."""
    chosen = {**os.environ, "DATA_DIR": str(data), "PORT": str(port), "LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1",
              "DJANGO_SETTINGS_MODULE": "config.settings"}
    for name, value in (("DATABASE_URL", database), ("REDIS_URL", broker)):
        if value:
            chosen[name] = value
        else:
            chosen.pop(name, None)
    return chosen
