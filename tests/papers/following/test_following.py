"""Following: what is told, to whom, and what is not told again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from papers.following import services
from papers.following.events import read_happenings, tell_followers
from papers.following.happenings import happened
from papers.following.models import Event, Follow, Happening, Notification
from papers.following.services import NotDone
from papers.models import Cluster, Paper
from papers.sources.models import Source

pytestmark = pytest.mark.django_db


def titles(owner) -> list[str]:
    return list(Notification.objects.filter(owner=owner).order_by("pk").values_list("event__title", flat=True))


def test_a_topic_tells_of_new_papers_once_and_never_of_old_ones(reader, add_paper):
    add_paper("Sorting long ago", minutes=60)
    services.follow(owner=reader, kind="topic", key="sorting")
    assert tell_followers() == 0
    add_paper("Sorting by guessing", minutes=5)
    add_paper("Lakes", minutes=5)
    assert tell_followers() == 1 and tell_followers() == 0
    event = Event.objects.get()
    assert event.title == "1 new paper: topic “sorting”"
    assert [title for title, _ in event.items] == ["Sorting by guessing"]


def test_what_is_not_settled_waits_and_is_not_lost(reader, add_paper):
    services.follow(owner=reader, kind="topic", key="sorting")
    waiting = add_paper("Sorting slowly", minutes=6, embedded=False)
    add_paper("Sorting quickly", minutes=5)
    add_paper("Sorting just now", minutes=0)
    assert tell_followers() == 0
    waiting.search_text.embedded_by = "a model"
    waiting.search_text.save()
    assert tell_followers() == 1
    assert [title for title, _ in Event.objects.get().items] == ["Sorting quickly", "Sorting slowly"]
    Paper.objects.filter(title="Sorting just now").update(created_at=timezone.now() - timedelta(minutes=3))
    assert tell_followers() == 1 and Event.objects.first().items[0][0] == "Sorting just now"


def test_authors_clusters_and_searches_are_followed(reader, add_paper):
    cluster = Cluster.objects.create(label="lakes", centroid=b"", model_id="m")
    for kind, key in (("author", "Ada Example"), ("cluster", str(cluster.pk)),
                      ("search", "q=lakes&year=2020&offset=20")):
        services.follow(owner=reader, kind=kind, key=key)
    add_paper("Deep lakes", minutes=5, year=2020, cluster=cluster)
    assert tell_followers() == 2
    assert set(titles(reader)) == {"1 new paper: cluster “lakes”", "1 new paper: search “lakes · year 2020”"}


@pytest.mark.parametrize(("kind", "key"), [("topic", "  "), ("paper", "77"), ("nothing", "1"), ("cluster", "x"),
                                           ("search", "offset=3"), ("view", "1"), ("author", "--")])
def test_what_is_not_there_is_not_followed(reader, kind, key):
    with pytest.raises(NotDone):
        services.follow(owner=reader, kind=kind, key=key)
    assert not Follow.objects.exists()


def test_a_source_that_breaks_is_told_of_to_its_followers_alone(reader, django_user_model):
    source = Source.objects.create(name="mails", kind=Source.FEED, address="http://x/", every_minutes=60,
                                   outcome=Source.FAILED, reason="it is gone", last_run_at=timezone.now())
    other = django_user_model.objects.create_user("otto")
    services.follow(owner=reader, kind="source", key=str(source.pk))
    happened("source", source.pk)
    assert read_happenings() == 1 and titles(reader) == ["mails: failed"] and not titles(other)
    happened("source", source.pk)  # told twice of the same look
    read_happenings()
    assert len(titles(reader)) == 1 and not Happening.objects.exists()


def test_a_fetch_that_fails_twice_writes_it_down(reader, monkeypatch):
    from papers.sources.fetching import run_source
    source = Source.objects.create(name="a feed", kind=Source.FEED, address="http://127.0.0.1:9/", every_minutes=60)
    run_source(pk=source.pk)
    assert not Happening.objects.exists()
    run_source(pk=source.pk)
    assert list(Happening.objects.values_list("kind", "ref")) == [("source", str(source.pk))]


def test_a_reader_of_happenings_that_fails_keeps_them_and_stops_nobody(reader, monkeypatch):
    from papers.following.registry import registry

    def broken(refs):
        raise RuntimeError("no")
    monkeypatch.setitem(registry.happenings, "broken", [broken])
    happened("broken", 1)
    happened("unheard of", 2)
    read_happenings()
    assert list(Happening.objects.values_list("kind", flat=True)) == ["broken"]


def test_the_pages_and_the_button(here, reader, add_paper):
    paper = add_paper("Sorting by guessing")
    page = here.get(f"/papers/{paper.pk}/").text
    assert ">Follow this paper</button>" in page
    form = {"kind": "paper", "key": str(paper.pk), "next": f"/papers/{paper.pk}/", "wanted": "yes"}
    assert here.post("/following/toggle/", form).url == f"/papers/{paper.pk}/"
    assert "Following ✓" in here.get(f"/papers/{paper.pk}/").text
    button = here.post("/following/toggle/", form | {"wanted": "no"}, headers={"HX-Request": "true"})
    assert ">Follow this paper</button>" in button.text and "<html" not in button.text and not Follow.objects.exists()
    assert here.post("/following/toggle/", form | {"next": "https://evil.example/"}).url == "/following/"
    assert "Sorting by guessing" in here.get("/following/").text


def test_read_unread_all_and_undo(here, reader, add_paper):
    services.follow(owner=reader, kind="topic", key="sorting")
    add_paper("Sorting <b>boldly</b>")
    tell_followers()
    page = here.get("/notifications/")
    assert "1 unread notification" in page.text and "Sorting &lt;b&gt;boldly" in page.text
    row = Notification.objects.get()
    here.post("/notifications/mark/", {"pk": row.pk, "do": "read"})
    assert "nothing unread" in here.get("/").text
    here.post("/notifications/mark/", {"pk": row.pk, "do": "unread"})
    address = here.post("/notifications/mark/", {"do": "all"}).url
    assert "Undo: mark them unread again" in (page := here.get(address)).text
    here.post("/notifications/mark/", {"do": "undo", "moment": page.context["undo"]})
    assert Notification.objects.filter(read_at=None).count() == 1
    assert here.post("/notifications/mark/", {"do": "undo", "moment": "nonsense"}).status_code == 302
