"""What a worker does with one run: claim, lease, run in a child, record."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection

from evaluations.models import Run
from evaluations.runs import kept_code, services
from evaluations.runs.measurements import LIBRARY
from workers import devices
from workers.isolation import Ending, ForkServer, Job, Watch, run_isolated

logger = logging.getLogger(__name__)

server = ForkServer()
stopping = threading.Event()  # set when the worker was told to stop: its runs go back to their queues
active: set[int] = set()  # the runs that this process is at, until their end is written
STOPPED = "its worker was stopped before it finished; waiting for another"
slots: threading.BoundedSemaphore | None = None  # for runs that compute at a time; None for as many as are asked for
LEASE_SECONDS = 0.5
SLOT_SECONDS = 1.0  # how often who waits for a slot looks whether the worker is to stop
NO_ANSWER = (OperationalError, InterfaceError)  # locked, full or away; what else a database raises is a mistake here


def execute_run(pk: int, *, worker: str, device: devices.Device = devices.CPU) -> None:
    """Run the queued run `pk` to its end; nothing happens when it is not queued (any more).

    A worker takes one message more than it has slots: while a run's end is written, the next computes already. It is
    claimed when a slot is free and not before, so that any other worker that is idle may have it.
    """
    slot = _Slot()
    if not slot.take():
        time.sleep(SLOT_SECONDS)  # until this worker takes no messages any more, or it would get its own back
        services.send_runs([pk])
        return
    try:
        run = services.claim_run(pk=pk, worker=worker)
        if run is None:
            return
        active.add(pk)
        try:
            _carry_out(run, device, slot)
        finally:
            active.discard(pk)
    finally:
        slot.give()


class _Slot:
    """One of the worker's slots, for as long as a run computes."""

    def __init__(self) -> None:
        self.held = False

    def take(self) -> bool:
        """Wait for a slot; False when the worker is told to stop first."""
        while slots and not slots.acquire(timeout=SLOT_SECONDS):
            if stopping.is_set():
                return False
        if stopping.is_set() and slots:
            slots.release()
            return False
        self.held = slots is not None
        return True

    def give(self) -> None:
        if self.held and slots:
            self.held = False
            slots.release()


def _carry_out(run: Run, device: devices.Device, slot: _Slot) -> None:
    if run.queue != "gpu":
        device = devices.CPU
    if run.scale not in run.method.arena.scales:
        cause = f"{run.method.arena_id} has no scale {run.scale} any more"
        persistently(lambda: services.record_failure(run, failure=Ending.METHOD, cause=cause))
        return
    try:
        _Attempt(run, device, slot).go()
    except NO_ANSWER as error:
        logger.warning("run %s goes back to its queue: the database did not answer: %s", run.pk, error)
        cause = f"the database did not answer: {error}"
        persistently(lambda: services.release_run(run, cause=cause, log=run.log))
    except Exception as error:
        logger.exception("run %s failed in its worker", run.pk)
        cause = f"the worker could not carry it out: {type(error).__name__}: {error}"
        persistently(lambda: services.record_failure(run, failure=Ending.MACHINE, cause=cause, log=run.log))


class _Attempt:
    """One attempt at one run."""

    def __init__(self, run: Run, device: devices.Device, slot: _Slot):
        self.run, self.device, self.slot = run, device, slot
        limits = run.method.arena.scales[run.scale]
        original = run.replay_of
        if original and original.stale and run.code_digest == original.code_digest:
            self.library = kept_code.kept_for(original)  # and run with it
            folder = str(kept_code.library_folder(self.library))
        else:
            self.library, folder = kept_code.keep_library(), ""
        self.job = Job(arena=run.method.arena_id, method=run.method.slug, params=run.params, setting=run.setting,
                       scale=run.scale, seed=run.seed, seconds=limits["seconds"], memory_mb=limits["memory_mb"],
                       device=device.torch_name, visible_devices=device.visible, library=folder)
        self.before = run.log  # of earlier attempts
        self.digest = ""
        self.superseded = ""
        self.log = run.log

    def go(self) -> None:
        if not self.wait_for_memory():
            return
        ending = run_isolated(server, self.job, self.on_news, self.slot.give)
        self.record(ending)

    def wait_for_memory(self) -> bool:
        """Lease the device's memory; False when the run ended while it waited."""
        text = f"waiting for {self.job.memory_mb:g} MB on {self.device.label}"
        while True:
            try:
                if devices.take_lease(self.run, self.device, self.job.memory_mb):
                    return True
            except ValueError as error:
                services.record_failure(self.run, failure=Ending.MEMORY, cause=str(error), log=self.log)
                return False
            if stopping.is_set():
                services.release_run(self.run, cause=STOPPED, log=self.log)
                return False
            if not services.record_progress(self.run, progress=0.0, text=text, log=self.log, curve=[], cause=text):
                return False
            time.sleep(LEASE_SECONDS)

    def on_news(self, watch: Watch) -> str | None:
        """Write what is known; a text ends the child."""
        if stopping.is_set():
            return STOPPED
        self.log = self.before + watch.log
        try:
            if watch.code_digest and not self.digest:
                self.digest = watch.code_digest
                self.superseded = services.adopt_code(self.run, digest=self.digest)
                if self.superseded:
                    return self.superseded
            held = services.record_progress(self.run, progress=watch.fraction, text=watch.text, log=self.log,
                                            curve=watch.curve)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("run %s: its progress could not be written: %s", self.run.pk, error)
            close_old_connections()
            return None
        return None if held else "taken away"

    def record(self, ending: Ending) -> None:
        run, log = self.run, self.before + ending.log
        if ending.outcome is not None:
            outcome = ending.outcome
            outcome["environment"][LIBRARY] = self.library
            if not (self.job.library or persistently(lambda: kept_code.is_kept(self.library))):
                persistently(kept_code.keep_library)  # the housekeeping found it unused meanwhile
            superseded = self.superseded or persistently(
                lambda: services.adopt_code(run, digest=outcome["code_digest"]))
            if superseded:
                persistently(lambda: services.supersede_run(run, cause=superseded, log=log))
            else:
                persistently(lambda: services.record_outcome(run, outcome=outcome, log=log, device=self.device.label))
        elif ending.kind == Ending.STOPPED and self.superseded:
            persistently(lambda: services.supersede_run(run, cause=self.superseded, log=log))
        elif ending.kind == Ending.STOPPED:
            # cancelled or given to another: then this changes nothing
            persistently(lambda: services.release_run(run, cause=ending.cause, log=log))
        else:
            persistently(lambda: services.record_failure(
                run, failure=ending.kind, cause=ending.cause, log=log, curve=ending.curve, seconds=ending.seconds,
                peak_memory_mb=ending.peak_memory_mb, device=self.device.label, code_digest=ending.code_digest))


def persistently(write: Callable[[], Any]) -> Any:
    """Do a write that must not be lost, again and again while the database does not answer.

    Without it there is nothing else to do. Once the worker is told to stop, the third failure is raised.
    """
    pause, while_stopping = 0.5, 0
    while True:
        try:
            return write()
        except NO_ANSWER:
            while_stopping += stopping.is_set()
            if while_stopping == 3 or connection.in_atomic_block:
                raise
            logger.warning("the database does not answer; trying again in %g s", pause, exc_info=True)
            with contextlib.suppress(DatabaseError, InterfaceError):
                connection.close()
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
