"""What `make run` starts: each part loads what it needs and no more."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config import launch, sentences
from tests.services import free_port

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
    assert set(launch.processes("127.0.0.1", 8000)) == {"web", "cpu", "tasks", "schedule"}
    monkeypatch.setattr(launch.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert "gpu" in launch.processes("127.0.0.1", 8000)


def refusal(tmp_path, **environment) -> str:
    """What `python -m config.launch` says when it cannot start: one line, and status 1."""
    done = subprocess.run([sys.executable, "-m", "config.launch"], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, env={**os.environ, "DATA_DIR": str(tmp_path / "var"),
                                           "PORT": str(free_port()), **environment})
    assert done.returncode == 1 and done.stdout == "", done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("name, value, said", [
    ("PORT", "letters", "PORT must be a number from 1 to 65535, not 'letters'"),
    ("PORT", "0", "PORT must be a number from 1 to 65535"),
    ("PORT", "99999", "PORT must be a number from 1 to 65535"),
    ("HOST", "192.0.2.1", "is no address of this machine. Use 127.0.0.1"),
    ("CPU_SLOTS", "none", "CPU_SLOTS must be a number from 1"),
    ("DATABASE_URL", "mysql://u:secret@h/d", "DATABASE_URL must read like postgres://"),
    ("REDIS_URL", "redis://:secret@127.0.0.1:1/0", "does not answer"),
])
def test_what_cannot_be_used_is_said_in_a_sentence(tmp_path, name, value, said):
    text = refusal(tmp_path, **{name: value})
    assert said in text and "secret" not in text


def test_a_data_folder_that_is_a_file(tmp_path):
    (tmp_path / "var").write_text("")
    assert "DATA_DIR must be a folder" in refusal(tmp_path)


def test_a_taken_port_is_named_with_who_has_it(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = refusal(tmp_path, PORT=str(taken.getsockname()[1]))
    assert f"“kill {os.getpid()}”" in text and "make run PORT=" in text


def test_a_full_disk_is_said_by_a_command(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with pytest.raises(OSError) as full, open("/dev/full", "w") as file:
        file.write("x" * 10000)
    assert f"The disk of {tmp_path} is full" in sentences.sentence(full.value)
    assert sentences.sentence(KeyError("a fault of the code")) is None
