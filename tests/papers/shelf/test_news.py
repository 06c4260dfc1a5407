"""What is new, when; what moves people; and what is for one account."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from papers.extensions import Event, Happened, extensions
from papers.models import Digest, Paper
from papers.shelf import periods
from papers.shelf.inbox import arrivals, mark_all_read, visit
from papers.shelf.models import Reader
from papers.shelf.services import set_state
from papers.shelf.taste import learned
from papers.shelf.taste import tested as self_test
from papers.shelf.trending import points_of, trending
from papers.shelf.undoing import undo
from tests.papers.shelf.conftest import FIRST, SECOND, bring

LONG_AGO = timezone.now() - timedelta(days=3)


def titles(page):
    return [arrived.row.paper.title for arrived in page.rows]


def test_the_newest_digest_comes_first_in_its_own_order(papers, ada):
    page = arrivals(since=LONG_AGO, asker=ada, unread=True)
    assert titles(page) == ["Counting Rivers", "Bridges of Paper", *FIRST], "the known one stands where it was new"
    assert [arrived.position for arrived in page.rows] == [1, 3, 1, 2, 3]
    assert [arrived.begins for arrived in page.rows] == [True, False, True, False, False]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_pages_follow_on_without_gap_or_double(papers, count):
    found, after = [], None
    for _ in range(6):
        page = arrivals(since=LONG_AGO, after=after, count=count)
        found += titles(page)
        after = page.following
        if after is None:
            break
    assert found == ["Counting Rivers", "Bridges of Paper", *FIRST]


def test_all_read_empties_the_inbox_and_is_undone(papers, ada, bob):
    reader = visit(ada)
    rows = arrivals(since=reader.inbox_from, asker=ada, unread=True).rows
    set_state(user=ada, papers=[rows[0].row.paper.pk], state="read", on=True)
    set_state(user=ada, papers=[rows[1].row.paper.pk], state="hide", on=True)
    assert len(arrivals(since=reader.inbox_from, asker=ada, unread=True).rows) == 3
    until = timezone.now()
    bring("third.jsonl", ["Later than the Press"])
    assert mark_all_read(user=ada, until=until).words == "marked all as read: 3 papers"
    assert titles(arrivals(since=Reader.objects.get(user=ada).inbox_from, asker=ada, unread=True)) == [
        "Later than the Press"]
    undo(user=ada)
    assert len(arrivals(since=Reader.objects.get(user=ada).inbox_from, asker=ada, unread=True).rows) == 4
    assert len(arrivals(since=visit(bob).inbox_from, asker=bob, unread=True).rows) == 6


def test_the_inbox_page_marks_where_one_was(papers, browser, ada):
    assert "Here you were" not in browser.get("/inbox/").text
    Reader.objects.filter(user=ada).update(seen_at=timezone.now() - timedelta(hours=2))
    Digest.objects.filter(name="first.jsonl").update(imported_at=timezone.now() - timedelta(days=1))
    page = browser.get("/inbox/").text
    assert page.index("Counting Rivers") < page.index("Here you were") < page.index("Forests in Rows")
    until = timezone.now().isoformat()
    assert "Nothing new" in browser.post("/inbox/read/", {"until": until}, follow=True).text
    assert browser.post("/inbox/read/", {"until": "soon"}).status_code == 400


@pytest.mark.parametrize(("kind", "name", "first", "end"), [
    ("day", "2026-11-27", "2026-11-27", "2026-11-28"), ("week", "2026-W48", "2026-11-23", "2026-11-30"),
    ("week", "2026-W53", "2026-12-28", "2027-01-04"), ("month", "2026-12", "2026-12-01", "2027-01-01")])
def test_a_time_has_one_name(kind, name, first, end):
    shown = periods.period(kind, name)
    assert (str(shown.first), str(shown.end), shown.name) == (first, end, name)


@pytest.mark.parametrize(("kind", "name"), [
    ("day", "2026-11"), ("day", "2026-02-30"), ("day", "x"), ("week", "2026-W54"), ("week", "2026-48"),
    ("month", "2026-13"), ("month", "2026-11-27"),
    ("day", "0001-01-01"), ("month", "9999-12"), ("day", "２０２６-11-27")])
def test_what_is_no_time_is_not_found(kind, name, client, db):
    assert periods.period(kind, name) is None
    assert client.get(f"/{kind}s/{name}/").status_code == client.get(f"/api/periods/{kind}/{name}").status_code == 404


def test_a_day_tells_what_came_and_what_the_apps_above_did(papers, client, monkeypatch):
    day = timezone.localdate()
    monkeypatch.setattr(extensions, "happened", [lambda start, end: [Happened("Refuted", [
        Event(f"from {start.date()} to {end.date()}", "/claims/1/", "refuted")])]])
    page = client.get(f"/days/{day}/").text
    assert all(title in page for title in SECOND) and f"from {day} to {day + timedelta(days=1)}" in page
    yesterday = day - timedelta(days=1)
    assert f"/days/{day}/" in client.get(f"/days/{yesterday}/").text, "the next day on which a digest came"
    assert client.get("/weeks/").url == f"/weeks/{periods.around('week', day).name}/"
    assert client.get(f"/api/periods/day/{day}").json()["happened"][0]["events"][0]["status"] == "refuted"


def test_trending_counts_as_its_formula_says(papers, ada, bob, monkeypatch):
    forests, rivers = papers["Forests in Rows"], papers["Counting Rivers"]
    monkeypatch.setattr(extensions, "stirred", [lambda since: {rivers: {"runs": 7, "verdicts": 1}}])
    for user in (ada, bob):
        set_state(user=user, papers=[forests], state="read", on=True)
    set_state(user=ada, papers=[forests], state="star", on=True)
    from django.core.cache import cache
    cache.clear()
    mine = {trend.paper: trend.points for trend in trending(14, ada)}
    assert mine[forests] == 2 + 2 + 2 * 1 and mine[rivers] == 1 + 3 + 2  # 2 digests, 2 reads, a star; log2(8)
    theirs = {trend.paper: trend.points for trend in trending(14)}
    assert theirs[forests] == 2 and theirs[rivers] == 6
    set_state(user=bob, papers=[rivers], state="hide", on=True)
    assert rivers not in {trend.paper for trend in trending(14, bob)}
    cache.clear()


def test_points_need_no_part():
    from collections import Counter
    assert points_of(Counter()) == 0


def drawn(centre: int, count: int, seed: int) -> np.ndarray:
    """Unit vectors (count, 16) around one axis."""
    vectors = np.random.default_rng(seed).standard_normal((count, 16)) * 0.3
    vectors[:, centre] += 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_taste_points_to_stars_and_away_from_what_is_hidden():
    stars, hides, background = drawn(0, 20, 1), drawn(1, 20, 2), drawn(2, 100, 3)
    none = np.empty((0, 0), np.float32)
    direction = learned(stars, none, hides, background)
    assert np.isclose(np.linalg.norm(direction), 1, atol=1e-5)
    assert direction[0] > 0.5 and direction[1] < 0 and direction[2] < 0
    assert np.allclose(learned(stars[:1], none, none, none), stars[0], atol=1e-5)


def test_the_self_test_tells_apart_what_can_be_and_says_when_too_few():
    none = np.empty((0, 0), np.float32)
    good = self_test(drawn(0, 40, 1), none, none, drawn(2, 200, 3))
    assert good.n == 40 and good.auc > 0.95 and good.precision > 0.9
    blind = self_test(drawn(2, 40, 1), none, none, drawn(2, 200, 3))
    assert 0.3 < blind.auc < 0.7, "stars drawn like all the others cannot be told apart"
    few = self_test(drawn(0, 9, 1), none, none, drawn(2, 200, 3))
    assert (few.n, few.auc) == (9, None)


def test_for_me_ranks_by_taste_or_by_age_and_says_why(papers, browser, ada):
    from papers.search.refresh import embed_texts
    embed_texts()
    assert "Star a few papers" in browser.get("/for-me/").text
    rivers = papers["Counting Rivers"]
    set_state(user=ada, papers=[rivers], state="star", on=True)
    bring("third.jsonl", ["How Rivers Are Counted", "A Cake without Eggs"])
    embed_texts()
    liked = browser.get("/api/for-me?recency=0").json()
    assert liked[0]["title"] == "How Rivers Are Counted" and liked[0]["near"] == rivers
    assert "river" in " ".join(liked[0]["words"]) and rivers not in [row["paper"] for row in liked]
    Paper.objects.filter(title="A Cake without Eggs").update(created_at=timezone.now() + timedelta(hours=1))
    assert browser.get("/api/for-me?recency=100").json()[0]["title"] == "A Cake without Eggs"
    page = browser.get("/for-me/?recency=0").text
    assert "which you starred" in page and 'value="0"' in page
    assert "Too few to say" in browser.get("/for-me/quality/").text
    set_state(user=ada, papers=[liked[0]["paper"]], state="read", on=True)
    assert liked[0]["paper"] not in [row["paper"] for row in browser.get("/api/for-me?recency=0").json()]
