"""Sources and wanted papers as pages and through the API: what is shown, to whom, and what is refused."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from config.accounts.models import ApiToken
from papers.models import Paper
from papers.sources.fetching import run_source
from papers.sources.models import Source, WantedPaper
from papers.sources.passwords import decrypted
from papers.sources.wanted import fetch_wanted
from tests.servers.upstream import Reply, arxiv_api, atom, paper, rss

PAPERS = [paper("2611.10001", "Meadows at Rest <b>"), paper("2611.10002", "Counting Clouds")]
ARXIV = {"name": "machine learning", "kind": "arxiv", "categories": "cs.LG, stat.ML", "every_minutes": "360"}
IMAP = {"name": "mails", "kind": "imap", "server": "imap.example.org", "user": "ada", "secret": "open sesame",
        "security": "tls", "mailbox": "INBOX", "every_minutes": "60"}
PAGES = ["source_list", "source_rows", "wanted_list", "wanted_rows"]


@pytest.fixture(autouse=True)
def no_broker(settings):
    settings.SOURCES_PACE = {}


@pytest.fixture
def keeper(client, django_user_model):
    user = django_user_model.objects.create_user("keeper", password="a long password")
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="papers", codename__in=[
        "add_source", "change_source", "delete_source", "add_digest"]))
    client.force_login(user)
    return user


@pytest.fixture
def bearer(keeper):
    return {"Authorization": f"Bearer {ApiToken.issue(user=keeper, name='test')[1]}"}


def post(client, name: str, data=None, **kwargs):
    return client.post(reverse(name, kwargs=kwargs or None), data or {}, follow=True)


@pytest.mark.django_db
def test_only_people_read_sources_and_only_permitted_ones_write(client, django_user_model, make_source):
    source = make_source(address="https://example.org/feed?token=hush")
    pages = [reverse(name) for name in PAGES] + [reverse("source_detail", args=[source.pk])]
    assert all(client.get(page).url.startswith("/login/") for page in pages)
    assert client.get("/api/sources").status_code == client.get("/api/papers/wanted").status_code == 401
    client.force_login(django_user_model.objects.create_user("reader"))
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200 and b"hush" not in answer.content
    assert "hush" not in client.get("/api/sources").content.decode()
    for name in ("source_new", "source_edit", "source_run", "source_pause", "source_remove", "source_restore"):
        kwargs = {} if name == "source_new" else {"pk": source.pk}
        assert client.post(reverse(name, kwargs=kwargs)).status_code == 403
    assert client.post("/papers/add/", {"text": "2401.00001"}).status_code == 403
    assert client.post("/api/sources/try", {"name": "x", "kind": "arxiv"}, content_type="application/json"
                       ).status_code == 403
    assert Source.objects.count() == 1 and not WantedPaper.objects.exists()


def test_a_source_is_tried_saved_fetched_paused_removed_and_brought_back(client, keeper, upstream):
    upstream.pages["/arxiv_rss/cs.LG+stat.ML"] = Reply(rss(PAPERS))
    tried = post(client, "source_new", ARXIV | {"try": "1"}).content.decode()
    assert "2 papers would come, 0 of them already here" in tried and "Meadows at Rest &lt;b&gt;" in tried
    assert not Source.objects.exists() and not Paper.objects.exists()
    saved = post(client, "source_new", ARXIV).content.decode()
    [source] = Source.objects.all()
    assert "is saved" in saved and source.created_by == keeper and source.next_run_at <= timezone.now()
    run_source(pk=source.pk)
    page = client.get(reverse("source_detail", args=[source.pk])).content.decode()
    assert "new papers by RSS" in page and "2611.10002" in page and "machine learning 20" in page
    assert "new papers" in client.get(reverse("source_list")).content.decode()
    assert "is paused" in post(client, "source_pause", pk=source.pk).content.decode()
    assert "is on again" in post(client, "source_pause", pk=source.pk).content.decode()
    assert "Undo: bring it back" in post(client, "source_remove", pk=source.pk).content.decode()
    assert client.get(reverse("source_detail", args=[source.pk])).status_code == 404
    assert Paper.objects.count() == 2
    post(client, "source_new", ARXIV)
    assert "There is a source of that name" in post(client, "source_restore", pk=source.pk).content.decode()
    Source.objects.exclude(pk=source.pk).delete()
    assert post(client, "source_restore", pk=source.pk).status_code == 200
    assert Source.objects.get().removed_at is None
    again = client.post(reverse("source_new"), ARXIV)
    assert again.status_code == 422 and "There is a source of that name" in again.content.decode()


@pytest.mark.parametrize(("change", "said"), [
    ({"categories": "cs.LG; no such"}, "no category of arXiv"), ({"categories": ""}, "give categories or a query"),
    ({"query": "ti:x"}, "one of them"), ({"categories": "../../etc"}, "no category of arXiv"),
    ({"every_minutes": ""}, "an interval or a time of day"), ({"every_minutes": "5"}, "between 15"),
    ({"daily_at": "07:30"}, "one of them"), ({"kind": "feed", "feed": "file:///etc/passwd"}, "begins with http"),
    ({"kind": "folder", "path": "/etc"}, "may be watched"), ({"kind": "nothing"}, "not one of the available"),
    ({**IMAP, "server": "imap.example.org/x"}, "address is a name"), ({**IMAP, "secret": ""}, "enter the password"),
    ({**IMAP, "user": "a\r\nb"}, "control characters"),
    ({**IMAP, "password_variable": "SECRET_KEY"}, "its name is ASSAY_"), ({"name": ""}, "required")])
def test_a_form_says_what_is_wrong(change, said, client, keeper):
    answer = client.post(reverse("source_new"), ARXIV | change)
    assert answer.status_code == 422 and said in answer.content.decode() and not Source.objects.exists()


def test_a_password_is_taken_and_never_shown(client, keeper, bearer):
    post(client, "source_new", IMAP)
    [source] = Source.objects.all()
    assert "sesame" not in source.password and decrypted(source.password) == "open sesame"
    pages = [client.get(reverse(name, kwargs=kwargs)).content.decode() for name, kwargs in (
        ("source_list", {}), ("source_detail", {"pk": source.pk}), ("source_edit", {"pk": source.pk}))]
    pages.append(client.get(f"/api/sources/{source.pk}").content.decode())
    assert all("sesame" not in page and source.password not in page for page in pages)
    post(client, "source_edit", IMAP | {"secret": "", "name": "letters"}, pk=source.pk)
    source.refresh_from_db()
    assert source.name == "letters" and decrypted(source.password) == "open sesame"
    moved = client.post(reverse("source_edit", args=[source.pk]), IMAP | {"secret": "", "server": "evil.example.org"})
    assert moved.status_code == 422 and "the server is another one" in moved.content.decode()
    post(client, "source_edit", IMAP | {"secret": "", "password_variable": "ASSAY_MAIL"}, pk=source.pk)
    source.refresh_from_db()
    assert source.password == "" and source.password_variable == "ASSAY_MAIL"


def test_a_key_in_an_address_stays_when_its_mask_is_sent_back(client, keeper, make_source):
    source = make_source(name="f", address="https://ada:pw@example.org/feed?token=hush")
    form = client.get(reverse("source_edit", args=[source.pk])).content.decode()
    assert "hush" not in form and "ada:pw" not in form and "•••@example.org/feed?token=•••" in form
    body = {"name": "g", "kind": "feed", "feed": "https://•••@example.org/feed?token=•••", "every_minutes": "60"}
    post(client, "source_edit", body, pk=source.pk)
    source.refresh_from_db()
    assert source.name == "g" and source.address == "https://ada:pw@example.org/feed?token=hush"
    changed = client.post(reverse("source_edit", args=[source.pk]), body | {"feed": "https://evil.test/?token=•••"})
    assert changed.status_code == 422 and "enter the whole address again" in changed.content.decode()


def test_papers_are_added_from_the_page(client, keeper, upstream):
    upstream.pages["/arxiv_api"] = arxiv_api(PAPERS)
    assert "Add by identifier" in client.get("/papers/").content.decode()
    page = post(client, "paper_add", {"text": "2611.10001 and 10.9999/nothing"}).content.decode()
    assert "2 are being fetched" in page and "every 2s" in page
    fetch_wanted()
    page = client.get(reverse("wanted_rows")).content.decode()
    assert "Meadows at Rest" in page and "no agency knows the DOI" in page and "every 2s" not in page
    known = client.post(reverse("paper_add"), {"text": "arXiv:2611.10001"})
    assert known.url == reverse("paper_detail", args=[Paper.objects.get().pk])
    assert "No identifier was found" in post(client, "paper_add", {"text": "meadows"}).content.decode()
    row = WantedPaper.objects.get(paper=None)
    assert post(client, "wanted_retry", pk=row.pk).status_code == 200
    assert "is off the list" in post(client, "wanted_remove", pk=row.pk).content.decode()


def test_the_same_through_the_api(client, bearer, upstream):
    def ask(method, path, body=None):
        sent = [] if body is None else [json.dumps(body)]
        answer = getattr(client, method)(f"/api{path}", *sent, headers=bearer, content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None
    upstream.pages |= {"/feed": Reply(atom(PAPERS)), "/arxiv_api": arxiv_api(PAPERS)}
    feed = {"name": "f", "kind": "feed", "feed": f"{upstream.url}/feed?key=hush", "every_minutes": 60}
    status, trial = ask("post", "/sources/try", feed)
    assert status == 200 and [each["arxiv_id"] for each in trial["papers"]] == ["2611.10001", "2611.10002"]
    status, made = ask("post", "/sources", feed)
    assert status == 201 and made["place"].endswith("key=•••") and made["schedule"] == "every 1 h"
    run_source(pk=made["id"])
    status, fetches = ask("get", f"/sources/{made['id']}/fetches")
    assert fetches["items"][0]["brought"] == 2 and len(fetches["items"][0]["digests"]) == 1
    assert ask("post", f"/sources/{made['id']}/pause")[1]["active"] is False
    assert ask("put", f"/sources/{made['id']}", feed | {"daily_at": "06:30", "every_minutes": None}
               )[1]["schedule"] == "daily at 06:30"
    assert ask("get", "/sources")[1]["count"] == 1
    assert ask("post", "/sources", feed)[0] == 422 and ask("post", "/sources", feed | {"kind": "x"})[0] == 422
    status, wrong = ask("post", "/sources", feed | {"name": "g", "every_minutes": 1})
    assert status == 422 and "between 15" in wrong["detail"]
    assert ask("delete", f"/sources/{made['id']}")[0] == 204 and ask("get", f"/sources/{made['id']}")[0] == 404
    status, rows = ask("post", "/papers/add", {"ids": ["2611.10001", "10.9999/nothing"]})
    assert status == 202 and [row["state"] for row in rows] == ["added", "queued"]
    fetch_wanted()
    assert ask("get", "/papers/wanted")[1]["count"] == 2
    waiting = rows[1]["id"]
    assert ask("post", f"/papers/wanted/{waiting}/retry")[1]["state"] == "queued"
    assert ask("delete", f"/papers/wanted/{waiting}")[0] == 204
    assert ask("post", "/papers/add", {"text": "nothing"})[0] == 422
