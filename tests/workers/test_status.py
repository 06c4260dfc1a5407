"""The status page, the health check and the scheduler's own tasks."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.utils import timezone

from evaluations.models import Run, Worker
from tests.evaluations.simulated_runs import make_arena, make_method
from tests.services import empty_broker
from workers import health, schedule, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """A data folder of the test's own, in which no index is built yet."""
    settings.DATA_DIR = tmp_path


@pytest.fixture
def server():
    with empty_broker():
        yield


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def make_worker(**fields):
    return Worker.objects.create(**{"name": "cpu@here:1", "queues": ["cpu", "tasks"], "host": socket.gethostname(),
                                    "pid": os.getpid(), "seen_at": timezone.now(), "device": "cpu", **fields})


def test_all_is_well(client, server):
    make_worker()
    answer = client.get("/api/status")
    assert answer.status_code == 200 and answer.json()["ok"] is True, answer.json()
    assert [queue["name"] for queue in answer.json()["queues"]] == ["cpu", "gpu", "tasks"]
    page = text(client.get("/status/"))
    assert "Everything answers" in page and "cpu@here:1" in page and "not built yet" in page


def test_without_a_broker_it_says_so(client):
    assert client.get("/api/status").json()["broker"] is False
    assert "the broker does not answer" in text(client.get("/status/"))


def test_waiting_runs_and_nobody_there(client, server):
    method = make_method(make_arena(), "plain")
    Run.objects.create(method=method, seed=0, code_digest="x", queue="gpu")
    Run.objects.filter(seed=0).update(requested_at=timezone.now() - timedelta(hours=2))
    state = client.get("/api/status").json()
    assert state["problems"] == ["no worker listens to the queue gpu: 1 waiting"] and state["ok"] is False
    page = text(client.get("/status/", headers={"HX-Request": "true"}))
    assert page.startswith('<div id="health"') and "none listens" in page and "hours ago" in page
    assert "No worker is up" in page


def test_messages_are_counted_over_all_priorities(server):
    assert health.messages_waiting() == {"cpu": 0, "gpu": 0, "tasks": 0}
    for priority in (0, 3, 6, 9):
        current_app.signature("workers.execute_run", args=[1]).apply_async(queue="gpu", priority=priority)
    assert health.messages_waiting() == {"cpu": 0, "gpu": 4, "tasks": 0}


def test_the_index_is_reported_with_its_age(client, server, settings):
    folder = settings.DATA_DIR / "index"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text('{"model_id": "m", "size": 1234}')
    try:
        assert client.get("/api/status").json()["index"]["size"] == 1234
        assert "1,234 texts, written" in text(client.get("/status/"))
        (folder / "manifest.json").write_text("half a mani")
        assert client.get("/api/status").json()["index"] is None
    finally:
        (folder / "manifest.json").unlink()


def test_workers_that_are_silent_are_not_shown_and_later_forgotten(client, server):
    make_worker(name="silent", seen_at=timezone.now() - timedelta(seconds=20))
    make_worker(name="long gone", seen_at=timezone.now() - timedelta(hours=1))
    assert client.get("/api/status").json()["workers"] == []
    assert tasks.forget_workers() == 1
    assert list(Worker.objects.values_list("name", flat=True)) == ["silent"]


def test_the_container_check(capsys):
    with pytest.raises(CommandError, match="no worker of"):
        call_command("worker_health")
    make_worker(host="elsewhere", name="other")
    with pytest.raises(CommandError, match="no worker of"):
        call_command("worker_health")
    make_worker()
    call_command("worker_health")
    assert "cpu@here:1: cpu, tasks" in capsys.readouterr().out


def test_what_the_scheduler_starts_exists_and_expires():
    current_app.loader.import_default_modules()
    for entry in schedule.BEAT.values():
        assert entry["task"] in current_app.tasks, entry
        assert entry["options"]["expires"] <= entry["schedule"] and entry["options"]["queue"] == "tasks"
    assert current_app.conf.beat_schedule == schedule.BEAT
