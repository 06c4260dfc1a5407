"""What `make run` starts: each part loads what it needs and no more."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config import launch

ROOT = Path(__file__).resolve().parents[2]


def outcome_of(code: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_launcher_loads_no_app():
    code = ("import sys; from config import launch; from django.conf import settings; settings.REDIS_URL; "
            "from workers import broker; print({'django.db.models', 'celery'} & set(sys.modules))")
    assert outcome_of(code) == "set()"


def test_the_web_process_has_its_pages_and_the_collector_passes_over_them():
    code = ("import config.wsgi, gc, sys; "
            "print('papers.views' in sys.modules, gc.isenabled(), gc.get_freeze_count() > len(gc.get_objects()))")
    assert outcome_of(code) == "True True True"


def test_a_worker_loads_no_pages():
    code = ("import sys; from workers.celery import app; app.loader.init_worker(); "
            "print('workers.execute_run' in app.tasks, 'config.urls' in sys.modules)")
    assert outcome_of(code) == "True False"


def test_a_gpu_worker_is_started_where_there_is_a_gpu(monkeypatch):
    monkeypatch.setattr(launch.shutil, "which", lambda name: None)
    assert set(launch.processes("127.0.0.1", "8000")) == {"web", "cpu", "tasks", "schedule"}
    monkeypatch.setattr(launch.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "gpu" in launch.processes("127.0.0.1", "8000")


def test_nothing_is_started_when_preparing_fails(monkeypatch):
    monkeypatch.setattr(launch, "PYTHON", "false")
    with pytest.raises(SystemExit, match="login_link --prepare --site http://localhost:1.* nothing was started"):
        launch.prepare("http://localhost:1")


def test_a_port_that_cannot_be_had_is_said():
    with pytest.raises(SystemExit, match="PORT must be a number, not 'letters'"):
        launch.refuse_taken_port("127.0.0.1", "letters")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit, match="Choose another"):
            launch.refuse_taken_port("127.0.0.1", str(taken.getsockname()[1]))
