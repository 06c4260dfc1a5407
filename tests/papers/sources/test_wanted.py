"""Papers by identifier: found in text, fetched together, waiting with a reason, tried again, taken off."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from papers.models import Digest, Paper
from papers.services import import_digest
from papers.sources.models import WantedPaper
from papers.sources.wanted import NotAdded, drop_wanted, fetch_wanted, retry_wanted, want_papers
from tests.servers.upstream import Reply, arxiv_api, crossref, paper

ONES = [paper("2611.10001", "Meadows at Rest"), paper("2611.10002", "Counting Clouds")]


def states() -> dict[str, tuple[str, str]]:
    return {row.identifier: (row.state, row.paper.title if row.paper else row.reason)
            for row in WantedPaper.objects.select_related("paper")}


def test_many_at_once_from_every_place(upstream):
    upstream.pages |= {
        "/arxiv_api": arxiv_api(ONES), "/crossref/10.1145/1.2": Reply(crossref("10.1145/1.2", "Gates &amp; Doors")),
        "/doi/10.5281/zenodo.7": Reply('{"title": "A Data Set", "DOI": "10.5281/zenodo.7", "type": "dataset", '
                                       '"author": [{"family": "Sample", "given": "Bo"}]}'),
        "/openreview/notes": lambda query: Reply(
            '{"notes": [{"id": "AbCdEf1", "content": {"title": {"value": "Opened"}, "abstract": {"value": "Yes."}}}]}'
            if query["id"] == "AbCdEf1" else "{}"),
        "/acl/2020.acl-main.1.bib": Reply("@inproceedings{x,\n title = {Words in Rows},\n author = {Lee, Ann},\n "
                                          "year = {2020},\n doi = {10.18653/v1/2020.acl-main.1}\n}"),
        "/github/ada/code/HEAD/README.md": Reply("# Code\nSee [the paper](https://arxiv.org/abs/2611.10002)."),
        "/github/ada/many/HEAD/README.md": Reply("arXiv:2611.10001 and arXiv:2611.10002")}
    want_papers(text="""arXiv:2611.10001v2, https://huggingface.co/papers/2611.10002; 2611.19999
        https://doi.org/10.1145/1.2 and 10.5281/zenodo.7 but not 10.9999/nothing.
        https://openreview.net/forum?id=AbCdEf1 https://aclanthology.org/2020.acl-main.1/
        https://github.com/ada/code https://github.com/ada/many https://github.com/ada/none""")
    assert not upstream.asked and {row.state for row in WantedPaper.objects.all()} == {"queued"}
    assert fetch_wanted() == 7
    assert states() == {
        "2611.10001": ("added", "Meadows at Rest"), "2611.10002": ("added", "Counting Clouds"),
        "2611.19999": ("waiting", "arXiv knows no paper 2611.19999"), "10.1145/1.2": ("added", "Gates & Doors"),
        "10.5281/zenodo.7": ("added", "A Data Set"),
        "10.9999/nothing": ("waiting", "no agency knows the DOI 10.9999/nothing"),
        "AbCdEf1": ("added", "Opened"), "2020.acl-main.1": ("added", "Words in Rows"),
        "ada/code": ("added", "Counting Clouds"),
        "ada/many": ("waiting", "its README names several papers; add the right one: 2611.10001, 2611.10002"),
        "ada/none": ("waiting", f"{upstream.url}/github/ada/none/HEAD/README.md: there is no such thing (HTTP 404)")}
    asked = [query["id_list"] for path, query, _ in upstream.asked if path == "/arxiv_api"]
    assert asked[0] == "2611.10001,2611.10002,2611.19999"  # one question for all
    assert "https://github.com/ada/code" in Paper.objects.get(arxiv_id="2611.10002").urls
    assert Paper.objects.get(title="Gates & Doors").authors == ["Zoë Núñez"]


def test_what_is_here_is_found_without_asking(upstream):
    import_digest(name="a.json", data=b'[{"title": "Here", "arxiv_id": "2401.00001", "doi": "10.1000/ABC"}]')
    rows = want_papers(text="2401.00001v3 10.1000/abc")
    assert [row.paper.title for row in rows] == ["Here", "Here"] and fetch_wanted() == 0 and not upstream.asked


