"""The mirror rows equal the files, and follow them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from evaluations.claims.mirror import sync_claims
from evaluations.models import Claim
from methods import mirror
from methods.kit.engine.registry import discover
from methods.mirror import AUTHORS, import_starter_digest, library_key, paper_authors, sync_methods
from methods.models import Arena, Method
from papers.models import Digest, Paper
from papers.search.names import by_author

pytestmark = pytest.mark.django_db


def test_rows_equal_files_and_mirroring_again_changes_nothing():
    first, again = sync_methods(), sync_methods()
    found = discover()
    assert first.added == first.methods == sum(len(e.methods) for e in found.values()) == Method.objects.count()
    assert (first.read, again.added, again.changed, again.gone, again.read) == (first.methods, 0, 0, 0, 0)
    for slug, entry in found.items():
        arena = Arena.objects.get(pk=slug)
        assert [m["name"] for m in arena.metrics] == [m.name for m in entry.arena.metrics]
        assert arena.question and arena.methods.filter(slug=arena.baseline).exists()
    adam = Method.objects.get(arena="optimizers", slug="adam")
    assert adam.source_code.startswith('"""Adam') and adam.params and adam.papers[0]["arxiv"] == "1412.6980"


def test_only_what_changed_is_read_again():
    sync_methods()
    adam = Method.objects.filter(arena="optimizers", slug="adam")
    title = adam.get().title
    adam.update(read_from="an older file", title="Adam as it was")
    assert sync_methods().read == 1 and adam.get().title == title
    arena = Arena.objects.filter(pk="optimizers")
    arena.update(read_from="an older stage", question="")
    assert sync_methods().read == 0 and arena.get().question       # its methods' files are told by the stage as well
    before = library_key()
    adam.update(read_from="an older file")
    assert library_key() != before


def test_an_edit_of_a_file_is_seen(tmp_path, settings):
    """On a copy: which rows a change of a method, a stage or the kit reaches."""
    shutil.copytree(settings.BASE_DIR / "methods", tmp_path / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    settings.BASE_DIR = tmp_path

    def told():
        files = mirror._library_files()
        return files.arenas | files.methods

    def changed_by(*path):
        before, file = told(), tmp_path.joinpath("methods", *path)
        file.write_text(file.read_text() + "# more\n")
        after = told()
        return {name for name in after if after[name] != before.get(name)}

    everything = set(told())
    peft = {name for name in everything if name == "peft" or name[0] == "peft"}
    assert changed_by("arenas", "peft", "lora.py") == {("peft", "lora")}
    assert changed_by("arenas", "peft", "stage", "_data.py") == changed_by("arenas", "peft", "arena.py") == peft
    assert changed_by("kit", "stage", "seeding.py") == everything


def test_a_start_with_nothing_new_reads_no_method(tmp_path):
    """In processes of their own, as a launch does it: the second one brings no torch."""
    script = ("import sys, django; django.setup()\n"
              "from django.core.management import call_command\n"
              "call_command('migrate', verbosity=0); call_command('sync_methods')\n"
              "print('torch' in sys.modules)")
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment.pop("DATABASE_URL", None)
    first, second = (subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True,
                                    check=True).stdout for _ in range(2))
    assert first.endswith("True\n") and second.endswith("0 read: 0 added, 0 changed, 0 gone\nFalse\n")


def test_a_vanished_file_keeps_its_row_marked_absent():
    sync_methods()
    ghost = Method.objects.create(arena_id="optimizers", slug="ghost", title="Ghost", summary="", explanation="",
                                  source_path="", source_code="", code_digest="x")
    assert sync_methods().gone == 1
    ghost.refresh_from_db()
    assert not ghost.present


def test_claims_follow_the_cards():
    sync_methods()
    total = sync_claims()
    assert total == Claim.objects.count() == sum(len(m.claims) for m in Method.objects.all()) > 50
    kept = Claim.objects.first()
    method = kept.method
    method.claims = [{**method.claims[0]}, *method.claims[1:]]
    method.claims[0]["sentence"] = "something else entirely"
    method.save()
    sync_claims()
    assert not Claim.objects.filter(pk=kept.pk).exists()
    assert Claim.objects.get(method=method, position=0).sentence == "something else entirely"


@pytest.mark.parametrize("file", sorted(Path(settings.BASE_DIR, AUTHORS).glob("*.json")), ids=lambda file: file.stem)
def test_each_entry_of_authors_is_a_paper_of_a_card_of_its_arena(file):
    written = json.loads(file.read_text("utf-8"), object_pairs_hook=list)
    assert len({title for title, _ in written}) == len(written), "a title twice"
    cards = {paper.title for method in discover()[file.stem].methods.values() for paper in method.card.papers}
    for title, authors in written:
        assert title in cards, f"no card of {file.stem} names “{title}”"
        assert authors and all(name == " ".join(name.split()) and any(map(str.isalpha, name)) for name in authors)
        assert len(set(authors)) == len(authors), title


def test_the_starter_digest_is_the_library():
    sync_methods()
    report = import_starter_digest()
    titles = {p["title"] for m in Method.objects.all() for p in m.papers}
    assert {p.title for p in Paper.objects.all()} == titles and not report.rejected
    assert all(p.abstract and p.described for p in Paper.objects.all())
    known = paper_authors()
    assert known.keys() <= titles, "authors of a paper that no card names"
    assert all(p.authors == known.get(p.title, []) for p in Paper.objects.all())
    assert Paper.objects.filter(by_author("Hu"), title__startswith="LoRA: Low-Rank").exists()

    Method.objects.filter(arena="optimizers", slug="adam").update(summary="a changed explanation")
    import_starter_digest()
    assert Digest.objects.count() == 1 and Paper.objects.count() == len(titles)
