"""Search, similarity and clusters as pages, API, command and task."""

import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from methods.models import Arena, Method, PaperLink
from papers.digests.titles import title_key
from papers.models import Appearance, Cluster, Digest, Paper
from papers.search.encoder import EncoderUnavailable
from papers.search.refresh import embed_texts
from papers.services import record_search_texts
from tests.papers.search.stored_texts import search_texts

HTMX = {"HX-Request": "true"}


@pytest.fixture
def library(topics):
    """The five topics as papers of one digest, the two methods mirrored, everything embedded, one paper linked."""
    digest = Digest.objects.create(sha256="d", name="march mail", format="trending")
    for row in topics.values():
        if row.kind == "paper":
            Paper.objects.filter(pk=row.paper_id).update(title_key=row.title, year=2018 + row.paper_id)
            Appearance.objects.create(digest=digest, paper_id=row.paper_id, position=row.paper_id)
        else:
            arena, slug = row.key.split("/")
            Arena.objects.create(slug=arena, title=f"{arena} arena", question="?", explanation="", metrics=[],
                                 settings=[], scales={}, baseline=slug, source_code="")
            Method.objects.create(arena_id=arena, slug=slug, title=row.title, summary=row.body, explanation=row.body,
                                  source_path="", source_code="", code_digest="")
    PaperLink.objects.create(paper_id=int(topics["optimizer"].key), method=Method.objects.get(slug="adam"),
                             kind=PaperLink.IMPLEMENTS, origin=PaperLink.CARD, state=PaperLink.ACCEPTED)
    embed_texts()
    return topics


def page(client, name, *args, status=200, query="", **headers):
    response = client.get(reverse(name, args=args) + query, headers=headers)
    assert response.status_code == status
    html = response.content.decode()
    assert " style=" not in html and "<style" not in html and "onclick" not in html
    return html


def test_search_page_shows_hits_scores_and_reasons(client, library):
    html = page(client, "search", query="?q=rehearse+examples+against+forgetting")
    assert reverse("paper_detail", args=[library["forgetting"].key]) in html
    assert reverse("method_detail", args=["continual", "replay"]) in html
    for part in ("words #1", "cosine 0.", "% of random pairs", "fused 0.0", "<mark>forgetting</mark>", "Shares "):
        assert part in html
    assert '<form class="toolbar" role="search"' in html and 'value="rehearse examples against forgetting"' in html


def test_search_fragment_is_only_the_results(client, library):
    html = page(client, "search", query="?q=rain", **HTMX)
    assert "<html" not in html and 'role="search"' not in html and "radar" in html


def test_filters_in_form_and_box(client, library):
    cluster = Paper.objects.get(pk=int(library["protein"].key)).cluster
    listed = page(client, "search", query=f"?cluster={cluster.pk}")
    assert library["protein"].title in listed
    html = page(client, "search", query="?q=&year=2021-2021")
    assert library["protein"].title in html and library["speech"].title not in html
    html = page(client, "search", query="?q=gradient+link:implements")
    assert library["optimizer"].title in re.sub("</?mark>", "", html) and "implemented here" in html
    assert library["weather"].title not in html
    assert "Left out: year" in page(client, "search", query="?q=rain&year=soon")


def test_empty_states_say_what_to_do(client, db, library):
    assert "<code>year:2020-2023</code>" in page(client, "search")
    assert "Nothing found" in page(client, "search", query='?q="no such phrase"')
    Paper.objects.all().delete()
    from papers.models import SearchText
    SearchText.objects.all().delete()
    assert reverse("digest_import") in page(client, "search")
    Cluster.objects.all().delete()
    assert reverse("digest_import") in page(client, "cluster_list")


def test_progress_and_missing_meaning_are_said(client, topics, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "fresh"
    html = page(client, "search", query="?q=forgetting")
    assert "still being prepared: 0 of 7 texts" in html and "Found by words only" in html
    assert "<mark>forgetting</mark>" in html


def test_hostile_text_is_shown_as_text(client, library):
    search_texts(("paper", "900", "<script>alert(1)</script> rain", "<img src=x onerror=alert(2)> rain"))
    for query in ("?q=rain", "?q=<script>alert(3)</script>", '?q="><b>x', "?q=%00%ff", "?offset=-1&q=rain",
                  "?q=rain&digest=99999999999999999999&cluster=٣"):
        html = page(client, "search", query=query)
        assert "<script>alert" not in html and "<img src=x" not in html and "<b>x" not in html


def test_pager_walks_through_all_hits(client, db):
    search_texts(*[("paper", str(number), f"Okapi {number}", "An okapi.") for number in range(1, 46)])
    seen, query = set(), "?q=okapi"
    for _ in range(3):
        html = page(client, "search", query=query)
        seen |= set(re.findall(r'href="(/papers/\d+/)"', html))
        following = re.search(r'rel="next" href="([^"]+)"', html)
        query = following[1].replace("&amp;", "&") if following else None
    assert len(seen) == 45 and query is None


def test_similar_to_a_paper(client, library):
    key = library["forgetting"].key
    fragment = page(client, "paper_similar", key, **HTMX)
    assert "<html" not in fragment and library["forgetting"].title not in fragment
    assert "Experience replay" in fragment and "nearer than" in fragment
    assert library["forgetting"].title in page(client, "paper_similar", key)
    page(client, "paper_similar", 404, status=404)
    Paper.objects.create(pk=70, title="bare", title_key="bare")
    assert "not searchable yet" in page(client, "paper_similar", 70)


def test_similar_to_a_pasted_text(library):
    client = Client(enforce_csrf_checks=True)
    html = page(client, "similar", query="?text=amino+acids")
    assert html.index(library["protein"].title) < html.index(library["speech"].title)
    assert client.post(reverse("similar"), {"text": "amino acids"}).status_code == 403
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)[1]
    long = "amino acids fold " * 300
    answer = client.post(reverse("similar"), {"text": long, "csrfmiddlewaretoken": token, "kind": "paper"})
    text = answer.content.decode()
    assert answer.status_code == 200 and "longer than the encoder reads" in text and "Experience replay" not in text


