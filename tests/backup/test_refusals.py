"""What a backup and a restore refuse, and that a restore that fails has changed nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import subprocess
import sys
import zipfile

import pytest

from config.backup import space
from config.backup.archive import BackupError, Reader
from config.backup.contents import without_nul
from config.backup.progress import Progress
from config.backup.restoring import check_backup
from tests.backup.conftest import ROOT
from tests.services import wait_until

pytestmark = pytest.mark.xdist_group("backup")
QUIET = Progress(lambda text: None)


@pytest.fixture
def remade(backup, tmp_path):
    """A copy of the backup with some entries replaced; with `signed`, its manifest tells of them."""
    def remake(entries=None, *, signed=False, manifest=lambda told: told):
        path = tmp_path / "remade.zip"
        with zipfile.ZipFile(backup) as old, zipfile.ZipFile(path, "w") as new:
            told = json.loads(old.read("manifest.json"))
            for name in told["entries"]:
                data = old.read(name)
                if name in (entries or {}):
                    data = entries[name](data)
                    if signed:
                        told["entries"][name].update(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data),
                                                     pieces=data.count(b"\n"))
                new.writestr(name, data)
            new.writestr("manifest.json", json.dumps(manifest(told)))
        return path
    return remake


def rows_of(site) -> list:
    """Every row of the tables that matter; the file's own bytes change when it is merely opened."""
    with contextlib.closing(sqlite3.connect(site.database)) as there:
        return [there.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in (
            "papers_paper", "papers_vector", "methods_method", "evaluations_run", "evaluations_score", "auth_user")]


def refused(path) -> str:
    with pytest.raises(BackupError) as error:
        check_backup(path, QUIET)
    assert "Nothing was changed" in str(error.value)
    return str(error.value)


def test_a_backup_overwrites_only_when_told(filled, backup, tmp_path):
    before = backup.read_bytes()
    assert "is there already" in filled.manage("backup", backup, fails=True)
    assert backup.read_bytes() == before
    assert "there is no folder" in filled.manage("backup", tmp_path / "none" / "a.zip", fails=True)
    filled.manage("backup", tmp_path)
    assert [path.name[:6] for path in tmp_path.glob("*.zip")] == ["assay-"]


def test_damage_is_found_before_anything_is_touched(backup, remade, tmp_path):
    whole = backup.read_bytes()
    cut, flipped, other = tmp_path / "cut.zip", tmp_path / "flipped.zip", tmp_path / "other.zip"
    cut.write_bytes(whole[:len(whole) // 2])
    assert "is not a backup" in refused(cut)
    with zipfile.ZipFile(backup) as opened:
        info = opened.getinfo("tables/evaluations.Run.jsonl")
    place = info.header_offset + 30 + len(info.filename) + 20 + info.compress_size // 2
    flipped.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1:])
    assert "tables/evaluations.Run.jsonl" in refused(flipped)
    other.write_text("a letter")
    assert "is not a backup" in refused(other)
    assert "is not what its manifest says" in refused(remade(
        {"tables/evaluations.Score.jsonl": lambda data: data.replace(b"1", b"2", 1)}))
    assert "does not hold the entries" in refused(remade(
        manifest=lambda told: {**told, "entries": dict(list(told["entries"].items())[1:])}))
    with pytest.raises(BackupError, match="there is no file"):
        Reader(tmp_path / "nowhere.zip")


def test_newer_ones_are_refused(remade):
    assert "newer version" in refused(remade(manifest=lambda told: {**told, "version": 2}))
    assert "papers.0999_from_the_future" in refused(remade(manifest=lambda told: {
        **told, "migrations": {**told["migrations"], "papers": [*told["migrations"]["papers"],
                                                                "0999_from_the_future"]}}))


