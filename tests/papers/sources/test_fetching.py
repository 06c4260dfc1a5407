"""Looks at sources: what comes, what is new, what is stale, what fails, and when it is due again."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from papers.models import Appearance, Digest, Paper
from papers.sources import fetching
from papers.sources.fetching import next_run, run_source
from papers.sources.models import Source, SourceFetch
from papers.sources.services import remove_source, restore_source, run_due, save_source, try_source
from papers.tasks import run_source as run_task
from tests.servers.upstream import Reply, arxiv_api, atom, oai, paper, rss

MONDAY = [paper("2611.10001", "Meadows at Rest"), paper("2611.10002", "Counting & Naming Clouds")]
TUESDAY = [paper("2611.10040", "Rivers That Learn", "2026-11-25"), *MONDAY]


@pytest.fixture
def arxiv(make_source):
    return make_source(Source.ARXIV, options={"categories": ["cs.LG", "hep-th"]})


def look(source: Source) -> SourceFetch:
    fetch = run_source(pk=source.pk)
    source.refresh_from_db()
    return fetch


def test_a_look_brings_what_is_new_as_one_digest_and_nothing_twice(upstream, arxiv):
    upstream.pages["/arxiv_rss/cs.LG+hep-th"] = Reply(rss(MONDAY), ETag='"monday"')
    fetch = look(arxiv)
    assert (fetch.outcome, fetch.via, fetch.listed, fetch.brought) == ("new", "RSS", 2, 2)
    [digest] = fetch.digests.all()
    assert list(digest.appearances.values_list("paper__title", "paper__arxiv_id")) == [
        ("Meadows at Rest", "2611.10001"), ("Counting & Naming Clouds", "2611.10002")]
    assert Paper.objects.get(arxiv_id="2611.10001").authors == ["Ada Example", "Bo Sample"]
    assert arxiv.newest_id == "2611.10002" and arxiv.brought == 2 and arxiv.running_since is None

    upstream.pages["/arxiv_rss/cs.LG+hep-th"] = Reply(rss(TUESDAY))
    fetch = look(arxiv)
    assert upstream.asked[-1][2]["If-None-Match"] == '"monday"'
    assert fetch.brought == 1 and fetch.digests.get().appearances.get().paper.title == "Rivers That Learn"
    assert look(arxiv).outcome == "quiet" and Digest.objects.count() == 2 and Appearance.objects.count() == 3
    assert list(arxiv.fetches.values_list("outcome", "brought")) == [("quiet", 0), ("new", 1), ("new", 2)]


def test_a_removed_digest_does_not_come_again(upstream, arxiv):
    from papers.services import remove_digest
    upstream.pages["/arxiv_rss/cs.LG+hep-th"] = Reply(rss(MONDAY))
    remove_digest(digest=look(arxiv).digests.get())
    assert look(arxiv).brought == 0 and not Paper.objects.exists()


@pytest.mark.parametrize("fault", [Reply(status=503), Reply("<html>maintenance</html>"), Reply("x" * 50, cut=10),
                                   Reply(rss([paper("2611.00001", "An Old List")]))])
def test_arxiv_goes_on_to_its_next_way_and_says_why(fault, upstream, arxiv):
    Source.objects.filter(pk=arxiv.pk).update(newest_id="2611.10002", newest_on=date(2026, 11, 24))
    upstream.pages |= {"/arxiv_rss/cs.LG+hep-th": fault, "/arxiv_api": arxiv_api(TUESDAY)}
    fetch = look(arxiv)
    assert (fetch.outcome, fetch.via, fetch.brought) == ("new", "API", 3) and fetch.notes[0].startswith("RSS: ")
    assert arxiv.newest_id == "2611.10040"
    upstream.pages |= {"/arxiv_api": Reply(atom([])), "/arxiv_oai": lambda query: Reply(
        oai(TUESDAY[:1], token="more") if query.get("set") == "cs:cs:LG" else
        oai([paper("2611.10050", "The Second Page")]) if query.get("resumptionToken") == "more" else
        oai([], error="noRecordsMatch"))}
    fetch = look(arxiv)
    assert (fetch.via, fetch.brought) == ("OAI-PMH", 1) and "API: the API gave an empty list" in fetch.notes[-1]
    assert [query["set"] for path, query, _ in upstream.asked if "set" in query] == ["cs:cs:LG", "physics:hep-th"]


def test_when_no_way_helps_the_reasons_are_kept_and_it_is_asked_later(upstream, arxiv):
    upstream.pages |= {"/arxiv_rss/cs.LG+hep-th": Reply(status=500), "/arxiv_api": Reply(status=429),
                       "/arxiv_oai": Reply(status=503, Retry_After="7200")}
    assert look(arxiv).outcome == "failed"
    assert all(word in arxiv.reason for word in ("RSS: ", "API: ", "OAI-PMH: ", "HTTP 500", "HTTP 429", "7200 s"))
    assert arxiv.failures == 1 and arxiv.next_run_at > timezone.now() + timedelta(seconds=7100)
    assert not Digest.objects.exists()


def test_a_stale_list_is_told_from_a_quiet_day(upstream, arxiv, make_source):
    Source.objects.filter(pk=arxiv.pk).update(newest_id="2611.10040", last_new_at=timezone.now(),
                                              seen=[])
    old = Reply(rss(MONDAY))
    upstream.pages |= {"/arxiv_rss/cs.LG+hep-th": old, "/arxiv_api": Reply(atom(MONDAY)),
                       "/arxiv_oai": Reply(oai(MONDAY))}
    look(arxiv)  # brings the unknown old ones, once
    fetch = look(arxiv)
    assert fetch.outcome == "stale" and "2611.10002" in fetch.reason and "2611.10040 was there before" in fetch.reason
    assert arxiv.newest_id == "2611.10040"

    upstream.pages["/arxiv_rss/cs.LG+hep-th"] = Reply(rss([]))  # a weekend
    assert look(arxiv).outcome == "quiet"
    Source.objects.filter(pk=arxiv.pk).update(last_new_at=timezone.now() - timedelta(days=6))
    fetch = look(arxiv)
    assert fetch.outcome == "stale" and fetch.reason.startswith("nothing new since")
    upstream.pages["/feed"] = Reply(status=304)
    feed = make_source(address=upstream.url + "/feed")
    assert look(feed).outcome == "quiet"


def test_a_query_of_arxiv_is_asked_of_the_api_alone(upstream, make_source):
    source = make_source(Source.ARXIV, options={"query": "ti:cloud AND cat:cs.CV"})
    upstream.pages["/arxiv_api"] = arxiv_api(MONDAY)
    assert look(source).brought == 2
    assert upstream.asked[-1][1]["search_query"] == "ti:cloud AND cat:cs.CV"
    upstream.pages["/arxiv_api"] = Reply(status=500)
    assert look(source).outcome == "failed" and upstream.times("/arxiv_api") == 4


def test_feeds_in_every_form_and_charset(upstream, make_source):
    upstream.pages |= {
        "/atom": Reply(atom(MONDAY)), "/rss": Reply(rss(TUESDAY[:1])),
        "/hugging_face/daily_papers": Reply('[{"paper": {"id": "2611.20001", "title": "Daily Bread", "summary": "Yes.",'
                                            ' "authors": [{"name": "A"}], "publishedAt": "2026-11-25T00:00:00Z"}}]'),
        "/latin": Reply('[{"title": "Café Naïveté", "abstract": "Łódź", "year": 2026}]'.encode("iso-8859-2", "replace"),
                        Content_Type="application/json; charset=iso-8859-2"),
        "/liar": Reply('[{"title": "Größe", "abstract": "ü"}]', Content_Type="application/json; charset=ascii"),
        "/declared": Reply(atom([paper("2611.30001", "Żółw")]).replace("UTF-8", "iso-8859-2").encode("iso-8859-2"))}
    for number, (kind, path, titles) in enumerate([
            (Source.FEED, "/atom", {"Meadows at Rest", "Counting & Naming Clouds"}),
            (Source.FEED, "/rss", {"Rivers That Learn"}), (Source.DAILY_PAPERS, "", {"Daily Bread"}),
            (Source.FEED, "/liar", {"Größe"}), (Source.FEED, "/declared", {"Żółw"})]):
        fetch = look(make_source(kind, name=str(number), address=upstream.url + path if path else ""))
        assert fetch.outcome == "new", fetch.reason
        assert set(fetch.digests.get().appearances.values_list("paper__title", flat=True)) == titles
    look(make_source(name="latin", address=upstream.url + "/latin"))
    assert Paper.objects.get(year=2026, title__startswith="Caf").abstract == "Łódź"


def test_what_is_no_list_is_a_failure_with_its_reason(upstream, make_source):
    upstream.pages["/page"] = Reply("<html><body>Sign in</body></html>")
    source = make_source(address=upstream.url + "/page?token=hush")
    assert look(source).outcome == "failed" and "HTML" in source.reason and "hush" not in source.reason


def test_one_broken_source_stops_no_other(upstream, make_source, monkeypatch):
    upstream.pages["/good"] = Reply(atom(MONDAY))
    now = timezone.now()
    sources = [make_source(name=name, address=upstream.url + path, next_run_at=now - timedelta(minutes=place))
               for place, (name, path) in enumerate([("good", "/good"), ("gone", "/gone"), ("faulty", "/good")])]

    def faulty(source, real=fetching.KINDS[Source.FEED][1]):
        if source.name == "faulty":
            raise ZeroDivisionError("oh")
        return real(source)
    monkeypatch.setitem(fetching.KINDS, Source.FEED, (fetching.KINDS[Source.FEED][0], faulty))
    assert run_due(send=lambda pk: run_task(pk, True)) == 3
    for source in sources:
        source.refresh_from_db()
    assert [source.outcome for source in sources] == ["new", "failed", "failed"]
    assert "ZeroDivisionError" in sources[2].reason and sources[2].running_since is None
    assert run_due(send=pytest.fail) == 0  # none is due again


def test_a_source_is_fetched_by_one_worker_at_a_time(upstream, make_source):
    source = make_source(address=upstream.url + "/a", running_since=timezone.now())
    assert run_source(pk=source.pk) is None and not upstream.asked
    Source.objects.update(running_since=timezone.now() - timedelta(hours=1))  # its worker died
    upstream.pages["/a"] = Reply(atom(MONDAY))
    assert run_source(pk=source.pk).outcome == "new"
    Source.objects.update(active=False, next_run_at=timezone.now())
    assert run_source(pk=source.pk, due_only=True) is None
    assert run_source(pk=source.pk).outcome == "quiet"  # by hand, though paused


def test_an_edit_meanwhile_is_not_overwritten(upstream, make_source, monkeypatch):
    source = make_source(address=upstream.url + "/a")
    upstream.pages["/a"] = Reply(atom(MONDAY))

    def edited(before, real=fetching.KINDS[Source.FEED][1]):
        Source.objects.filter(pk=before.pk).update(address=upstream.url + "/b")
        return real(before)
    monkeypatch.setitem(fetching.KINDS, Source.FEED, (fetching.KINDS[Source.FEED][0], edited))
    look(source)
    assert source.address.endswith("/b") and source.seen == [] and source.cursor == {} and source.brought == 2


def test_a_try_brings_nothing_and_shows_what_would_come(upstream):
    upstream.pages |= {"/arxiv_rss/cs.LG": Reply(rss(MONDAY)), "/off": Reply(status=503, Retry_After="10")}
    trial = try_source(source=Source(kind=Source.ARXIV, options={"categories": ["cs.LG"]}))
    assert [record.title for record in trial.papers] == ["Meadows at Rest", "Counting & Naming Clouds"]
    assert trial.known == 0 and not Digest.objects.exists() and not Source.objects.exists()
    trial = try_source(source=Source(kind=Source.FEED, address=upstream.url + "/off"))
    assert "busy (HTTP 503)" in trial.error and upstream.times("/off") == 1


def test_a_removed_source_comes_back_where_it_was(upstream, make_source):
    source = make_source(address=upstream.url + "/a", next_run_at=timezone.now())
    upstream.pages["/a"] = Reply(atom(MONDAY))
    look(source)
    remove_source(source=source)
    assert run_source(pk=source.pk) is None and run_due(send=pytest.fail) == 0
    source.refresh_from_db()
    restore_source(source=source)
    assert look(source).outcome == "quiet" and Digest.objects.count() == 1
    Source.objects.update(removed_at=timezone.now() - timedelta(days=8))
    run_due(send=pytest.fail)
    assert not Source.objects.exists() and Digest.objects.count() == 1


def test_looking_elsewhere_begins_anew(make_source):
    source = make_source(address="https://example.org/a", seen=["x"], cursor={"etag": "1"}, newest_id="n", failures=3)
    source.name = "renamed"
    save_source(source=source)
    source.refresh_from_db()
    assert source.seen == ["x"] and source.name == "renamed"
    source.address = "https://example.org/b"
    save_source(source=source)
    source.refresh_from_db()
    assert (source.seen, source.cursor, source.newest_id, source.failures) == ([], {}, "", 0)


NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("fields", "wait", "after"), [
    ({"every_minutes": 60}, 0, timedelta(hours=1)), ({"daily_at": time(13, 0)}, 0, timedelta(hours=1)),
    ({"daily_at": time(12, 0)}, 0, timedelta(days=1)), ({"daily_at": time(6, 0)}, 0, timedelta(hours=18)),
    ({"every_minutes": 60, "failures": 1}, 0, timedelta(hours=1)),
    ({"every_minutes": 1, "failures": 1}, 0, timedelta(minutes=5)),
    ({"every_minutes": 1, "failures": 40}, 0, timedelta(hours=6)),
    ({"daily_at": time(6, 0), "failures": 2}, 0, timedelta(minutes=10)),
    ({"every_minutes": 60}, 7200, timedelta(hours=2))])
def test_when_it_is_due_next(fields, wait, after):
    due = next_run(Source(**fields), now=NOW, wait=wait)
    assert NOW + after <= due <= NOW + after + timedelta(seconds=20)


def test_a_second_worker_does_nothing_while_the_first_is_at_it(upstream, make_source, monkeypatch):
    source = make_source(address=upstream.url + "/a", next_run_at=timezone.now())
    upstream.pages["/a"] = Reply(atom(MONDAY))
    second = []

    def meanwhile(claimed, real=fetching.KINDS[Source.FEED][1]):
        second.append((run_source(pk=claimed.pk), run_source(pk=claimed.pk, due_only=True)))
        return real(claimed)
    monkeypatch.setitem(fetching.KINDS, Source.FEED, (fetching.KINDS[Source.FEED][0], meanwhile))
    assert look(source).brought == 2 and second == [(None, None)] and upstream.times("/a") == 1