def test_more_and_less_like_a_hit(client, library):
    """The links of the hits lead from a search to examples, and from there to more of them."""
    html = page(client, "search", query="?q=rain+from+radar")
    less = re.search(r'href="([^"]*unlike=[^"]*)"', html)[1].replace("&amp;", "&")
    assert less.startswith(reverse("similar") + "?text=rain")
    html = client.get(less).content.decode()
    assert ">unlike</span>" in html and "mean(like) − 0.5 · mean(unlike)" in html
    more = [address.replace("&amp;", "&") for address in re.findall(r'href="([^"]*)">more like this', html)]
    html = client.get(more[0]).content.decode()
    assert html.count(">like</span>") == html.count(">unlike</span>") == 1
    assert 'name="like" value=' in html and 'name="unlike" value=' in html and html.count("take away") == 2
    key = library["forgetting"].key
    answer = get(client, "similar", like=[f"paper:{key}", "method:optimizers/adam"], unlike="method:continual/replay")
    assert {f"paper:{key}", "method:optimizers/adam"}.isdisjoint(f"{hit['kind']}:{hit['key']}"
                                                                 for hit in answer["hits"])
    get(client, "similar", status=404, like="paper:404")
    get(client, "similar", status=422, unlike=f"paper:{key}")
    assert "needs a text" in page(client, "similar", query=f"?unlike=paper:{key}")
    assert "no paper 404 is searchable" in page(client, "similar", query="?like=paper:404")


def test_ticked_rows_are_examples(client, library):
    """Rows of a search, and of the list of papers, are ticked: more like these, or less, beside what was typed."""
    optimizer, forgetting = library["optimizer"], library["forgetting"]
    html = page(client, "search", query="?q=rain+from+radar")
    assert 'name="ticked"' in html and 'form="ticked"' in html and 'name="text" value="rain from radar"' in html
    listed = client.get(reverse("paper_list")).content.decode()
    assert f'name="ticked" value="paper:{optimizer.key}" form="ticked"' in listed and 'id="ticked"' in listed
    both = f"ticked=paper:{optimizer.key}&ticked=paper:{forgetting.key}"
    html = page(client, "similar", query=f"?{both}&side=like")
    assert html.count(">like</span>") == 2 and ">unlike</span>" not in html
    html = page(client, "similar",
                query=f"?text=rain&like=paper:{optimizer.key}&ticked=paper:{forgetting.key}&side=unlike")
    assert html.count(">like</span>") == html.count(">unlike</span>") == 1
    assert "is no example" in page(client, "similar", query="?ticked=poem:1&side=like&text=rain")


def test_a_withdrawn_paper_says_so_wherever_it_is_found(client, library):
    key = library["forgetting"].key
    assert "withdrawn</span>" not in page(client, "search", query="?q=forgetting")
    Paper.objects.filter(pk=int(key)).update(withdrawn=True)
    assert "withdrawn</span>" in page(client, "search", query="?q=forgetting")
    assert "withdrawn</span>" in page(client, "similar", query="?text=forgetting")
    assert "withdrawn</span>" in client.get(reverse("paper_list")).content.decode()
    assert key in {hit["key"] for hit in get(client, "search", q="has:withdrawn forgetting")["hits"]}
    assert key not in {hit["key"] for hit in get(client, "search", q="-has:withdrawn forgetting")["hits"]}


def test_cluster_pages(client, library):
    html = page(client, "cluster_list")
    cluster = Paper.objects.get(pk=int(library["optimizer"].key)).cluster
    assert cluster.label in html and reverse("cluster_detail", args=[cluster.pk]) in html
    assert html.count("<circle") == 5
    html = page(client, "cluster_detail", cluster.pk)
    assert library["optimizer"].title in html and "to the centre" in html and "implements 1" in html
    assert reverse("method_detail", args=["optimizers", "adam"]) in html
    assert reverse("arena_detail", args=["optimizers"]) in html
    page(client, "cluster_detail", 10**6, status=404)


