"""The data folder is the owner's alone: what is written, what an older install left, and what the check names."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks

from config import privacy

ROOT = Path(__file__).resolve().parents[2]


def manage(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", "import os, sys; os.umask(0o022); "
                           "os.execv(sys.executable, [sys.executable, 'manage.py', *sys.argv[1:]])", *command],
                          cwd=ROOT, env={**os.environ, "DATA_DIR": str(folder), **environment}, capture_output=True,
                          text=True)


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in [folder, *folder.rglob("*")]
            if not path.is_symlink()}


def test_what_is_written_is_private_whatever_the_shell_says(tmp_path):
    folder = tmp_path / "new"
    done = manage(folder, "migrate", "-v0")
    assert done.returncode == 0, done.stderr
    found = modes(folder)
    assert "assay.sqlite3" in found and "secret_key" in found
    assert not {name: oct(mode) for name, mode in found.items() if mode & 0o077}


def test_a_group_can_share_it(tmp_path):
    folder = tmp_path / "shared"
    assert manage(folder, "migrate", "-v0", SHARE_WITH_GROUP="1").returncode == 0
    found = modes(folder)
    assert found["."] == 0o770 and found["secret_key"] == 0o660 and found["assay.sqlite3"] & 0o067 == 0o060
    assert "assay.W001" not in manage(folder, "check", SHARE_WITH_GROUP="1").stderr
    assert "assay.W001" in manage(folder, "check").stderr


@pytest.fixture
def old(tmp_path, settings):
    """A data folder as an older version left it."""
    folder = tmp_path / "old"
    files = ("assay.sqlite3", "assay.sqlite3-wal", "assay.sqlite3-shm", "index/manifest.json", "redis/redis.log",
             "redis/appendonlydir/appendonly.aof", "backups/one.sqlite3", "originals/ab/cd")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
        (folder / name).chmod(0o644)
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    (folder / "script").write_text("x")
    (folder / "script").chmod(0o755)
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    (folder / "link").symlink_to(outside)
    settings.DATA_DIR = folder
    settings.DATABASES["default"] = {**settings.DATABASES["default"], "NAME": str(folder / "assay.sqlite3")}
    return folder


def test_what_an_older_version_left_is_named_and_closed(old):
    found = [message.msg for message in run_checks(tags=["security"]) if message.id == "assay.W001"]
    assert len(found) == 1 and str(old / "assay.sqlite3") in found[0] and "more" in found[0]
    closed, failed = privacy.close()
    assert closed == len(modes(old)) and not failed
    after = modes(old)
    assert set(after.values()) == {0o700, 0o600} and after["script"] == 0o700
    assert stat.S_IMODE((old.parent / "outside").stat().st_mode) == 0o644, "nothing beyond a link is touched"
    assert privacy.close() == (0, [])
    assert not [message for message in run_checks(tags=["security"]) if message.id == "assay.W001"]


def test_an_open_database_in_a_closed_folder_is_named_too(old):
    privacy.close()
    (old / "assay.sqlite3").chmod(0o644)
    message, = [message for message in run_checks(tags=["security"]) if message.id == "assay.W001"]
    assert message.msg == f"Others on this machine can reach {old / 'assay.sqlite3'}."


def test_a_folder_that_serves_others_too_is_left_alone(old):
    old.chmod(0o1777)
    closed, failed = privacy.close()
    assert closed == 0 and "set DATA_DIR" in failed[0]
    assert stat.S_IMODE(old.stat().st_mode) == 0o1777
