"""Pages and API of what an account keeps: by plain forms, by htmx, by program; and that it is the account's alone."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.test import Client

from config.accounts.models import ApiToken
from papers.following.models import Follow
from papers.models import Paper
from papers.shelf.markdown import rendered
from papers.shelf.models import Action, Mark, PaperList, Reader, Tag
from papers.shelf.owners import share_list
from papers.shelf.services import list_papers, set_state, tag_papers, write_note

FRAGMENT = {"HX-Request": "true"}


def test_a_press_without_script_goes_back_to_the_row(papers, browser, ada):
    one = papers["Counting Rivers"]
    page = browser.get("/papers/?q=rivers").text
    assert f'action="/shelf/papers/{one}/"' in page and 'value="star"' in page
    answer = browser.post(f"/shelf/papers/{one}/", {"do": "star", "next": f"/papers/?q=rivers#paper-{one}"})
    assert answer.status_code == 302 and answer.url == f"/papers/?q=rivers#paper-{one}"
    assert 'value="unstar" aria-pressed="true"' in browser.get("/papers/?q=rivers").text
    assert browser.post(f"/shelf/papers/{one}/", {"do": "star", "next": "https://evil.test/"}).url == "/shelf/"


def test_a_press_by_htmx_renews_the_row_alone(papers, browser):
    one = papers["Counting Rivers"]
    answer = browser.post(f"/shelf/papers/{one}/", {"do": "hide"}, headers=FRAGMENT).text
    assert "<html" not in answer and f'id="keep-{one}"' in answer and "Show again" in answer
    assert "Counting Rivers" not in browser.get("/papers/").text
    assert "Counting Rivers" in browser.get("/papers/?is=hidden").text
    refused = browser.post(f"/shelf/papers/{one}/", {"do": "tag", "tag": " / "}, headers=FRAGMENT).text
    assert "A tag needs a name." in refused


def test_ticked_rows_change_together_and_undo_renews_them(papers, browser, ada):
    one, two, three, *_ = papers.values()
    sent = {"paper": [one, two], "shown": f"{one},{two},{three}", "do": "star"}
    answer = browser.post("/shelf/papers/", sent, headers=FRAGMENT).text
    assert "Starred 2 papers." in answer and answer.count("hx-swap-oob") == 3
    assert browser.post("/shelf/papers/", {**sent, "paper": []}, headers=FRAGMENT).text.count("Tick some rows") == 1
    browser.post("/shelf/papers/", sent | {"do": "list", "name": "To read"})
    assert list(PaperList.objects.get().entries.values_list("paper", flat=True)) == [one, two]
    browser.post("/shelf/papers/", {"do": "undo", "next": "/papers/"})
    answer = browser.post("/shelf/papers/", sent | {"do": "undo"}, headers=FRAGMENT).text
    assert "Undone: starred 2 papers." in answer and f'id="keep-{three}"' in answer
    assert not Mark.objects.filter(starred_at__isnull=False).exists()


def test_visitors_see_none_of_it(papers, client, ada):
    one = papers["Counting Rivers"]
    set_state(user=ada, papers=[one], state="star", on=True)
    write_note(user=ada, paper=one, text="a secret thought")
    for address in ("/papers/", f"/papers/{one}/", "/search/?q=rivers", "/trending/"):
        page = client.get(address).text
        assert "keep-box" not in page and "secret" not in page and "shelf-bar" not in page, address
    page = client.get("/papers/?is=starred").text
    assert "log in to ask for it" in page and "Bridges of Paper" in page
    page = client.get("/search/?q=rivers+is:starred+tag:x").text
    assert page.count("log in to ask for it") >= 2 and "Counting Rivers" in page
    for address in ("/inbox/", "/for-me/", "/shelf/", "/shelf/shelf.jsonl", f"/shelf/papers/{one}/", "/shelf/names/"):
        assert client.get(address).url.startswith("/login/"), address
    assert client.get("/api/papers?is=starred").status_code == client.get("/api/shelf/papers").status_code == 401


def test_one_account_never_sees_anothers(papers, browser, ada, bob):
    one = papers["Counting Rivers"]
    write_note(user=bob, paper=one, text="a secret thought")
    tag_papers(user=bob, papers=[one], name="bobs")
    list_papers(user=bob, papers=[one], name="Bobs list")
    chosen, tag = PaperList.objects.get(), Tag.objects.get()
    for address in ("/papers/", f"/papers/{one}/", "/search/?q=rivers", "/shelf/", "/shelf/names/", "/api/shelf/tags",
                    "/api/shelf/lists", "/api/shelf/papers", "/shelf/shelf.jsonl", f"/shelf/papers/{one}/"):
        answer = browser.get(address)
        text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.text
        assert "secret" not in text and "bobs" not in text.lower(), address
    assert "tag: is nothing yet" in browser.get("/search/?q=tag:bobs").text
    assert "Counting Rivers" not in browser.get(f"/papers/?q=list:{chosen.pk}+zzz").text
    assert browser.get(f"/lists/{chosen.pk}/").status_code == 404
    assert browser.post(f"/lists/{chosen.pk}/", {"do": "delete"}).status_code == 404
    assert browser.post(f"/shelf/tags/{tag.pk}/", {"do": "delete"}).status_code == 404
    browser.post("/shelf/undo/", {"action": Action.objects.filter(user=bob).first().pk})
    assert not Action.objects.filter(user=bob).exclude(undone_at=None).exists()


def test_a_link_shows_the_list_until_it_ends(papers, client, ada):
    list_papers(user=ada, papers=[papers["Counting Rivers"]], name="Shown")
    write_note(user=ada, paper=papers["Counting Rivers"], text="a secret thought")
    key = share_list(user=ada, pk=PaperList.objects.get().pk, days=7).share_key
    page = client.get(f"/lists/shared/{key}/")
    assert "Counting Rivers" in page.text and "secret" not in page.text and "by ada" in page.text
    PaperList.objects.update(shared_until="2020-01-01T00:00Z")
    assert client.get(f"/lists/shared/{key}/").status_code == 404


def test_list_page_moves_shares_and_deletes(papers, browser):
    browser.post("/lists/new/", {"name": "Mine"})
    chosen = PaperList.objects.get()
    one, two, *_ = papers.values()
    list_papers(user=chosen.user, papers=[one, two], name="Mine")
    address = f"/lists/{chosen.pk}/"
    browser.post(address, {"do": "move", "paper": two, "to": 1})
    assert [entry.paper_id for entry in chosen.entries.all()] == [two, one]
    browser.post(address, {"do": "edit", "name": "Ours", "about": "*why*\n\n<script>alert(1)</script>"})
    browser.post(address, {"do": "share", "days": "30"})
    page = browser.get(address).text
    assert "<em>why</em>" in page and "<script>alert" not in page and "/lists/shared/" in page
    assert "Say which paper" in browser.post(address, {"do": "move", "to": "x"}, follow=True).text
    browser.post(address, {"do": "delete"})
    assert not PaperList.objects.exists()


def test_search_knows_ones_own(papers, browser, ada):
    one, two = papers["Counting Rivers"], papers["Bridges of Paper"]
    set_state(user=ada, papers=[one], state="star", on=True)
    set_state(user=ada, papers=[two], state="read", on=True)
    tag_papers(user=ada, papers=[one], name="water/rivers")
    list_papers(user=ada, papers=[two], name="To read")
    write_note(user=ada, paper=two, text="spans and arches")

    def found(query):
        return {hit["title"] for hit in browser.get("/api/search", {"q": query}).json()["hits"]}

    assert found("is:starred") == found("tag:water") == found('tag:"water/rivers"') == {"Counting Rivers"}
    assert found("read:yes") == found('list:"to read"') == found("note:arches") == {"Bridges of Paper"}
    assert "Bridges of Paper" not in found("read:no") and len(found("read:no")) == 4
    assert found("-is:starred is:kept") == {"Bridges of Paper"}
    set_state(user=ada, papers=[one], state="hide", on=True)
    assert found("rivers") == set() and found("rivers is:hidden") == {"Counting Rivers"}
    assert {row["title"] for row in browser.get("/api/papers?is=starred").json()["items"]} == set()


def test_the_api_changes_tells_and_undoes(papers, ada):
    one, two, *_ = papers.values()
    token = {"Authorization": f"Bearer {ApiToken.issue(user=ada, name='t')[1]}"}
    client = Client(headers=token)

    def post(path, body=None):
        return client.post(path, json.dumps(body) if body is not None else "", content_type="application/json")

    done = post("/api/shelf/papers", {"papers": [one, two], "star": True, "add_tags": ["a/b"], "add_to_lists": ["L"]})
    assert done.json()["done"] == ["starred 2 papers", "tagged 2 papers: a/b", "put 2 papers on the list “L”"]
    assert client.put(f"/api/shelf/papers/{one}/note", json.dumps({"text": "*so*"}),
                      content_type="application/json").json()["done"] == ["wrote a note"]
    row = next(row for row in client.get("/api/shelf/papers?is=starred").json()["items"] if row["paper"] == one)
    assert row["note"] == "*so*" and row["tags"] == ["a/b"] and row["lists"] == ["L"] and row["starred_at"]
    assert client.get("/api/shelf/papers?tag=a&note=so").json()["count"] == 1
    assert post("/api/shelf/undo").json()["done"] == ["wrote a note"]
    pk = client.get("/api/shelf/lists").json()[0]["id"]
    assert [row["id"] for row in client.get(f"/api/shelf/lists/{pk}").json()["items"]] == [one, two]
    address = post(f"/api/shelf/lists/{pk}/share", {"days": 7}).json()["address"]
    assert Client().get(address).status_code == 200
    assert post("/api/shelf/papers", {"papers": [one], "remove_tags": ["none"]}).json()["detail"] == \
        "You have no tag none."


def test_everything_kept_is_one_file(papers, browser, ada):
    one = papers["Counting Rivers"]
    write_note(user=ada, paper=one, text="größer")
    lines = b"".join(browser.get("/shelf/shelf.jsonl").streaming_content).decode().splitlines()
    assert [(row["paper"], row["note"]) for row in map(json.loads, lines)] == [(one, "größer")]


@pytest.mark.parametrize(("text", "there", "gone"), [
    ("**b** <script>alert(1)</script>", "<strong>b</strong>", "<script"),
    ("[x](javascript:alert(1))", "x", "href=\"javascript"),
    ("[x](https://a.test)", 'rel="nofollow noopener"', "onclick"),
    ("![pixel](https://a.test/p.gif)", "<p>", "<img"),
    ("# Title", "<h3>", "<h1>"), ("<a href=x onclick=y>z</a>", "&lt;a", "<a "), ("~~old~~", "<s>old</s>", "~~")])
def test_markdown_can_do_no_harm(text, there, gone):
    html = rendered(text)
    assert there in html and gone not in html


def test_rows_cost_no_query_each(papers, browser, ada, django_assert_max_num_queries):
    set_state(user=ada, papers=papers.values(), state="star", on=True)
    tag_papers(user=ada, papers=papers.values(), name="all")
    with django_assert_max_num_queries(26):
        browser.get("/papers/")


def test_the_account_gone_takes_all_it_kept_along(papers, ada):
    set_state(user=ada, papers=papers.values(), state="star", on=True)
    ada.delete()
    assert not Mark.objects.exists() and not Reader.objects.exists()


def test_ticked_rows_are_examples_of_more_like_these(papers, ada, client):
    client.force_login(ada)
    first, second = list(papers.values())[:2]
    assert "More like these" in client.get("/papers/").text and "Less like these" not in client.get("/papers/").text
    sent = {"do": "like", "paper": [first, second], "ticked": "method:sorting/plain", "next": "/papers/?q=rows"}
    plain = client.post("/shelf/papers/", sent)
    examples = [f"paper:{first}", f"paper:{second}", "method:sorting/plain"]
    assert plain.url == f"/similar/?{urlencode({'like': examples}, doseq=True)}"
    on_that = {"do": "unlike", "paper": second, "next": f"/similar/?like=paper:{first}&page=2"}
    again = client.post("/shelf/papers/", on_that, headers={"HX-Request": "true"})
    lead = again.headers["HX-Redirect"]
    assert lead.endswith(f"unlike=paper%3A{second}") and f"?like=paper%3A{first}&" in lead
    assert client.get(plain.url).status_code == 200
    none = client.post("/shelf/papers/", {"do": "like", "next": "/papers/"}, follow=True).text
    assert "Tick some rows first." in none


def test_a_list_goes_out_as_exactly_its_rows_to_whoever_has_the_link(papers, ada, bob, client):
    first, second, third = list(papers.values())[:3]
    for paper in (third, first):
        list_papers(user=ada, papers=[paper], name="To read")
    own = PaperList.objects.get()
    shared = share_list(user=ada, pk=own.pk, days=7)
    page = client.get(f"/lists/shared/{shared.share_key}/").text
    address = f"/lists/shared/{shared.share_key}/bibliography/"
    assert f"{address}?format=bibtex" in page
    answer = client.get(f"{address}?format=jsonl")
    titles = [json.loads(line)["title"] for line in b"".join(answer.streaming_content).decode().splitlines()]
    assert titles == [Paper.objects.get(pk=pk).title for pk in (third, first)]
    assert "to-read.jsonl" in answer["Content-Disposition"]
    assert client.get(f"{address}?format=x").status_code == 404
    client.force_login(bob)
    assert client.get(f"/lists/{own.pk}/bibliography/").status_code == 404
    client.force_login(ada)
    assert client.get(f"/lists/{own.pk}/bibliography/").status_code == 200
    client.post(f"/lists/{own.pk}/", {"do": "unshare"})
    assert client.get(address).status_code == 404


def test_authors_are_followed_where_they_stand(papers, ada, client):
    paper = Paper.objects.get(pk=next(iter(papers.values())))
    Paper.objects.filter(pk=paper.pk).update(authors=["Ann Hu", 'Bo "B" Ito', *(f"A{n}" for n in range(30))])
    assert 'value="Ann Hu"' not in client.get(f"/papers/{paper.pk}/").text
    client.force_login(ada)
    assert "/search/?q=author:%22Ann%20Hu%22" in client.get("/papers/").text
    for address in (f"/papers/{paper.pk}/", f"/shelf/papers/{paper.pk}/"):
        assert client.get(address).text.count('name="kind" value="author"') == 20, "of very many the first"
    client.post("/following/toggle/", {"kind": "author", "key": 'Bo "B" Ito', "wanted": "yes"})
    page = client.get(f"/papers/{paper.pk}/").text
    assert page.count("Following ✓") == 1 and Follow.objects.get(owner=ada).title == "Bo B Ito"
    client.post("/following/toggle/", {"kind": "author", "key": 'Bo "B" Ito', "wanted": "no"})
    assert not Follow.objects.exists()
