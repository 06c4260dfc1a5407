"""A broken file of the library is named everywhere, and everything else goes on."""

import importlib
import os
import sys
from io import StringIO

import pytest
from django.core.management import call_command

from evaluations.models import Claim, Run, Score
from evaluations.runs import services
from methods import reading
from methods.mirror import sync_methods
from methods.models import Arena, BrokenFile, Method

pytestmark = pytest.mark.django_db

UNKNOWN_RIVAL = ('Beats("plain", on="accuracy", setting="short")', 'Beats("nobody", on="accuracy")')
# name, what becomes of scaled.py, the line that is named, and words of the reason
FAULTS = [
    ("syntax", ("def prepare(self, data):", "def prepare(self, data:"), 34, "SyntaxError: '(' was never closed"),
    ("class", ("class Scaled(", "class Scalde("), 22, "needs a class Scaled(TinyMethod), not Scalde"),
    ("parent", ("class Scaled(TinyMethod)", "class Scaled"), 22, "needs a class Scaled(TinyMethod)"),
    ("import", ("import torch", "import no_such_library"), 11, "ModuleNotFoundError: No module named"),
    ("raises", ("import torch", "import torch\n\n1 / 0"), 13, "ZeroDivisionError: division by zero"),
    ("exits", ("import torch", "raise SystemExit(3)"), 11, "SystemExit: 3"),
    ("hangs", ("import torch", "while True: pass"), 11, "TimeoutError: reading it took longer than 3 s"),
    ("in the kit", ('"factor on the step", low=0.1', '"factor on the step", low=9'), 22,
     "ValueError: scale must be a number from 9 to 2"),
    ("card", ("    card = Card(", "    crad = Card("), 22, "Scaled has no card"),
    ("rival", UNKNOWN_RIVAL, 23, "no method nobody here"),
    ("metric", ('on="accuracy"', 'on="speed"'), 23, "no metric speed"),
    ("title", ('title="Scaled steps"', 'title="plain  gradient steps"'), 23, "has the title of plain.py"),
    ("year", ("2020", '"long ago"'), 23, "year 'long ago'"),
    ("no number", ('setting="short"', 'by=float("nan")'), 23, "claims cannot be stored: Out of range float"),
    ("no text", ("step along a", "step \\ud800 a"), 0, "summary cannot be stored: 'utf-8' codec can't encode"),
]


@pytest.fixture
def library(tiny, settings, tmp_path):
    """The small arena as the whole library, mirrored once."""
    settings.BASE_DIR = tmp_path
    sync()
    return tiny