def test_a_restore_that_fails_half_way_changes_nothing(site, backup, remade):
    site.manage("restore", backup)
    before, aside = rows_of(site), {path.name for path in site.data.iterdir() if "restor" in path.name}
    key = (site.data / "secret_key").read_text()

    def without_methods(data: bytes) -> bytes:
        return b"".join(data.splitlines(keepends=True)[1:])
    said = site.manage("restore", remade({"tables/methods.Method.jsonl": without_methods}, signed=True), fails=True)
    assert "do not fit together" in said
    said = site.manage("restore", remade({"tables/papers.Vector.jsonl": lambda data: data + b'["no row"]\n'},
                                         signed=True), fails=True)
    assert "tables/papers.Vector.jsonl, row" in said
    assert rows_of(site) == before
    assert (site.data / "secret_key").read_text() == key
    assert {path.name for path in site.data.iterdir() if "restor" in path.name} == aside


def test_a_running_site_is_not_restored_over(site, backup):
    site.manage("restore", backup)
    before = rows_of(site)
    program = f"import sqlite3, time; c = sqlite3.connect({str(site.database)!r}); " \
              "c.execute('SELECT count(*) FROM papers_paper').fetchone(); print(1, flush=True); time.sleep(600)"
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    broker = subprocess.Popen([sys.executable, "manage.py", "broker"], cwd=ROOT, env=site.environment)
    try:
        holder.stdout.read(1)
        wait_until(lambda: "the broker" in site.manage("restore", backup, fails=True), seconds=60,
                   what="the broker to answer", pause=0.5)
        said = site.manage("restore", backup, fails=True)
        assert f"process {holder.pid}" in said and "Nothing was changed" in said
        assert rows_of(site) == before
        site.manage("restore", backup, "--while-running")
        with sqlite3.connect(site.database) as restored:
            assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        for process in (holder, broker):
            process.terminate()
            process.wait(20)


def test_a_backup_of_an_older_version_is_brought_up_to_this_one(new_site, tmp_path, backup, shown):
    old = new_site(tmp_path / "old")
    old.manage("restore", backup)
    old.manage("migrate", "evaluations", "0012", "-v0")
    old.manage("backup", tmp_path / "old.zip")
    site = new_site(tmp_path / "present")
    site.manage("restore", tmp_path / "old.zip")
    site.manage("migrate", "--check")
    found = site.content("pages")["pages"]
    assert found.keys() == shown["pages"].keys()
    different = {address for address, text in shown["pages"].items() if found[address] != text}
    assert different == {"/claims/open/"}, "what deciding asked for has had a table only since 0015"


def test_one_moment_while_others_write(site, backup, tmp_path):
    """A writer adds to two tables in each transaction; the backup has as many of both."""
    site.manage("restore", backup)
    program = f"""
import sqlite3
c = sqlite3.connect({str(site.database)!r}, timeout=30)
c.execute("PRAGMA journal_mode=WAL")
print(1, flush=True)
while True:
    with c:
        c.execute("INSERT INTO auth_group(name) VALUES (hex(randomblob(16)))")
        c.execute("INSERT INTO evaluations_prepared VALUES (hex(randomblob(16)), '', '2026-01-01')")
"""
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        writer.stdout.read(1)
        site.manage("backup", tmp_path / "busy.zip")
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
    entries = {path: Reader(path).entries for path in (backup, tmp_path / "busy.zip")}
    added = [entries[tmp_path / "busy.zip"][f"tables/{name}.jsonl"]["pieces"]
             - entries[backup][f"tables/{name}.jsonl"]["pieces"] for name in ("auth.Group", "evaluations.Prepared")]
    assert added[0] == added[1] > 0


def test_a_full_disk_is_told_before(tmp_path):
    with pytest.raises(BackupError, match="only .* MB are free. Nothing was changed"):
        space.require(tmp_path, 2**60, "a backup")


def test_the_key_of_another_site_stays_where_the_environment_gives_one(site, backup):
    said = site.manage("restore", backup, SECRET_KEY="k" * 60)
    assert "SECRET_KEY" in said and not (site.data / "secret_key").exists()


def test_what_postgresql_cannot_keep():
    assert without_nul(["a\0b", {"c\0": [1, None, "\0"]}]) == ["ab", {"c": [1, None, ""]}]
