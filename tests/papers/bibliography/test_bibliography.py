"""What is written of papers is read back equal, runs nowhere, and names exactly the papers asked for."""

import json
from datetime import date

import pytest
from django.urls import reverse

from papers.bibliography.items import items, name_of
from papers.bibliography.registry import NoSuchFormat, format_named, formats, written
from papers.digests.reading import read_digest
from papers.models import Digest, Paper
from papers.services import import_digest

pytestmark = pytest.mark.django_db

LISTS = ["bibtex", "csl_json", "csv", "jsonl", "markdown", "ris"]
STYLES = ["apa", "chicago", "harvard", "ieee"]
PAPERS = [
    {"title": "Calm Schedules for Noisy Gradients: a $\\beta$ study of 50% & more", "arxiv_id": "2509.99010",
     "abstract": "We study A_b and {x}. See <b>bold</b> | pipe; \"quotes\" at 5 < 6.", "published_on": "2025-09-18",
     "authors": ["Ada B. van den Example", "Bo Núñez", "The Example Team", "Wang Xiaoming", "Ana Lima Jr.", "Plato"],
     "venue": "Advances in Neural Information Processing Systems 38",
     "urls": ["https://github.com/example/calm", "https://openreview.net/forum?id=abcDEF1234"]},
    {"title": "=cmd|' /C calc'!A0", "abstract": "-x", "doi": "10.5555/(X)1", "authors": ["Ada Example"], "year": 2024,
     "venue": "Nature & Science_2"},
    {"title": "Nur ein Titel [mit] *Sternen* _und_ `code` #1 ~ ^", "abstract": "ER  - \nTY  - JOUR\nTI  - Injected"},
    {"title": "@article{x, title={y}}", "year": 1999, "authors": ["李 明", "Ødegård, Inc.", "M. O'Neill-Smith"]},
    {"title": "'+1 for Quotes", "year": 2025, "venue": "Journal of | Bars",
     "urls": ["https://example.org/a(b)?c=1&d=%20#e"]}]
FIELDS = {"title", "abstract", "arxiv_id", "doi", "year", "published_on", "venue", "authors", "urls"}
NOT_HELD = {"markdown": {"abstract", "published_on", "urls"}, "bibtex": {"urls"}}  # of the addresses the best and code


@pytest.fixture
def library():
    import_digest(name="papers.json", data=json.dumps(PAPERS).encode())
    return list(Paper.objects.order_by("pk"))


def value(paper, field):
    held = getattr(paper, field) or None
    return tuple(held) if isinstance(held, list | tuple) else held


@pytest.mark.parametrize("name", LISTS)
def test_what_we_write_our_readers_read_back_equal(library, name):
    text = "".join(written([paper.pk for paper in library], name))
    parsed = read_digest(text.encode(), f"papers.{format_named(name).EXTENSION}")
    assert not parsed.rejects
    for field in FIELDS - NOT_HELD.get(name, set()) - {"urls"}:
        assert [value(record, field) for record in parsed.records] == [value(paper, field) for paper in library], field
    if "urls" not in NOT_HELD.get(name, set()):
        assert [set(paper.urls) - set(record.urls) for paper, record in zip(library, parsed.records, strict=True)] == [
            set()] * len(library)


@pytest.mark.parametrize("name", LISTS)
def test_importing_what_was_written_changes_nothing(library, name):
    before = list(Paper.objects.order_by("pk").values("pk", "title", "authors", "year", "venue", "doi", "abstract"))
    report = import_digest(name="again", data="".join(written(Paper.objects.order_by("pk"), name)).encode())
    assert not report.new and list(Paper.objects.order_by("pk").values(
        "pk", "title", "authors", "year", "venue", "doi", "abstract")) == before


def test_every_format_is_found_and_says_what_it_is():
    assert sorted(formats()) == sorted(LISTS + STYLES)
    assert all(module.TITLE and module.MEDIA_TYPE and module.EXTENSION for module in formats().values())
    with pytest.raises(NoSuchFormat, match="no format word; there are apa, bibtex"):
        format_named("word")


def test_references_in_styles(library):
    text = {name: "".join(written([library[1].pk, library[0].pk], name)).splitlines() for name in STYLES}
    assert all(len(lines) == 2 for lines in text.values())
    assert text["ieee"][0].startswith("[1] A. Example, “=cmd") and text["ieee"][1].startswith("[2] A. B. van den Exam")
    assert text["apa"][0] == "Example, A. (2024). =cmd|' /C calc'!A0. Nature & Science_2. https://doi.org/10.5555/(x)1"


def test_cells_run_no_formula(library):
    lines = "".join(written([paper.pk for paper in library], "csv")).split("\r\n")
    assert lines[2].startswith("'=cmd") and lines[2].count("'-x") == 1 and lines[5].startswith("''+1")


def test_exactly_the_papers_asked_for_once_and_in_order(library, django_assert_max_num_queries):
    pks = [library[3].pk, library[0].pk, library[3].pk, 10**9]
    with django_assert_max_num_queries(2):
        assert [item.title for item in items(pks)] == [library[3].title, library[0].title]
    assert [item.title for item in items(Paper.objects.filter(year=1999))] == [library[3].title]
    assert "".join(written([], "csl_json")) == "[]\n" and "".join(written([], "bibtex")) == ""


def test_kinds_and_names(library):
    kinds = {item.title[:4]: item.kind for item in items(Paper.objects.all())}
    assert kinds["Calm"] == "conference" and kinds["=cmd"] == "journal" and kinds["Nur "] == "preprint"
    assert name_of("Ludwig van Beethoven").family == "van Beethoven" and not name_of("Plato").given
    assert name_of("ATLAS Collaboration").sorted == "ATLAS Collaboration"


def test_pages_and_api_stream_the_same_file(client, library):
    digest = Digest.objects.get()
    page = client.get(reverse("paper_list_bibliography"), {"digest": digest.pk, "format": "ris", "sort": "oldest"})
    assert page.streaming and page["Content-Disposition"] == 'attachment; filename="papers.ris"'
    api = client.get("/api/papers/bibliography", {"digest": digest.pk, "format": "ris", "sort": "oldest"})
    assert page.getvalue() == api.getvalue() == "".join(written([paper.pk for paper in library], "ris")).encode()
    found = client.get(reverse("search_bibliography"), {"q": "schedules", "format": "jsonl"}).getvalue().decode()
    assert [json.loads(line)["arxiv_id"] for line in found.splitlines()][0] == "2509.99010"
    assert client.get("/api/search/bibliography", {"q": "schedules", "format": "jsonl"}).getvalue().decode() == found
    assert client.get(reverse("paper_list_bibliography"), {"format": "word"}).status_code == 404
    refused = client.get("/api/papers/bibliography", {"format": "word"})
    assert refused.status_code == 422 and "there are apa, bibtex" in refused.json()["detail"]


def test_each_list_offers_all_formats(client, library):
    for address in (reverse("paper_list"), reverse("digest_detail", args=[Digest.objects.get().pk]),
                    f"{reverse('search')}?q=schedules", reverse("paper_detail", args=[library[0].pk])):
        html = client.get(address).content.decode()
        assert all(f"format={name}" in html for name in formats()), address


def test_a_day_of_a_paper_without_a_year_is_written(library):
    Paper.objects.filter(pk=library[2].pk).update(published_on=date(2020, 2, 3), year=None)
    assert "year = {2020}" in "".join(written([library[2].pk], "bibtex"))
