"""Lists too long to be counted are read on by key, and what is kept of counts follows every change."""

import json
import re
from html import unescape

import pytest
from django.core.cache import caches

from methods.models import PaperLink
from methods.selectors import best_link_is, coverage
from methods.services import curate_link
from papers import keeping, paging
from papers.keeping import BoundedMemory, kept
from papers.models import Digest, Paper, SearchText
from papers.selectors import SORTS, digest_progress, paper_count, paper_list
from papers.services import import_digest, remove_digest
from tests.evaluations.simulated_runs import add_runs, make_arena, make_method

pytestmark = pytest.mark.django_db


def bring(*rows, name="list.jsonl"):
    rows = [{"title": title, "year": year, "abstract": "about sorting"} for title, year in rows]
    return import_digest(name=name, data="\n".join(map(json.dumps, rows)).encode()).digest_id


@pytest.fixture
def short(monkeypatch):
    """A handful of rows is a long list."""
    monkeypatch.setattr(paging, "MOST", 4)
    monkeypatch.setattr(paging, "MANY", 2)
    monkeypatch.setattr("papers.views.PER_PAGE", 2)


@pytest.fixture
def papers():
    return bring(("Merge", 2001), ("Quick", None), ("Heap", 2003), ("Bubble", 2001), ("Radix", None), ("Shell", 1999),
                 ("Tim", 2003))


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("in_order", [False, True])
def test_what_follows_a_paper_is_the_rest_of_the_list(papers, sort, in_order):
    narrowed = {"q": "sorting", "digest": papers, "sort": sort, "in_order": in_order}
    whole = [paper.pk for paper in paper_list(**narrowed)]
    assert len(whole) == 7
    for place, pk in enumerate(whole):
        assert [paper.pk for paper in paper_list(**narrowed, after=pk)] == whole[place + 1:]
    assert not paper_list(**narrowed, after=10**9)


def test_a_reader_gets_to_the_end_of_a_long_list_without_its_being_counted(client, short, papers):
    seen, address = [], "/papers/?q=sorting"
    while address:
        page = client.get(address)
        seen += [row.paper.pk for row in page.context["rows"]]
        html = page.content.decode()
        follow = re.search('rel="next" href="([^"]*)"', html)
        address = "/papers/" + unescape(follow[1]) if follow else ""
    assert seen == [paper.pk for paper in paper_list(q="sorting")]
    first = client.get("/papers/?q=sorting").content.decode()
    assert "more than 4 papers" in first and "page 1 of 2 and more" in first
    assert "further on in the list" in client.get(f"/papers/?q=sorting&after={seen[3]}").content.decode()


def test_all_papers_are_counted_anew_when_some_come_or_go(client, papers):
    assert paper_count() == 7 and "7 papers" in client.get("/papers/").content.decode()
    more = bring(("Bogo", 2020), name="more.jsonl")
    assert paper_count() == 8 and "8 papers" in client.get("/papers/").content.decode()
    assert 2020 in client.get("/papers/").context["choices"].years
    remove_digest(digest=Digest.objects.get(pk=more))
    assert paper_count() == 7 and 2020 not in client.get("/papers/").context["choices"].years


def test_links_are_counted_and_filtered_as_they_are_now(papers, admin_user):
    method = make_method(make_arena(), "good", fidelity="core")
    paper = Paper.objects.get(title="Merge")

    def kinds():
        return {kind: set(Paper.objects.filter(best_link_is(kind)).values_list("title", flat=True))
                for kind in ("implements", "related", "none")}

    assert coverage()["links"] == {"implements": 0, "related": 0, "none": 7} and len(kinds()["none"]) == 7
    curate_link(paper=paper, method=method, state=PaperLink.ACCEPTED, by=admin_user)
    linked = PaperLink.objects.get(paper=paper).kind
    assert coverage()["links"]["none"] == 6 and kinds()[linked] == {"Merge"} and "Merge" not in kinds()["none"]
    assert coverage()["measured"]["any"] == 0
    add_runs(method, {"accuracy": [1.0]})
    assert coverage()["measured"]["any"] == 1
    curate_link(paper=paper, method=method, state=PaperLink.REJECTED, by=admin_user)
    assert coverage()["links"]["none"] == 7 and len(kinds()["none"]) == 7 and not kinds()[linked]


def test_progress_that_has_ended_is_kept_until_texts_change(papers, admin_user, django_assert_max_num_queries):
    digest, method = Digest.objects.get(pk=papers), make_method(make_arena(), "good")
    assert not digest_progress(digest).complete and digest_progress(digest).papers == 7  # nothing is embedded
    SearchText.objects.update(embedded_by="a model")
    for paper in Paper.objects.all():
        curate_link(paper=paper, method=method, state=PaperLink.ACCEPTED, by=admin_user)
    assert digest_progress(digest).complete
    with django_assert_max_num_queries(1):
        assert digest_progress(digest).complete
    bring(("Merge", 2001), ("Bogo", 2020), name="more.jsonl")
    assert digest_progress(digest).papers == 7 and not digest_progress(Digest.objects.exclude(pk=papers).get()).complete


def test_memory_is_bounded_by_bytes_and_forgets_the_oldest():
    memory = BoundedMemory("bounded-for-a-test", {"OPTIONS": {"MAX_BYTES": 3000}})
    for name in "abcd":
        memory.set(name, name * 1000)
        memory.get("a")
    assert memory.get("a") and memory.get("d") and memory.get("b") is None
    memory.set("larger than all", "x" * 9000)
    assert memory.get("larger than all") and memory.get("a") is None


def test_one_process_computes_and_the_others_read_what_fits_stamp_and_code(monkeypatch):
    monkeypatch.setattr(keeping, "SLOW", 0.0)
    computed: list[str] = []

    def asked(stamp: str, name: str = "page", shared: bool = True) -> str:
        """In a process that has kept nothing."""
        caches["kept"].clear()
        return kept(name, stamp, lambda: computed.append(stamp) or f"drawn for {stamp}", shared=shared)

    assert [asked("1"), asked("1"), asked("2"), asked("2")] == ["drawn for 1"] * 2 + ["drawn for 2"] * 2
    assert computed == ["1", "2"] and asked("1") == "drawn for 1" and computed == ["1", "2", "1"]
    monkeypatch.setattr(keeping, "_code", lambda: "of another day")
    assert asked("1") == "drawn for 1" and len(computed) == 4
    asked("1", "own", shared=False)
    assert asked("1", "own", shared=False) == "drawn for 1" and len(computed) == 6


def test_a_full_disk_keeps_nothing_and_shows_everything(monkeypatch):
    monkeypatch.setattr(keeping, "SLOW", 0.0)

    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caches["shared"], "set", refuse)
    assert kept("page", "1", lambda: "drawn", shared=True) == "drawn"
