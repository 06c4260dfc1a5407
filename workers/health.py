"""A worker's sign of life, the sweep it does on the way, and what the status page reports."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import threading
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import psutil
from celery import signals
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.db.models import Count, Min
from django.utils import timezone

from evaluations.models import Prepared, Run, Worker
from evaluations.runs import services
from evaluations.runs.broker import QUEUES, messages_waiting, return_messages
from methods.models import BrokenFile
from workers import devices, execution, fences, scratch
from workers.models import DiskUse

logger = logging.getLogger(__name__)

BEAT_SECONDS = 3.0
LATE_SECONDS = 2 * BEAT_SECONDS  # between two signs of life
THERE, HALTED, GONE = "there", "halted", "gone"
FORGET_AFTER = timedelta(minutes=10)
WORKER_FACTS = ("name", "queues", "host", "pid", "slots", "device", "device_memory_mb", "fences",
                "started_at", "seen_at")


# --- a worker's own part --------------------------------------------------------------------------

class Heart(threading.Thread):
    """Says every few seconds that this worker is alive, and sweeps: recovery needs no scheduler."""

    def __init__(self, *, node: str, queues: list[str], slots: int, device: devices.Device):
        super().__init__(name="heart", daemon=True)
        self.worker = f"{node}:{os.getpid()}"[:120]
        self.device = device
        self.queues = set(queues)
        self.facts = {"queues": sorted(queues), "host": socket.gethostname(), "pid": os.getpid(), "slots": slots,
                      "device": device.lease_key if device.visible else "cpu", "device_memory_mb": device.memory_mb}
        self.swept: datetime | None = None
        self.ended = threading.Event()
        self.last_beat = self.in_time_since = time.monotonic()  # no sign of life was late since

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                self.beat()
                sweep(judge_silence=self.judges_silence(), own=self.worker)
                self.swept = timezone.now()  # written with the next beat
            except (DatabaseError, InterfaceError):
                logger.warning("the worker's sign of life could not be written", exc_info=True)
                connection.close()
            except Exception:
                logger.exception("the sweep failed")
            close_old_connections()
            self.ended.wait(BEAT_SECONDS)
        Worker.objects.filter(name=self.worker).delete()
        connection.close()

    def beat(self) -> None:
        """Write the sign of life, and note when it took long or comes late: then those of others did as well."""
        started = time.monotonic()
        if started - self.last_beat > LATE_SECONDS:
            self.in_time_since = started
        try:
            Worker.objects.update_or_create(name=self.worker, defaults={
                **self.facts, "seen_at": timezone.now(), "swept_at": self.swept})
        finally:
            self.last_beat = time.monotonic()
            if self.last_beat - started > LATE_SECONDS - BEAT_SECONDS:
                self.in_time_since = self.last_beat

    def judges_silence(self) -> bool:
        """Whether the others had a fair chance to be heard: a locked database silences the living too."""
        return time.monotonic() - self.in_time_since > services.LOST_AFTER.total_seconds()

    def end(self) -> None:
        self.ended.set()
        self.join(5)


PREFIX = "prefix of the queues"


def remember_prefix() -> None:
    """What `manage.py prepare` leaves for workers of other machines, which cannot see this one's data folder."""
    Prepared.done(PREFIX, settings.QUEUE_PREFIX)


def agree_on_prefix() -> None:
    """Refuse to listen where nobody speaks: everything would wait without a word."""
    known = Prepared.objects.filter(step=PREFIX).values_list("key", flat=True).first()
    if known and known != settings.QUEUE_PREFIX:
        raise SystemExit(f"This worker cannot start: its queues begin with {settings.QUEUE_PREFIX}, those of this "
                         f"installation with {known}. Give it the same SECRET_KEY, or set QUEUE_PREFIX={known}")


heart: Heart | None = None  # of this process, when it is a worker


@signals.celeryd_after_setup.connect
def choose_device(sender, instance, **_):
    """Refuse to listen to gpu without a device: runs would be done elsewhere than they were asked for."""
    global heart
    agree_on_prefix()
    queues = list(instance.app.amqp.queues.consume_from)
    try:
        device = devices.find_device() if "gpu" in queues else devices.CPU
    except devices.DeviceUnusable as error:
        raise SystemExit(f"This worker cannot start: {error}") from error
    if "gpu" in queues and not devices.named_in_environment():
        raise SystemExit("This worker listens to the queue gpu, but no device is named: set ASSAY_DEVICE=cuda:0, "
                         "or ASSAY_DEVICE=cpu to do the work of gpu runs on the CPU.")
    heart = Heart(node=sender, queues=queues, slots=instance.concurrency, device=device)
    if heart.queues & set(services.QUEUES):
        execution.slots = threading.BoundedSemaphore(instance.concurrency)
        instance.concurrency += 1  # a thread that has the next run at hand while the end of one is written


@signals.worker_ready.connect
def begin(**_):
    assert heart, "a worker is set up before it is ready"
    heart.start()
    if heart.queues & set(services.QUEUES):
        scratch.remove_abandoned()
        execution.server.start()
        heart.facts["fences"] = fences.tried_fences(execution.server)


