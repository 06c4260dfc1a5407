"""One run in one child process, watched from outside: time, memory, cancellation, life and death."""

from __future__ import annotations

import codecs
import contextlib
import errno
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
LOG_LIMIT = 64 * 1024  # characters of output kept: the newest
LOOK_SECONDS = 0.1  # how often memory and time are looked at
TELL_SECONDS = 0.5  # how often news is passed on
BEAT_SECONDS = 2.0  # how often to call when there is no news
DATA_SECONDS = 1800.0  # how long loading data may take: a first fetch
START_SECONDS = 120.0  # how long the warm process may take to import its libraries


@dataclass(frozen=True)
class Job:
    """What the child is to do. `seconds` and `memory_mb` are the scale's hard limits.

    `device` is "cpu" or "cuda:0", `visible_devices` the child's CUDA_VISIBLE_DEVICES. On the CPU `seconds` are
    processor seconds, so that a busy machine makes no run fail; on a GPU they are seconds of the clock.
    `library` is a folder to import the methods from in place of the present ones; "" for those.
    `entry` is "module:function", called with the job and a function that tells events.
    """

    arena: str
    method: str
    seconds: float
    memory_mb: float
    params: dict[str, Any] = field(default_factory=dict)
    setting: str = "default"
    scale: str = "full"
    seed: int = 0
    device: str = "cpu"
    visible_devices: str = ""
    library: str = ""
    entry: str = "workers.child:run_job"
    nice: int = 5

    @property
    def clock_seconds(self) -> float:
        """The longest a run may take by the clock, however busy the machine."""
        return self.seconds if self.device != "cpu" else 10 * self.seconds + 60


@dataclass
class Watch:
    """What is known of a running child."""

    fraction: float = 0.0
    text: str = "starting"
    log: str = ""
    curve: list[dict[str, float]] = field(default_factory=list)
    code_digest: str = ""
    pid: int = 0
    memory_mb: float = 0.0
    peak_memory_mb: float = 0.0


@dataclass(frozen=True)
class Ending:
    """How a run ended. `kind` is DONE, STOPPED by this side, or whose or what failure it was."""

    DONE, STOPPED = "done", "stopped"
    METHOD, TIME, MEMORY, LOST, MACHINE = "method", "time", "memory", "lost", "machine"

    kind: str
    cause: str = ""
    outcome: dict[str, Any] | None = None
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    log: str = ""
    curve: list[dict[str, float]] = field(default_factory=list)
    code_digest: str = ""


@dataclass(frozen=True)
class Exit:
    """The forkserver's last word on a child: its exit status, or why there is none."""

    status: int | None = None
    error: str = ""


class ForkServer:
    """The warm process, started on first use and again when it has died. Safe to use from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Make sure the process is there. Raises OSError with its last words when it does not come up."""
        with self._lock:
            self._ensure()

    def spawn(self, job: Job) -> tuple[int, int]:
        """A new child at work on `job`: descriptors to read its events and its log from."""
        job_r, job_w = os.pipe()
        events_r, events_w = os.pipe()
        log_r, log_w = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._ensure(), [b"j"], [job_r, events_w, log_w])
        except OSError:
            for fd in (job_w, events_r, log_r):
                os.close(fd)
            raise
        finally:
            for fd in (job_r, events_w, log_w):
                os.close(fd)
        with os.fdopen(job_w, "w") as file:
            json.dump(asdict(job), file)
        return events_r, log_r

    def stop(self) -> None:
        """End the process and every child of it."""
        with self._lock:
            if self._control:
                self._control.close()
                self._control = None
            if self._process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(5)
                if self._process.poll() is None:
                    self._process.kill()
                    self._process.wait()
                self._process = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _ensure(self) -> socket.socket:
        """The control socket of a living process."""
        if self._control and self._process and self._process.poll() is None:
            return self._control
        if self._control:
            self._control.close()
        ours, theirs = socket.socketpair()
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        # neither may asking for a GPU start CUDA, nor importing scikit-learn (by way of pyarrow) a thread
        environment = {**os.environ, **one_thread, "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
                       "JE_ARROW_MALLOC_CONF": "background_thread:false"}
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
            self._control = None
            self._process.kill()
            raise OSError(errno.ECHILD, f"the process that starts runs did not come up "
                                        f"(exit status {self._process.wait()}); its error is in the worker's output")
        ours.settimeout(None)
        self._control = ours
        return ours