def sync():
    """As a start does it: in a process that has read nothing yet."""
    for name in [name for name in sys.modules if name.startswith("methods.arenas.")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return sync_methods()


def text(answer) -> str:
    assert answer.status_code == 200
    return " ".join(answer.text.replace("&#x27;", "'").replace("&quot;", '"').split())


def measured(slug: str) -> Method:
    method = Method.objects.get(slug=slug)
    run = Run.objects.create(method=method, seed=0, state=Run.DONE, code_digest=method.run_digest("default", "full"))
    Score.objects.create(run=run, metric="accuracy", value=77.125)
    return method


@pytest.mark.parametrize(("edit", "line", "reason"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS])
def test_whatever_is_wrong_with_a_file_it_is_named_and_the_rest_is_mirrored(library, monkeypatch, edit, line, reason):
    if "while True" in edit[1]:
        monkeypatch.setattr(reading, "READ_SECONDS", 3)
    before = Method.objects.values().get(slug="scaled")
    good = (library.folder / "scaled.py").read_text()
    library.edit("scaled", *edit)
    library.edit("plain", "step along the gradient", "walk along the gradient")
    library.write("new", good.replace("class Scaled", "class New").replace("Scaled steps", "New steps"))
    report = sync()
    fault, = report.broken
    assert (fault.path, fault.method, fault.line) == ("methods/arenas/tiny/scaled.py", "scaled", line), fault
    assert reason in fault.reason and str(BrokenFile.objects.get()) == str(fault)
    assert (report.added, report.changed, report.gone) == (1, 0, 0)
    assert Method.objects.get(slug="plain").summary == "walk along the gradient."
    assert Method.objects.values().get(slug="scaled") == before, "it keeps what it had"

    library.write("scaled", good)
    assert sync().broken == () and not BrokenFile.objects.exists()
    assert Method.objects.values().get(slug="scaled") == before


@pytest.mark.parametrize(("contents", "line", "reason"), [
    (b'"""Scaled: \xe4."""\n', 1, "is not UTF-8: byte 0xe4"),
    (b'"""Scaled: all."""\nx = "\x00"\n', 0, "null bytes"),
    (b"\xef\xbb\xbf" + b'"""Scaled: all."""\n', 0, "needs a class Scaled"),
    (b"", 0, "needs a class Scaled(TinyMethod)"),
    (b"x = " + b"(" * 5000 + b")" * 5000, 1, ""),
])
def test_what_is_no_source_text(library, contents, line, reason):
    (library.folder / "scaled.py").write_bytes(contents)
    fault, = sync().broken
    assert fault.line == line and reason in fault.reason, fault
    assert Method.objects.get(slug="scaled", present=True).source_code


@pytest.mark.parametrize("make", [os.mkdir, lambda path: os.symlink("nowhere", path)])
def test_what_cannot_be_opened(library, make):
    (library.folder / "scaled.py").unlink()
    make(library.folder / "scaled.py")
    fault, = sync().broken
    assert fault.reason.startswith("cannot be read: "), fault
    assert Method.objects.get(slug="scaled").present


def test_a_name_that_stands_for_no_method(library, client):
    library.write("plain-er", "")
    library.write("Ünlike <b>", "")
    names = {fault.method: fault.reason for fault in sync().broken}
    assert set(names) == {"plain-er.py", "Ünlike <b>.py"} and all("snake_case" in reason for reason in names.values())
    page = text(client.get("/arenas/tiny/"))
    assert "Ünlike &lt;b&gt;.py" in page and "snake_case" in page


def test_pages_and_api_say_which_file_is_broken_and_keep_its_scores(library, client, admin_client):
    measured("scaled")
    library.edit("scaled", "class Scaled(", "class Scalde(")
    sync()
    sentence = "methods/arenas/tiny/scaled.py, line 22: needs a class Scaled(TinyMethod), not Scalde"
    page = text(admin_client.get("/methods/tiny/scaled/"))
    assert f"Its file is broken: {sentence}; scores are of the code before." in page
    assert "77.1" in page and "It cannot be run" in page and 'name="target" value="method' not in page
    arena = text(admin_client.get("/arenas/tiny/"))
    assert sentence in arena and "77.1" in arena and "Run everything missing</button>" in arena
    assert sentence in text(client.get("/arenas/")) and "file broken" in text(client.get("/methods/"))
    status = text(client.get("/status/"))
    assert sentence in status and "1 file is broken" in status
    assert client.get("/api/methods/tiny/scaled").json()["broken"] == sentence
    assert {row["slug"]: row["is_broken"] for row in client.get("/api/methods").json()["items"]} == {
        "plain": False, "scaled": True}
    assert client.get("/api/arenas/tiny").json()["broken"] == [sentence]
    row, = client.get("/api/broken-files").json()
    assert (row["path"], row["line"]) == ("methods/arenas/tiny/scaled.py", 22)
    assert client.get("/api/status").json()["broken_files"] == [sentence]


def test_a_broken_file_is_not_run_until_it_is_another(library):
    method = measured("scaled")
    library.edit("scaled", "class Scaled(", "class Scalde(")
    sync()
    report = services.request_runs(methods=Method.objects.select_related("arena"), seeds=[5])
    assert len(report.queued) == 1
    assert report.refused == [("tiny/scaled", f"its file is broken: {BrokenFile.objects.get()}")]
    failed = Run.objects.create(method=method, seed=9, state=Run.FAILED, code_digest="x")
    with pytest.raises(ValueError, match="its file is broken: methods/arenas/tiny/scaled.py, line 22"):
        services.retry_run(pk=failed.pk, by="ada")
    library.edit("scaled", "class Scalde(", "class Scaled(")
    assert len(services.request_runs(methods=[method], seeds=[5]).queued) == 1, "a run uses the code on the disk"


def test_a_file_that_was_never_whole_has_a_page(library, client):
    library.write("new", "import no_such_library\n")
    sync()
    page = text(client.get("/methods/tiny/new/"))
    assert "methods/arenas/tiny/new.py, line 1: ModuleNotFoundError" in page and "has not been read yet" in page
    assert client.get("/methods/tiny/no-such/").status_code == 404


ARENA_FAULTS = [("import torch\n", "import torch, no_such_library\n", 9, "ModuleNotFoundError"),
                ('metrics = (Metric("accuracy", "Accuracy", unit="%", chance=10, ceiling=100),)', "metrics = ()", 35,
                 "metrics must be at least one"),
                ("    slot = TinyMethod\n", "", 33, "slot must be a subclass of Method"),
                ('    title = "Tiny"\n', "", 0, "AttributeError"),
                ('"full": Scale(5, 500, {"steps": 60})', '"big": Scale(5, 500, {"steps": 60})', 36,
                 "scale full is missing")]


@pytest.mark.parametrize(("old", "new", "line", "reason"), ARENA_FAULTS)
def test_a_broken_arena_is_named_once_and_keeps_its_methods_and_scores(library, admin_client, old, new, line, reason):
    measured("scaled")
    good = (library.folder / "arena.py").read_text()
    library.edit("arena", old, new)
    fault, = sync().broken
    assert (fault.arena, fault.method, fault.line) == ("tiny", "", line) and reason in fault.reason, fault
    page = text(admin_client.get("/arenas/tiny/"))
    assert str(fault) in page and "77.1" in page and "Nothing can be run" in page
    assert "Its arena's file is broken" in text(admin_client.get("/methods/tiny/scaled/"))
    report = services.request_runs(methods=Method.objects.select_related("arena"), seeds=[5])
    assert not report.queued and len(report.refused) == 2
    library.write("arena", good)
    assert sync().broken == () and Arena.objects.get().present


def test_a_second_arena_goes_on_when_one_was_never_whole(library, client):
    other = library.folder.parent / "other_way"
    other.mkdir()
    (other / "arena.py").write_text("import no_such_library\n")
    (other / "first.py").write_text("from methods.arenas.other_way.arena import Nothing\n")
    fault, = sync().broken
    assert fault.arena == "other-way" and Method.objects.filter(present=True).count() == 2
    assert str(fault) in text(client.get("/arenas/other-way/")) and str(fault) in text(client.get("/arenas/"))
    assert client.get("/arenas/no-such/").status_code == 404


def test_a_fault_in_what_a_file_needs_is_named_where_it_lies(library):
    (library.folder / "stage").mkdir()
    (library.folder / "stage" / "nets.py").write_text("WIDTH = 3\nDEPTH = WIDTH / 0\n")
    library.edit("scaled", "import torch", "from methods.arenas.tiny.stage.nets import DEPTH")
    fault, = sync().broken
    assert str(fault) == ("methods/arenas/tiny/stage/nets.py, line 2: ZeroDivisionError: division by zero "
                          "(needed by methods/arenas/tiny/scaled.py)")
    (library.folder / "stage" / "nets.py").write_text("WIDTH = 3\nDEPTH = WIDTH / 1\n")
    assert fault.changed and sync().broken == ()


def test_a_rival_that_goes_away_is_missed_and_coming_back_mends_it(library):
    text = (library.folder / "plain.py").read_text()
    (library.folder / "plain.py").unlink()
    fault, = sync().broken
    assert fault.method == "scaled" and "no method plain here" in fault.reason
    library.write("plain", text)
    assert sync().broken == ()


def test_the_command_names_it_and_ends_well(library):
    library.edit("scaled", *UNKNOWN_RIVAL)
    for name in [name for name in sys.modules if name.startswith("methods.arenas.")]:
        del sys.modules[name]
    out, err = StringIO(), StringIO()
    call_command("sync_methods", stdout=out, stderr=err)
    assert "1 broken" in out.getvalue()
    assert "Broken: methods/arenas/tiny/scaled.py, line 23: Beats(rival='nobody'" in err.getvalue()
    assert Claim.objects.get().rival == "plain", "the claim of the card before stays, with its verdicts"