def test_offline_it_waits_and_comes_when_the_line_is_back(upstream):
    upstream.pages["/arxiv_api"] = Reply(status=503, Retry_After="900")
    want_papers(text="2611.10001")
    assert fetch_wanted() == 0
    [row] = WantedPaper.objects.all()
    assert row.state == "waiting" and "busy (HTTP 503)" in row.reason and row.attempts == 1
    assert 800 < (row.next_try_at - timezone.now()).total_seconds() <= 900
    assert fetch_wanted() == 0 and upstream.times("/arxiv_api") == 1  # not due
    from papers.sources.models import HostPace
    HostPace.objects.all().delete()
    upstream.pages["/arxiv_api"] = arxiv_api(ONES)
    retry_wanted(rows=[row])
    assert fetch_wanted() == 1 and states() == {"2611.10001": ("added", "Meadows at Rest")}
    assert want_papers(text="2611.10001")[0].paper and fetch_wanted() == 0


def test_it_is_given_up_after_a_while_but_stays_on_the_list(upstream):
    want_papers(text="10.9999/nothing")
    for _ in range(12):
        WantedPaper.objects.update(next_try_at=timezone.now())
        fetch_wanted()
    [row] = WantedPaper.objects.all()
    assert row.next_try_at is None and row.attempts == 12 and row.state == "waiting"
    drop_wanted(row=row)
    assert not WantedPaper.objects.exists()


def test_an_answer_that_is_none_leaves_the_reason(upstream):
    upstream.pages |= {"/arxiv_api": Reply("<html>maintenance</html>"), "/crossref/10.1/1": Reply("{}"),
                       "/crossref/10.1000/1": Reply("[1, 2")}
    want_papers(text="2611.10001 2611.10002 10.1000/1")
    assert fetch_wanted() == 0 and not Digest.objects.exists()
    assert all(state == "waiting" and "could not be read" in reason for state, reason in states().values())


def test_one_that_was_taken_off_meanwhile_does_not_come_back(upstream, monkeypatch):
    from papers.sources import wanted
    upstream.pages["/arxiv_api"] = arxiv_api(ONES)
    [row] = want_papers(text="2611.10001")

    def meanwhile(kind, identifiers, progress, real=wanted.look_up):
        drop_wanted(row=row)
        real(kind, identifiers, progress)
    monkeypatch.setattr(wanted, "look_up", meanwhile)
    fetch_wanted()
    assert not WantedPaper.objects.exists() and Paper.objects.count() == 1


def test_a_text_without_identifiers_is_refused(db):
    with pytest.raises(NotAdded, match="No identifier was found"):
        want_papers(text="the paper about meadows")
    with pytest.raises(NotAdded, match="501 papers are named"):
        want_papers(text=" ".join(f"2401.{number:05}" for number in range(501)))
    assert not WantedPaper.objects.exists()


def test_the_command_adds_and_says_what_waits(upstream):
    upstream.pages["/arxiv_api"] = arxiv_api(ONES)
    out, err = io.StringIO(), io.StringIO()
    call_command("add", "2611.10001", "2611.19999", stdout=out, stderr=err)
    assert "arXiv 2611.10001: Meadows at Rest (paper" in out.getvalue()
    assert "waiting: arXiv knows no paper 2611.19999" in err.getvalue()
    with pytest.raises(CommandError, match="none could be fetched"):
        call_command("add", "2611.19999", stdout=out, stderr=err)
    with pytest.raises(CommandError, match="No identifier"):
        call_command("add", "hello", stdout=out, stderr=err)


def test_a_paper_that_turns_out_to_be_another_takes_its_wish_along(upstream):
    upstream.pages["/arxiv_api"] = arxiv_api(ONES)
    import_digest(name="a.json", data=b'[{"title": "The Journal Version", "doi": "10.1000/1"}]')
    want_papers(text="2611.10001")
    fetch_wanted()
    import_digest(name="b.json", data=b'[{"title": "Meadows at Rest", "arxiv_id": "2611.10001", "doi": "10.1000/1", '
                                      b'"authors": ["Ada Example"]}]')
    row = WantedPaper.objects.get()
    assert row.state == "added" and Paper.objects.filter(pk=row.paper_id).exists()
