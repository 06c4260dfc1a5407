"""One run in processes of its own, watched from outside: time, memory, output, cancellation, life and death."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from workers import spawner
from workers.jobs import Ending, Job, Watch
from workers.processes import Usage, end_descendants, usage
from workers.scratch import scratch_folder
from workers.spawner import ForkServer
from workers.told import EVENTS_LIMIT, LOG_LIMIT, Events, Log, TooMuch

__all__ = ["LOG_LIMIT", "Ending", "ForkServer", "Job", "Watch", "run_isolated"]

LOOK_SECONDS = 0.1  # how often memory and time are looked at
MOST_A_LOOK = 1.0  # seconds charged for the time between two looks: when this side stood still, so may all have
TELL_SECONDS = 0.5  # how often news is passed on
BEAT_SECONDS = 2.0  # how often to call when there is no news
FETCH_SECONDS = 1800.0  # how long a first fetch of data may take
LOAD_SECONDS = 60.0  # how long, by its clock, a run may take before it measures: its imports, data from the disk
LAST_WORDS_SECONDS = 2.0  # how long a run may live on that has told its outcome
DEATH_SECONDS = 10.0  # how long killed processes may take to end
MOST_TASKS = 64  # processes and threads of one run
FOLDER_MB, FOLDER_FILES = 1024, 10_000  # what a run may keep in its folder


def run_isolated(server: ForkServer, job: Job, on_news: Callable[[Watch], str | None] = lambda watch: None,
                 on_finished: Callable[[], None] = lambda: None) -> Ending:
    """Run `job` in a child of `server` and watch it to its end; of what it started, nothing lives on.

    `on_news` is called at most every TELL_SECONDS with what is known, at least every BEAT_SECONDS; when it
    returns a text, the child is killed and the ending is `stopped` with that cause. `on_finished` is called, once or
    more, when the run has told its outcome: its processes have yet to end. A run may neither connect nor
    write where data is kept: where it lacks data, a job that only loads them goes first.
    """
    ending = _attempt(server, job, on_news, on_finished)
    if ending.kind == Ending.DATA:
        loaded = _attempt(server, replace(job, entry="workers.child:load_data", confined=False), on_news)
        if loaded.kind != Ending.DONE:
            return loaded
        ending = _attempt(server, job, on_news, on_finished)
        if ending.kind == Ending.DATA:
            return replace(ending, kind=Ending.METHOD)
    return ending


def _attempt(server: ForkServer, job: Job, on_news: Callable[[Watch], str | None],
             on_finished: Callable[[], None] = lambda: None) -> Ending:
    with scratch_folder() as folder:
        job = replace(job, folder=folder)
        try:
            spawned = server.spawn(job)
        except OSError as error:
            return Ending(Ending.MACHINE, f"no process could be started: {error.strerror or error}")
        return _Watcher(server, spawned, job, on_news, on_finished).to_the_end()


@dataclass(frozen=True)
class Exit:
    """The warm process's last word on a run: its exit status, or why there is none."""

    status: int | None = None
    error: str = ""