def run_isolated(server: ForkServer, job: Job, on_news: Callable[[Watch], str | None] = lambda watch: None) -> Ending:
    """Run `job` in a child of `server` and watch it to its end.

    `on_news` is called at most every TELL_SECONDS with what is known, at least every BEAT_SECONDS; when it
    returns a text, the child is killed and the ending is `stopped` with that cause.
    """
    try:
        events, log = server.spawn(job)
    except OSError as error:
        return Ending(Ending.MACHINE, f"no process could be started: {error.strerror or error}")
    return _Watcher(job, events, log, on_news).to_the_end()


class _Watcher:
    def __init__(self, job: Job, events: int, log: int, on_news: Callable[[Watch], str | None]):
        self.job, self.on_news, self.watch = job, on_news, Watch()
        self.events, self.log = events, log
        self.half_line, self.decoder = b"", codecs.getincrementaldecoder("utf-8")("replace")
        self.exit: Exit | None = None
        self.outcome: dict[str, Any] | None = None
        self.error: dict[str, str] | None = None
        self.verdict: tuple[str, str] | None = None  # kind and cause, when this side killed the child
        self.news = True
        self.started = self.told = time.monotonic()
        self.process: psutil.Process | None = None  # the child, once it has said that it is there
        self.measuring_since: float | None = None
        self.processor_before = 0.0

    def to_the_end(self) -> Ending:
        with selectors.DefaultSelector() as selector:
            for fd in (self.events, self.log):
                os.set_blocking(fd, False)
                selector.register(fd, selectors.EVENT_READ)
            try:
                while self.exit is None:
                    for key, _ in selector.select(LOOK_SECONDS):
                        if not self._read(key.fd):
                            selector.unregister(key.fd)
                            if key.fd == self.events and self.exit is None:
                                self.exit = Exit(error="the process that starts runs has died")
                    self._look()
                    self._pass_on()
                self._read(self.log)
            finally:
                self._kill()
                os.close(self.events)
                os.close(self.log)
        return self._ending(self.exit)

    def _read(self, fd: int) -> bool:
        """Take in what is there. False at the end of the stream."""
        while True:
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            if fd == self.log:
                self._take_log(data)
                if len(data) < 65536:
                    return True
            else:
                *lines, self.half_line = (self.half_line + data).split(b"\n")
                for line in lines:
                    self._take_event(line)

    def _take_log(self, data: bytes) -> None:
        text = self.decoder.decode(data).replace("\0", "")  # PostgreSQL keeps no NUL in a text
        self.watch.log = (self.watch.log + text)[-LOG_LIMIT:]
        self.news = True

    def _take_event(self, line: bytes) -> None:
        try:
            event = json.loads(line) if line else None
        except ValueError:
            return  # cut off when the child was killed
        if not event:
            return
        self.news = True
        kind = event.pop("event")
        if kind == "started":
            self.watch.pid = event["pid"]
            with contextlib.suppress(psutil.Error):  # it has ended already, or the system does not tell
                self.process = psutil.Process(self.watch.pid)
        elif kind == "code":
            self.watch.code_digest = event["digest"]
        elif kind == "measuring":
            self.measuring_since, self.processor_before = time.monotonic(), self._processor_seconds()
        elif kind == "progress":
            self.watch.fraction, self.watch.text = event["fraction"], event["text"][:200]
            self.watch.curve += event["points"]
        elif kind == "points":
            self.watch.curve += event["points"]
        elif kind == "outcome":
            self.outcome = event["outcome"]
        elif kind == "error":
            self.error = event
        elif kind == "exit":
            self.exit = Exit(**event)

    def _look(self) -> None:
        if not self.watch.pid or self.exit or self.verdict or self.outcome is not None:
            return
        self._weigh()
        now = time.monotonic()
        if self.watch.memory_mb > self.job.memory_mb:
            self._end(Ending.MEMORY, f"went over the memory limit of {self.job.memory_mb:g} MB: "
                                     f"it held {self.watch.memory_mb:.0f} MB")
        elif self.measuring_since is None:
            if now - self.started > DATA_SECONDS:
                self._end(Ending.MACHINE, f"its data did not load within {DATA_SECONDS / 60:g} minutes")
        elif now - self.measuring_since > self.job.clock_seconds:
            self._end(Ending.TIME, f"hit the time limit of {self.job.seconds:g} s" if self.job.device != "cpu" else
                      f"gave no result within {self.job.clock_seconds:g} s, though its limit is "
                      f"{self.job.seconds:g} s of processor time")
        elif self.job.device == "cpu":
            if self._processor_seconds() - self.processor_before > self.job.seconds:
                self._end(Ending.TIME, f"hit the time limit of {self.job.seconds:g} s of processor time "
                                       f"({self.watch.text})")

    def _weigh(self) -> None:
        """Take down the resident memory, as in a run's peak memory; the last known stays when none can be read."""
        memory = 0.0
        if self.process:
            with contextlib.suppress(psutil.Error):
                memory = self.process.memory_info().rss / 2**20
        if memory:  # a process that has just ended holds none
            self.watch.memory_mb, self.watch.peak_memory_mb = memory, max(memory, self.watch.peak_memory_mb)

    def _processor_seconds(self) -> float:
        """Of the child alone; 0 when it has ended or the system does not tell."""
        if self.process:
            with contextlib.suppress(psutil.Error):
                times = self.process.cpu_times()
                return times.user + times.system
        return 0.0

    def _pass_on(self) -> None:
        now = time.monotonic()
        if self.verdict or now - self.told < (TELL_SECONDS if self.news else BEAT_SECONDS):
            return
        self.told, self.news = now, False
        stop = self.on_news(self.watch)
        if stop and self.outcome is None:
            self._end(Ending.STOPPED, stop)

    def _end(self, kind: str, cause: str) -> None:
        self.verdict = kind, cause
        self._kill()

    def _kill(self) -> None:
        if self.watch.pid and (self.exit is None or self.exit.status is None):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.watch.pid, signal.SIGKILL)

    def _ending(self, last: Exit) -> Ending:
        kind, cause = self._kind_and_cause(last)
        return Ending(kind, cause, self.outcome, seconds=time.monotonic() - (self.measuring_since or self.started),
                      peak_memory_mb=self.watch.peak_memory_mb, log=self.watch.log, curve=self.watch.curve,
                      code_digest=self.watch.code_digest)

    def _kind_and_cause(self, last: Exit) -> tuple[str, str]:
        if self.outcome is not None:
            return Ending.DONE, ""
        if self.verdict:
            return self.verdict
        if self.error:
            kind, cause = self.error["failure"], self.error["cause"]
            if kind == Ending.MEMORY:
                cause = f"went over the memory limit of {self.job.memory_mb:g} MB: {cause}"
            return kind, cause
        if last.status is None:
            return Ending.MACHINE, last.error
        return _death(last.status)


def _death(status: int) -> tuple[str, str]:
    """Kind and cause when a child ended without a word. A negative status is the signal's number."""
    if status >= 0:
        return Ending.METHOD, f"the process ended with exit status {status} and no outcome"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    if -status in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        return Ending.LOST, f"its process was killed from outside ({name}); the machine may have run out of memory"
    return Ending.METHOD, f"its process crashed ({name})"
