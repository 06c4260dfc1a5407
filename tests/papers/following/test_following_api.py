"""Follows, saved views and notifications as data, within a token's scopes."""

import pytest

from config.accounts.models import ApiToken
from papers.following import services
from papers.following.events import tell
from papers.following.models import Follow, Notification, SavedView
from papers.following.registry import NOTICE, Draft


@pytest.fixture
def call(client, reader):
    """Asks as the reader, by default with a token that may change what is the reader's own."""
    tokens = {scopes: ApiToken.issue(user=reader, name=scopes, scopes=scopes.split())[1] for scopes in ("read own",
                                                                                                     "read", "own")}

    def ask(method: str, path: str, body=None, *, scopes: str = "read own"):
        return getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json",
                                       headers={"authorization": f"Bearer {tokens[scopes]}"})
    return ask


def test_following_by_the_api_is_what_the_page_shows(call, client, reader, add_paper):
    paper = add_paper("On sorting")
    made = call("post", "follows", {"kind": "paper", "key": str(paper.pk)})
    assert made.status_code == 201 and made.json()["address"] == f"/papers/{paper.pk}/"
    assert call("post", "follows", {"kind": "paper", "key": str(paper.pk)}).json()["id"] == made.json()["id"]
    assert call("post", "follows", {"kind": "paper", "key": "999"}).status_code == 400
    assert {e["name"]: e["told"] for e in made.json()["events"]} == {
        "flipped": True, "decided": False, "run_done": True, "run_failed": True}
    own = f"follows/{made.json()['id']}"
    changed = call("patch", own, {"events": ["decided"]}).json()
    assert [e["name"] for e in changed["events"] if e["told"]] == ["decided"] == Follow.objects.get().events
    assert "source" in call("patch", own, {"events": ["source"]}).json()["detail"]
    client.force_login(reader)
    assert "On sorting" in client.get("/following/").text
    client.logout()
    assert call("get", "follows").json() == {"items": [changed], "count": 1}
    assert call("delete", own).status_code == 204 and not Follow.objects.exists()


def test_views_are_saved_counted_opened_and_removed(call, client, add_paper):
    made = call("post", "views", {"name": "Sorting", "address": "/papers/?q=sorting"}).json()
    assert made["new"] == 0 and made["kind"] == "Papers" and not made["told"]
    paper = add_paper("On sorting", minutes=0)
    own = f"views/{made['id']}"
    assert call("get", "views").json()["items"][0]["new"] == 1
    [entry] = call("get", f"{own}/entries").json()["items"]
    assert (entry["title"], entry["address"]) == ("On sorting", f"/papers/{paper.pk}/")
    assert call("get", f"{own}/entries?since=2990-01-01T00:00:00Z").json()["items"] == []
    assert client.get(made["feed"]).status_code == 200, "by its address alone"
    changed = call("patch", own, {"told": True, "opened": True, "on_start": False}).json()
    assert (changed["told"], changed["new"], changed["on_start"], changed["name"]) == (True, 0, False, "Sorting")
    assert call("post", "views", {"name": "x", "address": "/status/"}).status_code == 400
    assert call("delete", own).status_code == 204 and SavedView.objects.exclude(removed_at=None).exists()
    assert call("get", own + "/entries").status_code == 404 and call("get", "views").json()["count"] == 0


def test_notifications_are_listed_and_marked(call, reader):
    services.follow(owner=reader, kind="verdicts", key="all")
    Follow.objects.update(events=[NOTICE])
    for number in range(3):
        tell([Draft(NOTICE, f"n{number}", f"Thing {number}", "/claims/", frozenset({("verdicts", "all")}),
                    items=(("a", "/a/"),))])
    listed = call("get", "notifications?unread=true&limit=2").json()
    assert listed["count"] == 3 and [row["title"] for row in listed["items"]] == ["Thing 2", "Thing 1"]
    assert listed["items"][0]["items"] == [["a", "/a/"]] and listed["items"][0]["because"]
    one = f"notifications/{listed['items'][0]['id']}"
    assert call("patch", one, {"read": True}).json()["read_at"] and not call("patch", one, {"read": False}
                                                                             ).json()["read_at"]
    assert call("post", "notifications/read").json() == {"unread": 0}
    assert not Notification.objects.filter(read_at=None).exists()


def test_scopes_and_owners_are_kept(call, client, reader, django_user_model):
    other = django_user_model.objects.create_user("otto")
    theirs = services.follow(owner=other, kind="topic", key="sorting")
    view = services.save_view(owner=other, name="x", address="/papers/")
    assert call("post", "follows", {"kind": "topic", "key": "x"}, scopes="read").status_code == 403
    assert call("get", "follows", scopes="own").status_code == 403 and call("get", "follows").json()["count"] == 0
    for path in (f"follows/{theirs.pk}", f"views/{view.pk}"):
        assert call("delete", path).status_code == 404
    assert client.get("/api/v1/notifications").status_code == client.get("/api/v1/views").status_code == 401