def test_pages_ask_few_questions(client, library, django_assert_max_num_queries):
    cluster = Cluster.objects.first()
    page(client, "search", query="?q=network")  # opens the index
    for name, args, query, most in (("search", [], "?q=network", 27), ("search", [], "", 12),
                                    ("cluster_list", [], "", 14), ("cluster_detail", [cluster.pk], "", 25),
                                    ("paper_similar", [library["speech"].key], "", 30)):
        with django_assert_max_num_queries(most):
            page(client, name, *args, query=query)


def get(client, path, status=200, **params):
    response = client.get(f"/api/{path}", params)
    assert response.status_code == status, response.content
    return response.json()


def test_api_search(client, library):
    answer = get(client, "search", q="rehearse examples against forgetting", limit=3)
    assert answer["meaning"] and answer["limit"] == 3 and answer["embedded"] == answer["texts"] == 7
    first = answer["hits"][0]
    assert {"kind", "key", "title", "url", "score", "word_rank", "cosine", "percentile", "reason"} <= set(first)
    assert {hit["key"] for hit in answer["hits"]} >= {library["forgetting"].key, "continual/replay"}
    assert {hit["kind"] for hit in get(client, "search", q="gradient", kind="method")["hits"]} == {"method"}
    assert [hit["year"] for hit in get(client, "search", year="2020-2021")["hits"]] == [2021, 2020]
    assert get(client, "search", q="")["hits"] == []
    get(client, "search", status=422, q="x", year="soon")
    get(client, "search", status=422, q="x", kind="poem")
    get(client, "search", status=422, q="x", limit=1000)


def test_api_similar(client, library):
    key = library["forgetting"].key
    answer = get(client, f"papers/{key}/similar", kind="method")
    assert [hit["key"] for hit in answer["hits"]] == ["continual/replay", "optimizers/adam"]
    assert get(client, "methods/optimizers/adam/similar", kind="paper")["hits"][0]["key"] == library["optimizer"].key
    assert get(client, "similar", text="amino acids")["hits"][0]["key"] == library["protein"].key
    get(client, "papers/404/similar", status=404)
    get(client, "methods/no/such/similar", status=404)
    get(client, "similar", status=422)


def test_api_clusters(client, library):
    answer = get(client, "clusters", limit=1)
    assert answer["count"] == Cluster.objects.count()
    found = get(client, f"clusters/{answer['items'][0]['id']}")
    assert found["size"] == len(found["papers"]) == answer["items"][0]["size"]
    assert found["terms"] and all(isinstance(term, str) and weight > 0 for term, weight in found["terms"])
    assert all(-1 <= paper["cosine"] <= 1 for paper in found["papers"])
    get(client, "clusters/1000000", status=404)


def test_command(library, capsys):
    call_command("search", "rain from radar", "--json", "--kind", "paper", "--limit", "2")
    answer = json.loads(capsys.readouterr().out)
    assert answer["hits"][0]["key"] == library["weather"].key and len(answer["hits"]) <= 2 and answer["meaning"]
    call_command("search", "step size", "--kind", "method")
    printed = capsys.readouterr().out
    assert "1. Adam" in printed and "cosine" in printed and "found" in printed
    with pytest.raises(CommandError, match="is not a year"):
        call_command("search", "rain", "--year", "soon")
    with pytest.raises(CommandError, match="limit"):
        call_command("search", "rain", "--limit", "0")


@pytest.fixture
def eager():
    """The Celery application with every task run where it is sent from."""
    from workers.celery import app
    app.loader.import_default_modules()
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield app
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


def test_task_embeds_and_has_papers_linked(library, eager):
    paper = Paper.objects.create(pk=50, title="Rehearsal of stored examples", title_key="rehearsal")
    record_search_texts([("paper", "50", paper.title, "Old examples are mixed into new batches.")])
    for _ in range(2):  # delivered twice
        eager.tasks["papers.embed_texts"].apply()
        assert paper.links.filter(kind="related").values_list("method__slug", flat=True)[0] == "replay"
    paper.refresh_from_db()
    assert paper.cluster_id is not None
    assert eager.tasks["papers.rebuild_index"].apply().get() == 8


def test_papers_are_linked_even_when_meaning_is_missing(library, eager, settings):
    settings.ENCODER_MODEL = "/no/such/model"
    paper = Paper.objects.get(pk=int(library["forgetting"].key))
    named = {"title": paper.title, "year": 2019, "arxiv": "", "covers": ""}
    Method.objects.filter(slug="replay").update(papers=[named])
    Paper.objects.filter(pk=paper.pk).update(title_key=title_key(paper.title))
    with pytest.raises(EncoderUnavailable):
        eager.tasks["papers.embed_texts"].apply()
    assert paper.links.get(kind="implements").method.slug == "replay"
