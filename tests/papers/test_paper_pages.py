"""The pages of papers: list, filters, paper, feed, BibTeX."""

import json
from xml.etree import ElementTree

import pytest
from django.urls import reverse

from evaluations.models import Claim, Verdict
from methods.models import Arena, Method, PaperLink
from papers.bibliography.formats import bibtex
from papers.bibliography.items import item_of, items
from papers.digests.reading import read_digest
from papers.models import Appearance, Cluster, Digest, Paper
from papers.services import import_digest
from tests.papers.digest_texts import BLANK_LAYOUT

pytestmark = pytest.mark.django_db


@pytest.fixture
def library():
    """Three papers: one implemented with a confirmed claim, one related, one linked to nothing."""
    rows = [{"title": "Alpha <u>Sorting</u>", "abstract": "About turning schedules.", "year": 2020,
             "url": "https://example.org/a", "authors": ["Ana Lima", "Bo & Co"]},
            {"title": "Beta", "abstract": "About sorting layers.", "arxiv_id": "2101.00001"},
            {"title": "Gamma", "abstract": "Neither.", "year": 2019, "doi": "10.1000/g"}]
    import_digest(name="first.jsonl", data="\n".join(map(json.dumps, rows)).encode())
    import_digest(name="second.jsonl", data=json.dumps(rows[0]).encode())
    alpha, beta, gamma = Paper.objects.order_by("title_key")
    arena = Arena.objects.create(slug="long-tail", title="Long tail", question="?", explanation="", baseline="base",
                                 metrics=[{"name": "accuracy", "title": "Accuracy", "better": "higher", "unit": "",
                                           "chance": None, "ceiling": None, "help": ""}],
                                 settings=[{"name": "default", "title": "Default", "options": {}}],
                                 scales={name: {"seconds": 1, "memory_mb": 1, "options": {}}
                                         for name in ("smoke", "full")}, source_code="")
    method = Method.objects.create(arena=arena, slug="sorter", title="Sorter", summary="Sorts.", explanation="Sorts.",
                                   source_path="", source_code="", code_digest="")
    PaperLink.objects.create(paper=alpha, method=method, kind="implements", origin="card")
    PaperLink.objects.create(paper=beta, method=method, kind="related", origin="meaning", score=0.5, percentile=99.0)
    PaperLink.objects.create(paper=gamma, method=method, kind="implements", origin="card", state="rejected")
    claim = Claim.objects.create(method=method, position=0, kind="Beats", sentence="better", rival="base",
                                 metric="accuracy", setting="default", terms=[])
    numbers = {"n": 10, "difference": 0.1, "low": 0.05, "high": 0.15, "p_value": 0.01, "effect_size": 1.0,
               "power": 0.9, "basis": "x"}
    Verdict.objects.create(claim=claim, status="refuted", current=False, **numbers)
    Verdict.objects.create(claim=claim, status="confirmed", **numbers)
    cluster = Cluster.objects.create(label="sorting, layers", terms=[], centroid=b"", model_id="m")
    Paper.objects.filter(pk=beta.pk).update(cluster=cluster)
    return {"alpha": alpha, "beta": beta, "gamma": gamma, "cluster": cluster}


def listed(client, **query):
    rows = client.get(reverse("paper_list"), query).context["rows"]
    return [row.paper.title.split()[0].lower() for row in rows]


@pytest.mark.parametrize(("query", "expected"), [
    ({}, {"alpha", "beta", "gamma"}), ({"q": "sorting"}, {"alpha", "beta"}),
    ({"q": "SORTING about"}, {"alpha", "beta"}),
    ({"q": "sorting layers"}, {"beta"}), ({"q": "100%"}, set()), ({"year": "2021"}, {"beta"}),
    ({"year": "2019"}, {"gamma"}),
    ({"link": "implements"}, {"alpha"}), ({"link": "related"}, {"beta"}), ({"link": "none"}, {"gamma"}),
    ({"verdict": "confirmed"}, {"alpha"}), ({"verdict": "refuted"}, set()), ({"verdict": "none"}, {"beta", "gamma"}),
    ({"digest": "999"}, set()), ({"since": "2001-01-01"}, {"alpha", "beta", "gamma"}), ({"since": "2999-01-01"}, set()),
    ({"year": "x", "link": "?"}, {"alpha", "beta", "gamma"}),
])
def test_filters(client, library, query, expected):
    assert set(listed(client, **query)) == expected


def test_filter_by_digest_and_cluster(client, library):
    assert listed(client, digest=Digest.objects.get(name="second.jsonl").pk) == ["alpha"]
    assert listed(client, cluster=library["cluster"].pk) == ["beta"]


@pytest.mark.parametrize(("sort", "expected"), [
    ("title", ["alpha", "beta", "gamma"]), ("year", ["beta", "alpha", "gamma"]),
    ("newest", ["gamma", "beta", "alpha"]), ("oldest", ["alpha", "beta", "gamma"])])
def test_orders(client, library, sort, expected):
    assert listed(client, sort=sort) == expected


def test_list_shows_links_verdicts_and_what_was_not_understood(client, library):
    html = client.get(reverse("paper_list"), {"year": "soon"}).content.decode()
    assert "Alpha &lt;u&gt;Sorting&lt;/u&gt;" in html and "<u>Sorting" not in html
    assert "1 confirmed" in html and "refuted</span>" not in html and "listed 2 times" in html
    assert "left out: year" in html and "3 papers" in html


