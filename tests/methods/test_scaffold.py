"""The file to start a method of a paper from: what reads a file finds nothing, what runs it says what is to do."""

import sys
import types
from itertools import product

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.urls import reverse

from methods.kit.engine import registry, text_checks
from methods.mirror import sync_methods
from methods.models import Arena, Method, PaperLink
from methods.scaffold import NoArena, hooks, scaffold
from papers.digests.titles import title_key
from papers.models import Paper
from papers.search_texts import record_search_texts, search_row

pytestmark = pytest.mark.django_db
TITLES = ["LoRA++: Even \"Lower\" Ranks", "A \\new{command} \"\"\"of\"\"\" Ten", "Новый метод для данных", "2:4 Rows",
          "Base", "SAM: A Twin", "On " + "Very " * 60 + "Long Titles", "<script>alert(1)</script> & co",
          "Über die Größe: der Schätzung"]


@pytest.fixture
def mirrored(db):
    sync_methods()


def paper(title="LoRA++: Even Lower Ranks", **fields) -> Paper:
    found = Paper.objects.create(title=title, title_key=title_key(title), **fields)
    record_search_texts([search_row(found)])
    return found


def loaded(begun):
    """The class of a begun file, as its module would hold it."""
    module = types.ModuleType(f"methods.arenas.{begun.path.split('/')[2]}.{begun.file_name[:-3]}")
    sys.modules[module.__name__] = module
    exec(compile(begun.text, begun.path, "exec"), module.__dict__)
    return getattr(module, registry.class_name(begun.file_name[:-3]))


def test_what_reads_a_file_finds_nothing(mirrored, tmp_path):
    for (number, title), arena in product(enumerate(TITLES), Arena.objects.all()):
        found = Paper(title=title, year=2024, arxiv_id=f"2401.0000{number}")
        begun = scaffold(paper=found, arena=arena.slug)
        file = tmp_path / begun.path.split("/")[2] / begun.file_name
        file.parent.mkdir(exist_ok=True)
        file.write_text(begun.text)
        for check in (text_checks.line_count, text_checks.file_name, text_checks.imports, text_checks.banned_calls):
            check(file)
        cls = loaded(begun)
        for check in (text_checks.docstring, text_checks.card, text_checks.params):
            check(cls)
        text_checks.title_alone(cls, arena.slug)
        [named] = cls.card.papers
        assert (named.title, named.year, named.arxiv) == (title, 2024, found.arxiv_id)
        assert issubclass(cls, registry.load_arena(arena.slug).slot)
        assert not (settings.BASE_DIR / begun.path).exists(), "never in place of a method"


def test_hooks_are_those_of_the_slot(mirrored):
    for arena in Arena.objects.all():
        slot, declared = hooks(arena)
        cls = registry.load_arena(arena.slug).slot
        assert slot == cls.__name__
        assert {hook.name for hook in declared} == {name for name, value in vars(cls).items()
                                                    if isinstance(value, types.FunctionType) and name[0] != "_"}
    _, [start, step, answer] = hooks(Arena.objects.get(pk="optimizers"))
    assert step.required and not start.required and not answer.required and step.arguments[1:3] == ("w", "gradient")
    with pytest.raises(NotImplementedError, match="step is not written yet"):
        loaded(scaffold(paper=paper("Leaps", year=2025), arena="optimizers"))().step(None, None, 0.1)


def test_the_arena_of_the_nearest_methods_is_proposed(mirrored):
    found = paper()
    for slug, score in (("optimizers/adam", 0.5), ("peft/lora", 0.4), ("peft/bitfit", 0.3)):
        arena, _, name = slug.partition("/")
        PaperLink.objects.create(paper=found, method=Method.objects.get(arena=arena, slug=name), kind="related",
                                 origin="meaning", score=score, percentile=90.0)
    assert scaffold(paper=found).arena.slug == "peft" and scaffold(paper=found).path.endswith("peft/lora_2.py")
    with pytest.raises(NoArena, match="no arena nowhere; there are"):
        scaffold(paper=found, arena="nowhere")


def test_a_paper_that_nothing_runs_says_so_and_how_to_begin(mirrored, client):
    found = paper("Ranks <b>", abstract="We look at ranks.", year=2024)
    for name, score in (("lora", 0.6), ("bitfit", 0.5), ("ia3", 0.4)):
        PaperLink.objects.create(paper=found, method=Method.objects.get(arena="peft", slug=name), kind="related",
                                 origin="meaning", score=score, percentile=99.0)
    shown = client.get(reverse("paper_detail", args=[found.pk])).content.decode()
    assert "Nothing here runs this paper; nearest methods:" in shown
    assert shown.count("<li><a href=\"/methods/peft/") == 3
    assert 'id="run"' not in shown and "What was measured" not in shown and "badge/" not in shown
    assert "Decide about its links" not in shown
    address = reverse("paper_scaffold", args=[found.pk])
    assert address in shown
    page = client.get(address).content.decode()
    assert "Ranks &lt;b&gt;" in page and "<b>" not in page.split("<pre")[1] and "manage.py check_method" in page
    file = client.get(address, {"arena": "optimizers", "download": 1})
    assert file["Content-Disposition"] == 'attachment; filename="ranks_b.py"'
    assert b"class RanksB(Optimizer)" in file.content
    assert client.get(address, {"arena": "nowhere"}).status_code == 404
    PaperLink.objects.create(paper=found, method=Method.objects.get(arena="peft", slug="vera"), kind="implements",
                             origin="card")
    shown = client.get(reverse("paper_detail", args=[found.pk])).content.decode()
    assert 'id="run"' in shown and "Nothing here runs" not in shown and "Near it in meaning" in shown


def test_the_command_begins_a_file_once(mirrored, settings, tmp_path, capsys):
    settings.BASE_DIR = tmp_path
    (tmp_path / "methods/arenas/peft").mkdir(parents=True)
    found = paper("VeRA 2: Vectors Again", arxiv_id="2501.00001", year=2025)
    call_command("new_method", "arXiv:2501.00001v2", arena="peft", shown=True)
    assert capsys.readouterr().out.startswith('"""VeRA 2: say here') and not list(tmp_path.rglob("*.py"))
    call_command("new_method", str(found.pk), arena="peft")
    assert "manage.py check_method methods/arenas/peft/vera_2.py" in capsys.readouterr().out
    assert "2501.00001" in (tmp_path / "methods/arenas/peft/vera_2.py").read_text()
    call_command("new_method", "vera 2: vectors again", arena="peft")
    assert sorted(file.name for file in tmp_path.rglob("*.py")) == ["vera_2.py", "vera_2_2025.py"]
    for wrong, said in (("2999.00001", "no paper here"), ("0", "no paper here")):
        with pytest.raises(CommandError, match=said):
            call_command("new_method", wrong)
    with pytest.raises(CommandError, match="no arena x"):
        call_command("new_method", str(found.pk), arena="x")
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("new_method", str(found.pk), arena="long-tail")
