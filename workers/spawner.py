"""The worker's side of the warm process (workers.forkserver): started, asked for children, ended when it hangs."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from workers.jobs import Job

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0  # how long the warm process may take to import its libraries
REPLY_SECONDS = 30.0  # how long it may take to start a child; it takes milliseconds
MARK = "ASSAY_FORKSERVER"
SECRETS = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "POSTGRES_PASSWORD")  # nothing of a run's


@dataclass(frozen=True)
class Spawned:
    """A child at work: descriptors of what it tells, of its log and of its life, and which warm process made it."""

    events: int
    log: int
    life: int
    server: subprocess.Popen


class ForkServer:
    """The warm process, started on first use and again when it has died. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._mark = ""

    def start(self) -> None:
        """Make sure the process is there. Raises OSError with its last words when it does not come up."""
        with self._lock:
            self._ensure()

    def spawn(self, job: Job) -> Spawned:
        """A new child at work on `job`. Raises OSError when none can be started."""
        events_r, events_w = os.pipe()
        log_r, log_w = os.pipe()
        life_r, life_w = os.pipe()
        try:
            with tempfile.TemporaryFile("w+") as text:
                json.dump(asdict(job), text)
                text.flush()
                text.seek(0)
                with self._lock:
                    control = self._ensure()
                    server = self._process
                    assert server
                    try:
                        socket.send_fds(control, [b"j"], [text.fileno(), events_w, log_w, life_w])
                    except OSError:
                        self._end()
                        raise
        except OSError:
            for fd in (events_r, log_r, life_r):
                os.close(fd)
            raise
        finally:
            for fd in (events_w, log_w, life_w):
                os.close(fd)
        return Spawned(events_r, log_r, life_r, server)

    def give_up(self, server: subprocess.Popen) -> None:
        """End the process `server`, which does not answer, and every child of it. The next child gets another."""
        with self._lock:
            if self._process is server:
                self._end()

    def stop(self) -> None:
        """End the process and every child of it."""
        with self._lock:
            if self._control and self._process:
                self._control.close()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
            self._end()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _end(self) -> None:
        if self._control:
            self._control.close()
            self._control = None
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
            _end_marked(self._mark)

    def _ensure(self) -> socket.socket:
        """The control socket of a living process."""
        if self._control and self._process and self._process.poll() is None:
            return self._control
        self._end()
        ours, theirs = socket.socketpair()
        self._mark = uuid.uuid4().hex
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        # neither may asking for a GPU start CUDA, nor importing scikit-learn (by way of pyarrow) a thread
        environment = {**os.environ, **one_thread, "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
                       "JE_ARROW_MALLOC_CONF": "background_thread:false", MARK: self._mark}
        for name in SECRETS:
            environment.pop(name, None)
        with theirs:
            # a session of its own: signals to the worker's group leave the runs to the worker
            self._process = subprocess.Popen([sys.executable, "-m", "workers.forkserver", str(theirs.fileno())],
                                             cwd=ROOT, env=environment, pass_fds=[theirs.fileno()],
                                             stdin=subprocess.DEVNULL, start_new_session=True)
        ours.settimeout(START_SECONDS)
        try:
            ready = ours.recv(1)
        except TimeoutError:
            ready = b""
        if not ready:
            ours.close()
            self._process.kill()
            status = self._process.wait()
            self._process = None
            raise OSError(errno.ECHILD, f"the process that starts runs did not come up "
                                        f"(exit status {status}); its error is in the worker's output")
        ours.settimeout(REPLY_SECONDS)  # so that a frozen one whose socket is full does not freeze this side
        self._control = ours
        return ours


def _end_marked(mark: str) -> None:
    """Kill what a warm process left behind: where processes have no space of their own, some outlive it."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                process.kill()
