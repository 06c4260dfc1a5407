"""A backup restores on either database, and every page answers as before; no model and no folder is forgotten."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import zipfile

import pytest
from django.apps import apps
from django.db import connection, models

import papers.storage
from config.backup.contents import LEFT_OUT, STORES
from papers.search.full_text import INDEXES
from papers.storage import ByteStore
from tests.services import postgres

pytestmark = pytest.mark.xdist_group("backup")
OURS = {"papers", "methods", "evaluations", "workers", "config", "accounts"}


def same_pages(found: dict, shown: dict) -> None:
    assert found["pages"].keys() == shown["pages"].keys()
    different = [address for address, text in shown["pages"].items() if found["pages"][address] != text]
    assert not different, (different, shown["pages"][different[0]], found["pages"][different[0]])
    assert all(text.startswith("200 ") for address, text in shown["pages"].items() if address != "original")


def alike(found: dict, shown: dict) -> None:
    """The same words and numbers. PostgreSQL keeps a JSON object's keys in an order of its own, and its full text
    scores and cuts passages otherwise, so of a search only what it finds is compared."""
    def heart(address: str, text: str) -> list[str]:
        if "/search" in address:
            return sorted(set(re.findall(r'(?:href="/|"key": ")(?:papers/|methods/)?([\w/-]+)"', text)))
        return sorted(re.findall(r"[\w.+:-]+", re.sub(r"\b[0-9a-f]{20}\b", "", text)))  # less what tells versions apart
    assert found["pages"].keys() == shown["pages"].keys()
    for address, text in shown["pages"].items():
        assert heart(address, found["pages"][address]) == heart(address, text), address


def test_the_content_has_rows_in_every_table_that_is_kept(shown):
    """So that the round trips below prove something of a model that is added later."""
    empty = {label for label, count in shown["counts"].items() if not count and label.split(".")[0] in OURS}
    assert empty <= LEFT_OUT.keys(), f"tests/backup/content.py makes no rows of {empty - LEFT_OUT.keys()}"


@pytest.mark.django_db
def test_every_table_of_the_database_is_kept_or_named(backup):
    kept = {name.split("/")[1].removesuffix(".jsonl") for name in zipfile.ZipFile(backup).namelist()
            if name.startswith("tables/")}
    known = {model._meta.db_table: model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert kept | LEFT_OUT.keys() == set(known.values())
    tables = set(connection.introspection.table_names())
    assert {table for table in tables - known.keys() if not table.startswith(tuple(INDEXES))} == \
        {"django_migrations"}, "a table without a model is in no backup"


def test_every_folder_of_kept_files_is_kept_or_a_preview():
    stores = {store.name for store in vars(papers.storage).values() if isinstance(store, ByteStore)}
    assert stores - {store.name for store in STORES} == {"pending"}
    filed = [field for model in apps.get_models() for field in model._meta.get_fields()
             if isinstance(field, models.FileField)]
    assert filed == [], "the files of a FileField would be in no backup"


def test_the_file_is_closed_to_others_and_says_what_it_is(backup, filled):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]
    manifest = json.loads(zipfile.ZipFile(backup).read("manifest.json"))
    assert (manifest["format"], manifest["version"], manifest["database"]) == ("assay-backup", 1, "sqlite")
    assert "password hashes" in manifest["note"]
    assert zipfile.ZipFile(backup).read("secret_key").decode() == (filled.data / "secret_key").read_text()
    assert manifest["entries"]["tables/evaluations.Run.jsonl"]["pieces"] == 18


def test_sqlite_to_sqlite(site, backup, shown, filled):
    said = site.manage("restore", backup)
    assert "rows of" in said and "former database" not in said
    assert (site.data / "secret_key").read_text() == (filled.data / "secret_key").read_text()
    found = site.content("pages")
    same_pages(found, shown)
    for label, count in shown["counts"].items():
        if label != "axes.AccessLog":  # looking at the pages logs in
            assert found["counts"][label] == (0 if label in LEFT_OUT else count), label
    assert site.content("write") == {"status": 201, "new": 1, "account": 200, "found": True}
    said = site.manage("restore", backup)  # once more: the same again, and what was there is kept
    kept = next(site.data.glob("assay.sqlite3.before-restore-*"))
    assert str(kept) in said
    same_pages(site.content("pages"), shown)
    with sqlite3.connect(kept) as former:
        assert former.execute("SELECT count(*) FROM papers_paper").fetchone() == (shown["counts"]["papers.Paper"] + 1,)


def test_sqlite_to_postgresql_and_back(new_site, tmp_path, backup, shown):
    with postgres() as url:
        there = new_site(tmp_path / "there", url)
        there.manage("restore", backup)
        alike(there.content("pages"), shown)
        there.manage("backup", tmp_path / "there.zip")
        assert there.content("write") == {"status": 201, "new": 1, "account": 200, "found": True}
        said = there.manage("restore", backup)
        assert "DROP SCHEMA before_restore_" in said
        alike(there.content("pages"), shown)
    back = new_site(tmp_path / "back")
    back.manage("restore", tmp_path / "there.zip")
    alike(back.content("pages"), shown)
