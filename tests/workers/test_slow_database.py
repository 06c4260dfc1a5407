"""A database that does not answer for a while is no dead worker: no run is given up, and none uses up an attempt."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from evaluations.models import Run, Worker
from evaluations.runs import services
from tests.services import wait_until
from tests.workers.conftest import run_process
from workers import execution, health

pytestmark = pytest.mark.xdist_group("slow database")
LOCKED = services.LOST_AFTER.total_seconds() + 4


@pytest.fixture(autouse=True)
def fresh_workers(installation):
    yield
    installation.stop_workers()
    Run.objects.filter(state__in=Run.ACTIVE).update(state=Run.CANCELLED)
    Worker.objects.all().delete()


def test_runs_outlive_a_database_locked_for_longer_than_a_worker_may_be_silent(installation, ask, until):
    installation.start_worker(slots=2)
    installation.start_worker(slots=1)
    through = [until(ask("sleepy", seconds=LOCKED + 4), Run.RUNNING) for _ in range(2)]  # they run on afterwards
    ends_meanwhile = until(ask("sleepy", seconds=3.0), Run.RUNNING)
    run_process(installation.workers[0].pid)
    holder = sqlite3.connect(installation.data / "assay.sqlite3", isolation_level=None, timeout=30)
    holder.execute("BEGIN IMMEDIATE")
    time.sleep(LOCKED)
    holder.execute("ROLLBACK")
    holder.close()
    for run in [ends_meanwhile, *through]:
        run = until(run, Run.DONE, seconds=90)
        assert run.attempts == 1 and "stopped answering" not in run.log and run.scores.count() == 2
    assert "had lost their worker" not in installation.log.read_text()


@pytest.fixture
def silent(installation, ask):
    """A running run not heard of for long, of a worker whose process is this one."""
    run = services.claim_run(pk=ask("steady").pk, worker="w@here:1")
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - 2 * services.LOST_AFTER)
    return run


def state(run):
    run.refresh_from_db()
    return run.state


def test_silence_is_judged_only_where_the_living_could_be_heard(silent):
    quiet = {"waiting": None}
    assert services.sweep_runs(**quiet, judge_silence=False)["lost"] == 0
    assert services.sweep_runs(**quiet, in_hand=[silent.pk])["lost"] == 0
    assert services.sweep_runs(**quiet, live_workers=["w@here:1"])["lost"] == 0 and state(silent) == Run.RUNNING
    Run.objects.filter(pk=silent.pk).update(heartbeat_at=timezone.now() - services.HUNG_AFTER - timedelta(seconds=1))
    assert services.sweep_runs(**quiet, live_workers=["w@here:1"])["lost"] == 1 and state(silent) == Run.QUEUED


def test_a_worker_of_this_host_is_judged_by_its_process(silent):
    Worker.objects.create(name="w@here:1", host=health.socket.gethostname(), pid=os.getpid(), seen_at=timezone.now())
    assert health.sweep(judge_silence=True, own="another")["lost"] == 0
    assert health.sweep(judge_silence=True, own="w@here:1")["lost"] == 1, "a namesake's, from before a restart"


def test_one_heard_of_again_is_not_given_up(silent):
    stale = Run.objects.select_related("method__arena").get(pk=silent.pk)
    services.record_progress(silent, progress=0.5, text="", log="", curve=[])
    services.record_failure(stale, failure="lost", cause="its worker stopped answering")
    assert state(silent) == Run.RUNNING


def test_a_late_sign_of_life_makes_the_sweeper_wait(installation):
    heart = health.Heart(node="w@here", queues=["cpu"], slots=1, device=health.devices.CPU)
    heart.in_time_since -= services.LOST_AFTER.total_seconds() + 1
    heart.beat()
    assert heart.judges_silence()
    heart.last_beat -= health.LATE_SECONDS + 1
    heart.beat()
    assert not heart.judges_silence()


def test_the_end_of_a_run_is_written_once_the_database_answers(silent, monkeypatch):
    """The lock outlives SQLite's own patience, which is made short here."""
    from django.db import connection
    connection.ensure_connection()
    connection.connection.execute("PRAGMA busy_timeout = 50")
    holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError):
        services.release_run(silent, cause="x")
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    letting_go = threading.Timer(1.5, lambda: holder.execute("ROLLBACK"))
    letting_go.start()
    execution.persistently(lambda: services.release_run(silent, cause="it stops"))
    letting_go.join()
    holder.close()
    connection.close()
    assert state(silent) == Run.QUEUED and silent.attempts == 0
    wait_until(lambda: connection.ensure_connection() is None, seconds=5, what="a connection")
