"""Everything check_data looks for, broken for real, named, and mended by the way it names."""

from __future__ import annotations

import json
import os
import time
from io import StringIO

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config.backup.progress import Progress
from config.data_checks.look import find_problems
from evaluations.models import Blob, Library, Run, Score, Verdict
from evaluations.runs.kept_code import library_folder
from methods.models import Method
from papers.models import Appearance, Digest, Paper, SearchText, Vector
from papers.search.vectors import index_dir
from papers.storage import originals, pending
from tests.backup import content
from workers.broker import embedded_broker

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("backup")]


@pytest.fixture
def data_dir(settings, tmp_path, new_site):
    new_site(tmp_path / "data")
    settings.DATA_DIR = tmp_path / "data"
    settings.ENCODER_BACKEND = "openvino"
    with embedded_broker():
        yield settings.DATA_DIR


@pytest.fixture
def whole(data_dir):
    content.fill()
    Run.objects.filter(state=Run.QUEUED).delete()  # nobody works on it here


def look(*options: str) -> str:
    """What it found; how far it is and what it mended go to standard error."""
    said = StringIO()
    try:
        call_command("check_data", *options, stdout=said, stderr=StringIO())
    except CommandError as error:
        assert error.returncode == 1
        return f"{said.getvalue()}\n{error}"
    return said.getvalue()


def old(path, days=2):
    moment = time.time() - days * 86400
    os.utime(path, (moment, moment))


def original():
    return originals.path(Digest.objects.get(name="march.jsonl").sha256)


def break_original():
    original().write_bytes(b"something else")
    return "is not what was imported", lambda: reimport()


def lose_original():
    original().unlink()
    return "is not kept", reimport


def reimport():
    (path := original().parent.parent / "march.jsonl").write_bytes(content.DIGEST)
    call_command("ingest", str(path), stdout=StringIO())


def stray_original():
    old(originals.path(originals.put(b"a removed digest")))
    return "note: kept originals: 1 originals belong to no digest", None


def forgotten_upload():
    old(pending.path(pending.put(b"a preview")))
    (cut := pending.folder / ".partial-abc").write_bytes(b"half")
    old(cut)
    return "1 uploads were previewed and never confirmed, 1 were cut off", None


def empty_digest():
    Appearance.objects.all().delete()
    return "the digest “march.jsonl” lists no papers", None


def lose_code():
    files = dict(Library.objects.get().files)
    Blob.objects.filter(pk=files["methods/kit/params.py"]).delete()
    Blob.objects.filter(pk=files["methods/kit/method.py"]).update(packed=b"rubbish")
    return "2 files of kept code are missing or damaged", None


def unused_code():
    Blob.objects.create(sha256="0" * 64, packed=b"x")
    return "note: kept code: 1 files belong to no kept library", None


def other_unpacked_code():
    (library_folder(Library.objects.get().pk) / "methods/__init__.py").write_text("1 / 0")
    return "is not the library that is kept under that key", None


def lose_text():
    SearchText.objects.filter(kind="paper").first().delete()
    return "the words of 1 papers or methods", None


def stray_text():
    SearchText.objects.create(kind="paper", key="12345", title="of no paper", text_hash="x")
    return "1 texts belong to no paper or method", None


def lose_vector():
    Vector.objects.first().delete()
    return "1 texts are marked as embedded", None


def broken_vector():
    Vector.objects.filter(pk=Vector.objects.first().pk).update(values=b"\0" * 1536)
    return "1 vectors are no vectors of unit length", None


def other_model():
    first = Vector.objects.first()
    Vector.objects.create(text=first.text, model_id="another", text_hash="x", dimension=384, values=first.values)
    return "1 vectors are of other models (another)", None


def vector_without_text():
    Vector.objects.filter(pk=Vector.objects.first().pk).update(text_id=99999)
    return "1 rows of papers.Vector", None


def index_behind():
    manifest = index_dir() / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"model_id": "another"}))
    return "the index is of another", None


def lose_index():
    for path in index_dir().glob("*.faiss"):
        path.unlink()
    return "the index cannot be opened", None