def test_queries_do_not_grow_with_the_list(client, library, django_assert_max_num_queries):
    Paper.objects.bulk_create(Paper(title=f"Paper {i}", title_key=f"paper {i}") for i in range(200))
    Appearance.objects.bulk_create(Appearance(digest_id=Digest.objects.first().pk, paper=paper, position=100 + i)
                                   for i, paper in enumerate(Paper.objects.filter(title_key__startswith="paper ")))
    client.get(reverse("paper_list"))
    with django_assert_max_num_queries(11):
        page = client.get(reverse("paper_list"))
    assert len(page.context["rows"]) == 40 and "page 1 of 6" in page.content.decode()
    with django_assert_max_num_queries(6):
        part = client.get(reverse("paper_list"), {"page": 3}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode() and "page=4" in part.content.decode()
    assert "HX-Request" in part["Vary"] and part["HX-Push-Url"] == reverse("paper_list") + "?page=3"


def test_going_back_in_the_browser_gets_the_whole_page(client, library):
    page = client.get(reverse("paper_list"), headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in page.content.decode()


def test_empty_list_says_what_to_do(client):
    assert reverse("digest_import") in client.get(reverse("paper_list")).content.decode()
    assert "Show all" in client.get(reverse("paper_list"), {"q": "nothing"}).content.decode()


def test_paper_page(client, library):
    alpha = library["alpha"]
    html = client.get(reverse("paper_detail", args=[alpha.pk])).content.decode()
    assert "Alpha &lt;u&gt;" in html and "Bo &amp; Co</a>" in html and "About turning schedules." in html
    assert "first.jsonl" in html and "second.jsonl" in html and "#1" in html
    assert 'href="https://example.org/a"' in html and "Sorter" in html
    gamma = client.get(reverse("paper_detail", args=[library["gamma"].pk])).content.decode()
    assert 'href="https://doi.org/10.1000/g"' in gamma
    assert client.get(reverse("paper_detail", args=[10**9])).status_code == 404


def test_only_web_addresses_become_links(client, library):
    alpha = library["alpha"]
    Paper.objects.filter(pk=alpha.pk).update(urls=["javascript:alert(1)", "https://ok.example/"])
    html = client.get(reverse("paper_detail", args=[alpha.pk])).content.decode()
    assert "javascript:" not in html and "https://ok.example/" in html


def test_feed(client, library):
    response = client.get(reverse("paper_feed"), {"q": "sorting"})
    feed = ElementTree.fromstring(response.content)
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert response["Content-Type"].startswith("application/atom+xml") and len(entries) == 2
    assert entries[1].findtext("{http://www.w3.org/2005/Atom}title") == "Alpha <u>Sorting</u>"
    assert entries[0].find("{http://www.w3.org/2005/Atom}link").get("href").endswith(
        reverse("paper_detail", args=[library["beta"].pk]))


def test_bibtex_reads_back_as_the_same_papers(client, library):
    Paper.objects.create(title="50% of {Braces, $\\beta$_x & #1", title_key="k", authors=["Jörg Müller"], year=2020)
    response = client.get(reverse("paper_list_bibtex"), {"sort": "title"})
    records = read_digest(response.getvalue(), "papers.bib").records
    papers = list(Paper.objects.order_by("title_key"))
    assert [record.title_key for record in records if "50" not in record.title] == [
        paper.title_key for paper in papers if paper.title_key != "k"]
    assert {record.arxiv_id for record in records} == {None, "2101.00001"} and "10.1000/g" in {r.doi for r in records}
    odd = next(record for record in records if "50" in record.title)
    assert odd.title == "50% of {Braces, β_x & #1" and odd.authors == ("Jörg Müller",)
    one = client.get(reverse("paper_bibtex", args=[library["alpha"].pk]))
    assert one["Content-Disposition"].startswith("attachment")
    assert one.getvalue().decode() == "".join(bibtex.write([item_of(library["alpha"])]))


def test_keys_are_given_once_and_are_unique():
    records = [{"title": f"Sorting {of}", "year": 2020, "authors": ["Ana Lima"]} for of in ("Rows", "Trees", "Sets")]
    import_digest(name="a", data=json.dumps(records).encode())
    papers = Paper.objects.order_by("pk")
    keys = [item.key for item in items(papers)]
    assert keys[0] == "lima2020sorting" and len(set(keys)) == 3 and all(key.startswith(keys[0]) for key in keys)
    assert [item.key for item in items(papers.order_by("-pk"))] == keys[::-1]  # whatever else is listed, and where
    assert [item.key for item in items([papers[2].pk])] == keys[2:]
    import_digest(name="b", data=b'{"title": "Sorting Rows", "year": 2020, "authors": ["Ana Lima", "Bo Sample"]}')
    assert item_of(Paper.objects.get(title="Sorting Rows")).key == keys[0]


def test_described_papers_say_so(client):
    import_digest(name="a", data=b'{"title": "Sorting", "description": "Ours."}')
    import_digest(name="b", data=BLANK_LAYOUT.encode())
    html = client.get(reverse("paper_detail", args=[Paper.objects.get(title="Sorting").pk])).content.decode()
    assert "own abstract yet" in html and "Abstract</h2>" not in html


def test_what_did_not_change_is_not_sent_again(client, library):
    for address in ("/api/papers", "/api/digests", reverse("paper_feed"), f"/api/papers/{library['alpha'].pk}"):
        first = client.get(address)
        assert first.status_code == 200 and first["ETag"]
        assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304, address
    Paper.objects.filter(pk=library["alpha"].pk).update(title="Another")
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 200
    newest = Digest.objects.order_by("-imported_at")[0]
    listed = client.get("/api/digests", {"since": newest.imported_at.isoformat()}).json()
    assert [each["id"] for each in listed["items"]] == [newest.pk]