@signals.worker_shutting_down.connect
def let_go(**_):
    execution.stopping.set()


@signals.worker_shutdown.connect
def end(**_):
    execution.server.stop()
    if heart and heart.is_alive():
        heart.end()


def sweep(*, judge_silence: bool, own: str) -> dict[str, int]:
    """Bring back what was lost. A worker of this host whose process is gone needs no waiting.

    `own` names the worker of this process; one whose process is there is given more time than one elsewhere.
    """
    here = {worker.name: _condition(worker.pid) for worker in Worker.objects.filter(host=socket.gethostname())}
    dead = [name for name, condition in here.items() if condition == GONE]
    done = services.sweep_runs(
        waiting=messages_waiting(), dead_workers=dead, judge_silence=judge_silence, in_hand=list(execution.active),
        live_workers=[name for name, condition in here.items() if condition == THERE and name != own])
    if dead:
        return_messages()
    Worker.objects.filter(name__in=dead).delete()
    if any(done.values()):
        logger.warning("sweep: %(lost)d runs had lost their worker, %(resent)d their message", done)
    return done


def _condition(pid: int) -> str:
    """Of a process of this host: there, halted (it has not ended, but does nothing either) or gone.

    One that has ended but that nobody has buried is gone.
    """
    try:
        status = psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return GONE
    except psutil.AccessDenied:  # another user's
        return THERE
    if status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return GONE
    return HALTED if status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP) else THERE


# --- for whoever asks -----------------------------------------------------------------------------

@dataclass(frozen=True)
class QueueHealth:
    """`waiting` runs (for `tasks`: messages), how long the oldest has waited, and who listens."""

    name: str
    waiting: int | None
    running: int
    oldest: datetime | None
    workers: list[str]


@dataclass(frozen=True)
class Health:
    """Everything the status page shows; `problems` in words, most urgent first."""

    database: str
    broker: bool
    queues: list[QueueHealth]
    workers: list[Worker]
    index: dict[str, Any] | None
    disk_free_gb: float
    disk_total_gb: float
    disk_use: list[DiskUse]
    broken: list[BrokenFile]
    problems: list[str]

    def as_dict(self) -> dict[str, Any]:
        workers = [{name: getattr(worker, name) for name in WORKER_FACTS} for worker in self.workers]
        return {"ok": not self.problems, "database": self.database, "broker": self.broker,
                "queues": [asdict(queue) for queue in self.queues], "workers": workers, "index": self.index,
                "disk_free_gb": self.disk_free_gb, "disk_total_gb": self.disk_total_gb,
                "disk_use": [{"place": use.place, "looked_at": use.looked_at, "kinds": use.kinds,
                              "removed": use.removed} for use in self.disk_use],
                "broken_files": [str(file) for file in self.broken], "problems": self.problems}


def health() -> Health:
    """The state of the whole installation, measured now."""
    waiting = messages_waiting()
    workers = list(Worker.objects.filter(seen_at__gte=timezone.now() - services.LOST_AFTER).order_by("name"))
    counts = Run.objects.filter(state__in=Run.ACTIVE).values("queue", "state").annotate(
        n=Count("pk"), oldest=Min("requested_at"))
    runs = {(row["queue"], row["state"]): row for row in counts}
    queues = []
    for name in QUEUES:
        queued, running = runs.get((name, Run.QUEUED)), runs.get((name, Run.RUNNING))
        queues.append(QueueHealth(
            name, (waiting["tasks"] if waiting else None) if name == "tasks" else queued["n"] if queued else 0,
            running["n"] if running else 0, queued["oldest"] if queued else None,
            [worker.name for worker in workers if name in worker.queues]))
    disk, broken = shutil.disk_usage(settings.DATA_DIR), list(BrokenFile.objects.all())
    problems = []
    if waiting is None:
        problems.append("the broker does not answer: what is asked for waits, and starts as soon as it is back")
    problems += [f"no worker listens to the queue {queue.name}: {queue.waiting} waiting" for queue in queues
                 if queue.waiting and not queue.workers]
    if disk.free < 2**30:
        problems.append(f"only {disk.free / 2**20:.0f} MB of disk are free in {settings.DATA_DIR}")
    if broken:
        problems.append(f"{len(broken)} {'file is' if len(broken) == 1 else 'files are'} broken and left out")
    return Health(connection.vendor, waiting is not None, queues, workers, _index(), disk.free / 2**30,
                  disk.total / 2**30, list(DiskUse.objects.all()), broken, problems)


def _index() -> dict[str, Any] | None:
    """The search index's manifest, its self-test in percent and when it was written; None without one."""
    path = settings.DATA_DIR / "index" / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
        written = datetime.fromtimestamp(path.stat().st_mtime, tz=timezone.get_current_timezone())
    except (OSError, ValueError):
        return None
    manifest = manifest if isinstance(manifest, dict) else {}
    recall = manifest.get("recall")
    return {**manifest, "found_percent": None if recall is None else 100 * recall, "written_at": written}