def broken_words():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO papers_searchtext_words(papers_searchtext_words) VALUES ('delete-all')")
    return "the full-text index does not fit its texts", None


def lost_trigger():
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER papers_searchtext_words_update")
    return "papers_searchtext_words_update missing", None


def lost_worker():
    run = Run.objects.filter(state=Run.DONE).first()
    Run.objects.filter(pk=run.pk).update(state=Run.RUNNING, heartbeat_at=timezone.now() - timezone.timedelta(hours=1))
    return "1 runs are running, but no worker has been heard of", lambda: Run.objects.filter(pk=run.pk).update(
        state=Run.DONE)


def lost_message():
    with current_app.connection_for_write() as link:
        link.default_channel.client.flushdb()
    run = Run.objects.filter(state=Run.DONE).last()
    Run.objects.filter(pk=run.pk).update(state=Run.QUEUED, requested_at=timezone.now() - timezone.timedelta(hours=1))

    def ended():
        assert "no worker listens to it" in look()  # its message is there again
        Run.objects.filter(pk=run.pk).update(state=Run.DONE)
    return "1 runs have long been queued, and no message speaks of them", ended


def lost_scores():
    Score.objects.filter(run=Run.objects.filter(state=Run.DONE).first()).delete()
    return "1 finished runs have no scores", None


def lost_runs():
    Run.objects.filter(method__slug="guessing", seed=0).delete()
    return "verdicts of sorting rest on runs that are gone or changed", None


def lost_parent():
    Score.objects.filter(pk=Score.objects.first().pk).update(run_id=99999)
    return "1 rows of evaluations.Score", None


def lost_person():
    Digest.objects.update(imported_by=99999)
    return "have a imported_by that is not there", None


def lost_administrator():
    from django.contrib.auth.models import User
    User.objects.update(is_active=False)
    return "nobody can administer the site", None


BROKEN = [break_original, lose_original, stray_original, forgotten_upload, empty_digest, lose_code, unused_code,
          other_unpacked_code, lose_text, stray_text, lose_vector, broken_vector, other_model, vector_without_text,
          index_behind, lose_index, broken_words, lost_trigger, lost_worker, lost_message, lost_scores, lost_runs,
          lost_parent, lost_person, lost_administrator]


def test_each_fault_is_named_and_mended(whole, data_dir):
    assert look() == "Nothing is wrong.\n"
    for make in BROKEN:
        text, by_hand = make()
        found = [f.as_dict() for f in find_problems(Progress(lambda said: None))]
        said = look()
        assert text in said, (make.__name__, said)
        assert ("wrong" in said.splitlines()[-1]) == any(not f["note"] for f in found)
        look("--mend")
        if by_hand:
            by_hand()
        look("--mend")  # what the first mending brought to light
        assert look() == "Nothing is wrong.\n", make.__name__
    aside = {path.name.split("-")[0] for path in (data_dir / "set-aside").iterdir()}
    assert aside == {"digests", "evaluations.Score"}


def test_what_only_a_person_can_mend(whole):
    Method.objects.all().delete()
    assert "there are no arenas or no methods" in look()
    Paper.objects.all().delete()
    report = json.loads(json_report())
    texts = " ".join(finding["text"] for finding in report["findings"])
    assert not report["ok"] and "no papers" in texts
    assert Verdict.objects.count() == 0


def json_report() -> str:
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_data", "--json", stdout=said)
    assert ended.value.code == 1
    return said.getvalue()


def test_a_damaged_file_and_an_old_schema(site, backup):
    site.manage("restore", backup)
    site.manage("migrate", "evaluations", "0007", "-v0")
    said = site.manage("check_data", fails=True)
    assert "evaluations.0008_prepared" in said and "manage.py migrate" in said
    site.manage("migrate", "-v0")
    data = bytearray(site.database.read_bytes())
    for place in range(4096 * 20, len(data) - 4096, 4096 * 7):
        data[place:place + 64] = b"\xff" * 64
    site.database.write_bytes(data)
    said = site.manage("check_data", fails=True)
    assert "database:" in said and "manage.py restore" in said
    site.manage("restore", backup)  # over a damaged one
    site.manage("migrate", "--check")
