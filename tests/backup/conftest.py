"""Whole installations with a data folder of their own, used through `manage.py` as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Site:
    """An installation: a data folder, and PostgreSQL where `url` names one."""

    def __init__(self, data: Path, url: str = ""):
        self.data = data
        data.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        self.environment = {**os.environ, "DATA_DIR": str(data), "PYTHONPATH": path, "LOG_LEVEL": "ERROR",
                            "ENCODER_BACKEND": "openvino", "DJANGO_SETTINGS_MODULE": "config.settings"}
        for name in ("DATABASE_URL", "SECRET_KEY", "REDIS_URL"):
            self.environment.pop(name, None)
        if url:
            self.environment["DATABASE_URL"] = url

    @property
    def database(self) -> Path:
        return self.data / "assay.sqlite3"

    def manage(self, *command: object, fails: bool = False, **environment: str) -> str:
        """What the command says; it must fail, with status 1 and a sentence, where `fails`."""
        done = subprocess.run([sys.executable, "manage.py", *map(str, command)], cwd=ROOT, text=True, timeout=300,
                              env={**self.environment, **environment}, capture_output=True)
        assert done.returncode == int(fails), (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def content(self, what: str):
        done = subprocess.run([sys.executable, "-m", "tests.backup.content", what], cwd=ROOT, text=True, timeout=300,
                              env=self.environment, capture_output=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def new_site(tmp_path_factory):
    """Makes installations with nothing in them but the encoder, whose export takes seconds: all tests share it."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    models = shared / "models"
    models.mkdir(exist_ok=True)

    def make(data: Path, url: str = "") -> Site:
        site = Site(data, url)
        (data / "models").symlink_to(models)
        return site
    return make


@pytest.fixture(scope="session")
def filled(new_site, tmp_path_factory) -> Site:
    """A SQLite site with something in every table. Nobody changes it."""
    site = new_site(tmp_path_factory.mktemp("filled"))
    site.content("fill")
    return site


@pytest.fixture(scope="session")
def shown(filled) -> dict:
    return filled.content("pages")


@pytest.fixture(scope="session")
def backup(filled, shown, tmp_path_factory) -> Path:
    """A backup of it."""
    path = tmp_path_factory.mktemp("backups") / "site.zip"
    filled.manage("backup", path)
    return path


@pytest.fixture
def site(new_site, tmp_path) -> Site:
    return new_site(tmp_path / "site")
