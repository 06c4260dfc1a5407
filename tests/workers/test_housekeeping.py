"""What the housekeeping removes from a real data folder, and what it leaves."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from evaluations.models import Blob, Library, Run
from evaluations.runs import kept_code
from evaluations.runs.measurements import LIBRARY
from papers.models import Digest
from papers.services import import_digest, remove_digest, restore_digest
from papers.storage import originals, pending
from tests.evaluations.simulated_runs import make_arena, make_method
from workers import scratch
from workers.housekeeping.services import keep_house
from workers.models import DiskUse

pytestmark = pytest.mark.django_db
DAY = 86400.0


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, monkeypatch) -> Path:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return settings.DATA_DIR


def aged(path: Path, days: float) -> Path:
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def later(days: float) -> None:
    """As if the housekeeping had first seen its orphans so long ago."""
    row = DiskUse.objects.get()
    since = (timezone.now() - timedelta(days=days)).isoformat()
    DiskUse.objects.update(orphans=dict.fromkeys(row.orphans, since))


def kinds(removed) -> dict[str, int]:
    return {row["kind"]: row["number"] for row in removed}


def test_a_removal_can_be_undone_for_a_month_and_not_for_ever(folder):
    report = import_digest(name="kept.jsonl", data=b'{"title": "Forests in Rows", "abstract": "Trees."}')
    import_digest(name="there.jsonl", data=b'{"title": "A Map of Small Lakes", "abstract": "Lakes."}')
    there = Digest.objects.get(name="there.jsonl").sha256
    for path in originals.folder.iterdir():
        aged(path, 400)
    remove_digest(digest=Digest.objects.get(name="kept.jsonl"))
    assert kinds(keep_house()) == {}, "however old the file: the month begins with the removal"
    later(29)
    assert kinds(keep_house()) == {} and originals.has(report.sha256)
    restore_digest(sha256=report.sha256, name="kept.jsonl")
    later(31)
    assert kinds(keep_house()) == {} and not DiskUse.objects.get().orphans, "undone, the clock has stopped"
    aged(originals.path(report.sha256), 40)
    remove_digest(digest=Digest.objects.get(name="kept.jsonl"))
    keep_house()
    later(31)
    assert kinds(keep_house(dry_run=True)) == {"originals of removed digests": 1} and originals.has(report.sha256)
    assert kinds(keep_house()) == {"originals of removed digests": 1}
    assert not originals.has(report.sha256) and originals.has(there)


def test_the_code_of_every_run_stays(folder):
    present = kept_code.keep_library()
    method = make_method(make_arena(), "plain")
    for key, contents in (("measured", b"a"), ("unused", b"b"), ("young", b"c")):
        sha256 = f"{key:0<64}"
        Blob.objects.create(sha256=sha256, packed=contents)
        Library.objects.create(key=key, files=[[f"methods/{key}.py", sha256]])
    Library.objects.exclude(key="young").update(kept_at=timezone.now() - timedelta(days=8))
    Run.objects.create(method=method, seed=0, code_digest="x", state=Run.DONE, environment={LIBRARY: "measured"})
    blobs = Blob.objects.count()
    assert kinds(keep_house(dry_run=True)) == {"kept libraries of no run": 1, "kept files of no library": 1}
    assert Library.objects.count() == 4 and Blob.objects.count() == blobs
    keep_house()
    assert set(Library.objects.values_list("key", flat=True)) == {present, "measured", "young"}
    assert Blob.objects.count() == blobs - 1 and not Blob.objects.filter(sha256__startswith="unused").exists()
    assert keep_house() == []


def test_what_is_made_again_goes_when_nobody_asks_for_it(folder, settings):
    settings.EMBEDDED_REDIS_DIR = folder / "redis"
    libraries = folder / "libraries"
    for name in ("old", "asked"):
        (libraries / name / "methods").mkdir(parents=True)
        (libraries / name / "methods" / "kit.py").write_text("x = 1\n" * 100)
        aged(libraries / name, 8)
    kept_code.library_folder("asked")
    aged(pending.path(pending.put(b"never confirmed")), 2)
    fresh = pending.put(b"looked at just now")
    originals.folder.mkdir(exist_ok=True)
    (originals.folder / ".partial-x").touch()
    aged(originals.folder / ".partial-x", 1)
    log = folder / "redis" / "redis.log"
    log.parent.mkdir()
    log.write_text("".join(f"line {i}\n" for i in range(200_000)))
    aside = folder / "set-aside" / "something"
    aside.parent.mkdir()
    aside.write_text("may be wanted")
    aged(aside, 900)
    assert kinds(keep_house()) == {"unpacked kept code": 1, "uploads nobody confirmed": 1,
                                   "files that were cut off": 1, "old lines of the broker's log": 1}
    assert [path.name for path in libraries.iterdir()] == ["asked"] and pending.has(fresh) and aside.exists()
    lines = log.read_text().splitlines()
    assert lines[-1] == "line 199999" and lines[0].startswith("line ") and log.stat().st_size <= 2**18


def test_logs_of_old_runs_go_and_their_scores_stay(folder):
    method = make_method(make_arena(), "plain")
    ages = {0: 181, 1: 10}
    for seed, days in ages.items():
        Run.objects.create(method=method, seed=seed, code_digest="x", state=Run.DONE, log="step 1\n",
                           curve=[{"x": 1.0}], finished_at=timezone.now() - timedelta(days=days))
    assert kinds(keep_house()) == {"logs of old runs": 1}
    assert [(run.log, run.curve) for run in Run.objects.order_by("seed")] == [
        ("", [{"x": 1.0}]), ("step 1\n", [{"x": 1.0}])]


def test_the_folder_of_a_dead_worker_goes_and_that_of_a_living_one_stays(folder):
    alive = aged(Path(tempfile.mkdtemp(prefix=scratch.PREFIX)), 2)
    lock = os.open(alive, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    code = ("import os, signal, sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
            "from workers.scratch import scratch_folder\n"
            "with scratch_folder() as folder:\n"
            "    open(os.path.join(folder, 'left'), 'w').write('x' * 9000)\n"
            "    os.kill(os.getpid(), signal.SIGKILL)")
    done = subprocess.run([sys.executable, "-c", code, tempfile.gettempdir()])
    dead, = (path for path in Path(tempfile.gettempdir()).iterdir() if path != alive)
    assert done.returncode == -9 and (dead / "left").exists()
    assert scratch.abandoned() == [], "it might be one that is made just now"
    aged(dead, 1)
    assert kinds(keep_house()) == {"folders of dead runs": 1}
    assert alive.exists() and not dead.exists()
    os.close(lock)
    assert scratch.remove_abandoned() == 1 and not alive.exists()


def test_a_scratch_folder_goes_with_its_block_and_is_nobody_elses(folder):
    with scratch.scratch_folder() as made:
        (Path(made) / "deep").mkdir()
        aged(Path(made), 1)
        assert scratch.abandoned() == []
    assert not Path(made).exists()


def test_the_status_page_says_what_the_disk_is_used_for_without_adding_up(folder, client):
    import_digest(name="kept.jsonl", data=b'{"title": "Forests in Rows", "abstract": "Trees."}' + b"\n" * 9000)
    assert "has not been through yet" in client.get("/status/").content.decode()
    call_command("housekeeping")
    row = DiskUse.objects.get()
    assert row.kinds["originals of digests"] >= 8192
    originals.put(b"y" * 100_000)
    answer = client.get("/api/status").json()["disk_use"]
    assert [use["kinds"] for use in answer] == [row.kinds], "what the job found, not what is there now"
    assert "originals of digests" in client.get("/status/").content.decode()


def test_a_dry_run_changes_nothing(folder, capsys):
    aged(pending.path(pending.put(b"never confirmed")), 2)
    call_command("housekeeping", "--dry-run")
    assert "would remove: 1 × uploads nobody confirmed" in capsys.readouterr().out
    assert len(list(pending.folder.iterdir())) == 1 and not DiskUse.objects.exists()