class _Watcher:
    def __init__(self, server: ForkServer, spawned: spawner.Spawned, job: Job, on_news: Callable[[Watch], str | None],
                 on_finished: Callable[[], None]):
        self.server, self.spawned, self.job, self.on_news, self.on_finished = server, spawned, job, on_news, on_finished
        self.watch = Watch()
        self.log, self.events, self.life = Log(), Events(), Events()
        self.exit: Exit | None = None
        self.keeper = 0
        self.outcome: dict[str, Any] | None = None
        self.error: dict[str, str] | None = None
        self.verdict: tuple[str, str] | None = None  # kind and cause, when this side killed the child
        self.news = True
        self.started = self.told = self.looked = self.looked_at_folder = time.monotonic()
        self.killed: float | None = None
        self.finished: float | None = None  # when it told its outcome or error
        self.measuring_since: float | None = None
        self.usage = Usage()
        self.processor_before = self.processor = self.clock = 0.0  # seconds

    def to_the_end(self) -> Ending:
        events, log, life = self.spawned.events, self.spawned.log, self.spawned.life
        try:
            with selectors.DefaultSelector() as selector:
                for fd in (events, log, life):
                    os.set_blocking(fd, False)
                    selector.register(fd, selectors.EVENT_READ)
                while self.exit is None:
                    for key, _ in selector.select(LOOK_SECONDS):
                        if not self._read(key.fd):
                            selector.unregister(key.fd)
                            if key.fd == life and self.exit is None:
                                self.exit = Exit(error="the process that starts runs has died")
                    self._look()
                    self._pass_on()
                self._read(events)
                self._read(log)
        finally:
            self._kill()
            for fd in (events, log, life):
                os.close(fd)
        return self._ending(self.exit)

    def _read(self, fd: int) -> bool:
        """Take in what is there, up to a bound, so that who floods a pipe delays no look. False at its end."""
        for _ in range(16):
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            if fd == self.spawned.log:
                self.watch.log, self.news = self.log.take(data), True
            elif fd == self.spawned.life:
                for event in self.life.take(data):
                    self._take_life(event)
            elif not self.verdict:
                try:
                    for event in self.events.take(data):
                        self._take_event(event)
                except TooMuch:
                    self._end(Ending.METHOD, f"told more than {EVENTS_LIMIT / 2**20:g} MB of outcome, curve and "
                                             "progress")
                except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
                    self._end(Ending.METHOD, f"told what is no event ({type(error).__name__}: {error})"[:300])
        return True

    def _take_life(self, event: dict[str, Any]) -> None:
        if event["event"] == "started":
            self.watch.pid, self.keeper = event["pid"], event["keeper"]
        else:
            self.exit = Exit(event.get("status"), event.get("error", ""))

    def _take_event(self, event: dict[str, Any]) -> None:
        self.news = True
        kind = event["event"]
        if kind == "code":
            self.watch.code_digest = str(event["digest"])[:64]
        elif kind == "measuring":
            if self.measuring_since is None:  # said once: saying it again buys no time
                self._weigh()
                self.measuring_since, self.processor_before, self.clock = time.monotonic(), self.processor, 0.0
        elif kind == "progress":
            self.watch.fraction, self.watch.text = float(event["fraction"]), str(event["text"])[:200]
            self.watch.curve += [dict(point) for point in event["points"]]
        elif kind == "points":
            self.watch.curve += [dict(point) for point in event["points"]]
        elif kind == "outcome":
            self.outcome, self.finished = dict(event["outcome"]), time.monotonic()
            self.on_finished()
        elif kind == "error":
            self.error, self.finished = {name: str(event[name]) for name in ("failure", "cause")}, time.monotonic()

    def _look(self) -> None:
        now = time.monotonic()
        if self.exit or now - self.looked < LOOK_SECONDS:
            return
        passed, self.looked = min(now - self.looked, MOST_A_LOOK), now
        if self.killed:
            if now - self.killed > DEATH_SECONDS:  # who should say that it has ended does not
                self.server.give_up(self.spawned.server)
                self.exit = Exit(error="its end was not reported: the process that starts runs hung and was ended")
        elif not self.watch.pid:
            if now - self.started > spawner.REPLY_SECONDS:
                self._end(Ending.MACHINE, f"the process that starts runs did not answer within "
                                          f"{spawner.REPLY_SECONDS:g} s; it was ended, the next run starts another")
        elif self.finished:
            if now - self.finished > LAST_WORDS_SECONDS:
                self._kill()
        else:
            before = self.usage
            self._weigh()
            if not self.usage.processes:
                self._kill()  # it has ended; what is left to do is to be told so
                return
            self.clock += self._charged(passed, before)
            self._look_at_folder(now)
            if over := self._over_limit(now):
                self._end(*over)

    def _charged(self, passed: float, before: Usage) -> float:
        """Of the seconds that passed, those not spent waiting for a processor. Only one process is believed to wait
        because of others: several could wait for each other."""
        if self.usage.processes != 1:
            return passed
        if self.usage.waited is not None and before.waited is not None:
            return max(0.0, passed - (self.usage.waited - before.waited))
        return min(passed, max(0.0, self.usage.processor - before.processor)) if self.usage.runnable else passed

    def _over_limit(self, now: float) -> tuple[str, str] | None:
        """Whose fault and why, when the run has gone over a limit."""
        job, watch = self.job, self.watch
        if watch.memory_mb > job.memory_mb:
            together = f" in {self.usage.processes} processes" if self.usage.processes > 1 else ""
            return Ending.MEMORY, (f"went over the memory limit of {job.memory_mb:g} MB: "
                                   f"it held {watch.memory_mb:.0f} MB{together}")
        if self.usage.tasks > MOST_TASKS:
            return Ending.METHOD, f"started more than {MOST_TASKS} processes and threads"
        if not job.confined:
            if now - self.started > FETCH_SECONDS:
                return Ending.MACHINE, f"its data did not load within {FETCH_SECONDS / 60:g} minutes"
            return None
        if self.measuring_since is None:
            allowed = max(LOAD_SECONDS, job.clock_seconds)
            if self.clock > allowed:
                return Ending.TIME, f"did not begin to measure within {allowed:g} s"
            return None
        if job.device != "cpu":
            if now - self.measuring_since > job.clock_seconds:
                return Ending.TIME, f"hit the time limit of {job.seconds:g} s"
        elif self.processor - self.processor_before > job.seconds:
            return Ending.TIME, f"hit the time limit of {job.seconds:g} s of processor time ({watch.text})"
        elif self.clock > job.clock_seconds:
            return Ending.TIME, (f"gave no result within {job.clock_seconds:g} s, though its limit is "
                                 f"{job.seconds:g} s of processor time")
        elif now - self.measuring_since > job.patience:
            return Ending.MACHINE, (f"the machine is too busy: in {job.patience:g} s the run was given "
                                    f"{self.processor - self.processor_before:.1f} s of processor time")
        return None

    def _look_at_folder(self, now: float) -> None:
        if now - self.looked_at_folder < 1:
            return
        self.looked_at_folder = now
        size = files = 0
        folders = [self.job.folder]
        while folders:
            with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:  # it changes as it is read
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if files > FOLDER_FILES or size > FOLDER_MB * 2**20:
                        self._end(Ending.METHOD, f"wrote more than {FOLDER_MB} MB or {FOLDER_FILES} files "
                                                 "into its folder")
                        return

    def _weigh(self) -> None:
        """Take down memory and processor time; the last known stay when none can be read."""
        if not self.watch.pid:
            return
        now = usage(self.watch.pid, self.keeper, most=MOST_TASKS)
        if now.processes > 1 and now.memory_mb > self.job.memory_mb:
            # one that ended between two readings left its part of what they share to those read after it
            again = usage(self.watch.pid, self.keeper, most=MOST_TASKS)
            now = min(now, again, key=lambda seen: seen.memory_mb)
        self.processor = max(self.processor, now.processor)
        self.usage = now
        if now.memory_mb:  # processes that have just ended hold none
            self.watch.memory_mb = now.memory_mb
            self.watch.peak_memory_mb = max(now.memory_mb, self.watch.peak_memory_mb)

    def _pass_on(self) -> None:
        now = time.monotonic()
        if self.verdict or now - self.told < (TELL_SECONDS if self.news else BEAT_SECONDS):
            return
        self.told, self.news = now, False
        stop = self.on_news(self.watch)
        if stop and self.outcome is None:
            self._end(Ending.STOPPED, stop)

    def _end(self, kind: str, cause: str) -> None:
        if self.verdict is None:
            self.verdict = kind, cause
        self._kill()

    def _kill(self) -> None:
        """End all of it. What leaves it meanwhile ends with its keeper or, without one, by its adopter's hand."""
        if self.exit:
            return
        if self.killed is None:
            self.killed = time.monotonic()
        if not self.watch.pid:
            self.server.give_up(self.spawned.server)
            return
        if not self.keeper:
            end_descendants(self.watch.pid)
        for pid in (self.watch.pid, self.keeper):
            if pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

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
