"""Saved views: what can be saved, what counts as new, feeds, links that can be taken back."""

import json
from xml.etree import ElementTree

import pytest

from papers.following import selectors, services
from papers.following.events import tell_followers
from papers.following.links import token_of
from papers.following.models import Notification, SavedView
from papers.following.services import NotDone

pytestmark = pytest.mark.django_db
LISTS = ["/papers/?q=sorting", "/search/?q=sorting", "/methods/?q=a", "/claims/?verdict=refuted", "/runs/?state=done"]


def save(reader, address="/papers/?q=sorting&page=3&year=", name="Sorting"):
    return services.save_view(owner=reader, name=name, address=address)


@pytest.mark.parametrize("address", LISTS)
def test_every_list_can_be_saved_and_has_its_button(here, address):
    assert "Save this view" in here.get(address).text
    assert here.post("/views/save/", {"name": "mine", "address": address}).url == address
    shown = selectors.counted(list(SavedView.objects.all()))
    assert [(each.view.address, each.new) for each in shown] == [(address, 0)]
    assert "My views" in here.get("/").text


@pytest.mark.parametrize("address", ["/papers/1/", "/nowhere/", "https://evil.example/x", "//evil.example/papers",
                                     "javascript:alert(1)", "/papers/?q=" + "x" * 3000])
def test_nothing_else_can_be_saved(reader, address):
    with pytest.raises(NotDone):
        save(reader, address)


def test_new_things_are_counted_until_it_is_opened(here, reader, add_paper):
    add_paper("Sorting long ago", minutes=60)
    view = save(reader)
    assert view.address == "/papers/?q=sorting"
    add_paper("Sorting by guessing", minutes=0)
    add_paper("Lakes", minutes=0)
    assert "1 new</span>" in here.get("/").text
    assert here.get(f"/views/{view.pk}/").url == view.address
    assert "nothing new" in here.get("/").text


def test_a_view_without_news_asks_an_index_and_no_list(reader, add_paper, django_assert_num_queries):
    add_paper("Sorting long ago", minutes=60)
    views = [save(reader, f"/papers/?q=word{number}", f"view {number}") for number in range(5)]
    views = selectors.view_list(reader)
    with django_assert_num_queries(1):
        selectors.counted(views)


def test_feeds_open_by_their_address_alone_until_it_is_taken_back(client, reader, add_paper):
    add_paper("Sorting & <guessing>", minutes=5, authors=["Ada"])
    view = save(reader)
    address = f"/views/{view.pk}/{token_of(view)}/feed."
    atom = client.get(f"{address}atom")
    entries = ElementTree.fromstring(atom.content).findall("{*}entry")
    assert [entry.findtext("{*}title") for entry in entries] == ["Sorting & <guessing>"]
    assert client.get(f"{address}atom", headers={"If-None-Match": atom["ETag"]}).status_code == 304
    feed = json.loads(client.get(f"{address}json").content)
    assert feed["version"].endswith("1.1") and feed["items"][0]["authors"] == [{"name": "Ada"}]
    assert "private" in atom["Cache-Control"]
    assert "Sorting &amp; &lt;guessing&gt;" in client.get(f"/views/{view.pk}/{token_of(view)}/").text
    assert client.get(f"/views/{view.pk}/{'0' * 32}/feed.atom").status_code == 404
    services.renew_link(view)
    assert client.get(f"{address}atom").status_code == 404
    services.remove_view(view)
    view.refresh_from_db()
    assert client.get(f"/views/{view.pk}/{token_of(view)}/feed.atom").status_code == 404


def test_nobody_touches_another_ones_view(here, django_user_model):
    other = django_user_model.objects.create_user("otto")
    view = save(other)
    assert here.get(f"/views/{view.pk}/").status_code == 404
    assert here.post(f"/views/{view.pk}/change/", {"do": "remove"}).status_code == 404


def test_order_name_removal_and_undo(here, reader):
    first, second = save(reader), save(reader, "/runs/", "Runs")
    here.post(f"/views/{second.pk}/change/", {"do": "up"})
    assert [view.name for view in selectors.view_list(reader)] == ["Runs", "Sorting"]
    here.post(f"/views/{first.pk}/change/", {"do": "save", "name": "Other"})
    assert [view.name for view in selectors.view_list(reader, start=True)] == ["Runs"]
    here.post(f"/views/{first.pk}/change/", {"do": "remove"})
    assert "Undo: bring it back" in here.get("/following/").text
    here.post(f"/views/{first.pk}/change/", {"do": "restore"})
    assert [view.name for view in selectors.view_list(reader)] == ["Runs", "Other"]


def test_a_view_tells_when_asked(here, reader, add_paper):
    view = save(reader)
    here.post(f"/views/{view.pk}/change/", {"do": "save", "name": "Sorting", "told": "on", "on_start": "on"})
    add_paper("Sorting by guessing")
    assert tell_followers() == 1
    assert Notification.objects.get().event.url == view.address
    here.post(f"/views/{view.pk}/change/", {"do": "save", "name": "Sorting", "on_start": "on"})
    add_paper("Sorting again", minutes=4)
    assert tell_followers() == 0
