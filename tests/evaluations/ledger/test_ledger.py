"""The claim ledger: its filters, rows, files, evidence, history, feed and badges."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from evaluations.arithmetic.statistics import paired_contrast
from evaluations.claims.verdicts import claim_list, update_verdicts
from evaluations.ledger.badges import badge
from evaluations.ledger.feeds import changed_verdicts
from evaluations.ledger.ledger import (
    FIELDS,
    LedgerError,
    LedgerState,
    claim_page,
    evidence_record,
    ledger,
    ledger_record,
    read_state,
)
from evaluations.models import Claim, ReportedClaim, Run, Score, Verdict
from methods.models import Method, PaperLink
from papers.models import Paper
from tests.evaluations.claims.test_verdicts import claim_beats, claim_cheaper
from tests.evaluations.counting import fetched
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"


def make_paper(title, *, year=2020, method=None, **fields):
    paper = Paper.objects.create(title=title, title_key=title.lower(), year=year, **fields)
    if method:
        PaperLink.objects.create(paper=paper, method=method, kind="implements", origin="card")
    return paper


@pytest.fixture
def arena():
    """Four claims: confirmed (of a paper that reports a number), refuted, inconclusive, not measured."""
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50, seed=1), "error": [1.0] * 6})
    for slug, mean in (("good", 60), ("bad", 40), ("same", 50)):
        method = make_method(arena, slug, year=2019)
        add_runs(method, {"accuracy": draws(mean, seed=mean), "error": [1.0] * 6})
        claim_beats(method)
    claim_beats(make_method(arena, "idle"))
    update_verdicts(arena=arena)
    paper = make_paper("=Great Gains", method=Method.objects.get(slug="good"), year=2021, arxiv_id="2101.00001")
    ReportedClaim.objects.create(paper=paper, key="k", kind="result", value=12.5, unit="%", metric="accuracy",
                                 quote="=a gain of 12.5 % & more", status="proposed")
    return arena


def claim_of(slug):
    return Claim.objects.get(method__slug=slug, position=0)


def slugs(**state):
    return [row.claim.method.slug for row in ledger(LedgerState(**state)).rows]


@pytest.mark.parametrize("state, expected", [
    ({}, ["bad", "good", "same", "idle"]),
    ({"verdict": "refuted"}, ["bad"]),
    ({"verdict": "not measured"}, ["idle"]),
    ({"q": "great GAINS"}, ["good"]),
    ({"q": "idle better"}, ["idle"]),
    ({"year": 2021}, ["good"]),
    ({"power": "high"}, ["bad", "good"]),
    ({"power": "low"}, ["same"]),
    ({"kind": "Matches"}, []),
    ({"kind": "reported"}, []),
    ({"sort": "arena"}, ["bad", "good", "idle", "same"]),
    ({"sort": "effect", "verdict": ""}, ["good", "same", "bad", "idle"]),
    ({"sort": "year", "power": "high"}, ["good", "bad"]),
])
def test_filters_and_order(arena, state, expected):
    found = slugs(**state)
    assert found == expected if "sort" in state or not state else sorted(found) == sorted(expected)


def test_a_lower_cost_is_a_kind_of_its_own(arena):
    method = make_method(arena, "small")
    add_runs(method, {"accuracy": draws(49.8, seed=1, noise=0.45), "error": [1.0] * 6}, counts={"parameters": 10})
    claim_cheaper(method, cost="trained parameters")
    update_verdicts(arena=arena)
    assert slugs(kind="cheaper") == slugs(kind="Matches") == ["small"]
    record = ledger_record(ledger(LedgerState(kind="cheaper")).rows[0])
    assert (record["cost"], record["cost_recorded"], record["cost_difference"]) == ("trained parameters", "parameters",
                                                                                    990)


def test_the_address_is_the_whole_state(client, arena):
    state = LedgerState(arena="sorting", verdict="confirmed", q="great gains", year=2021, power="high", sort="p")
    assert state.query() == "arena=sorting&verdict=confirmed&q=great+gains&year=2021&power=high&sort=p"
    page = client.get(f"{reverse('claim_list')}?{state.query()}").content.decode()
    assert re.search(r"Good reaches [\d.]+ points more accuracy than Plain; six seeds agree", page)
    assert "Bad reaches" not in page
    assert page.count("selected") == 5 and 'value="great gains"' in page
    assert re.search(r'/api/ledger\?arena=sorting&amp;verdict=confirmed&amp;q=great\+gains[^"]*format=csv', page)
    assert '?arena=sorting&amp;verdict=refuted&amp;q=great+gains' in page  # tabs keep the rest


@pytest.mark.parametrize("query", ["verdict=maybe", "kind=odd", "power=much", "sort=luck", "arena=none", "year=x",
                                   "paper=-1"])
def test_an_address_of_nothing_is_refused_in_words(client, arena, query):
    answer = client.get(f"{reverse('claim_list')}?{query}")
    assert answer.status_code == 400 and "There is no such list" in answer.content.decode()
    refused = client.get(f"/api/ledger?{query}")
    assert refused.status_code == (422 if query.startswith(("year", "paper")) else 400) and refused.json()["detail"]


def test_counts_of_verdicts_ignore_the_filter_by_verdict(arena):
    expected = {"confirmed": 1, "refuted": 1, "inconclusive": 1, "not measured": 1, "older code": 0}
    assert ledger(LedgerState()).counts == ledger(LedgerState(verdict="refuted")).counts == expected
    assert ledger(LedgerState(q="good")).counts["refuted"] == 0


def test_empty_states_say_what_to_do(client, db):
    text = client.get(reverse("claim_list")).content.decode()
    assert "sync_methods" in text and "import a digest" in text
    assert "Nothing is open" in client.get(reverse("claim_open")).content.decode()
    make_arena()
    assert "Show every claim" in client.get(reverse("claim_list") + "?q=nothing").content.decode()


def test_pages_of_the_list(client, arena):
    method = Method.objects.get(slug="idle")
    for position in range(1, 30):
        claim_beats(method, position=position)
    first, second = (client.get(f"{reverse('claim_list')}?q=idle&page={n}").content.decode() for n in (1, 2))
    assert first.count("<tr>") == 26 and second.count("<tr>") == 6
    assert "?q=idle&amp;page=2" in first


def test_queries_do_not_grow_with_the_rows(client, arena, django_assert_max_num_queries):
    for position in range(1, 12):
        claim_beats(Method.objects.get(slug="idle"), position=position)
    with django_assert_max_num_queries(34), fetched(Claim) as claims:
        client.get(reverse("claim_list"))
    assert len(claims) == Claim.objects.count() == 15  # a page holds 25
    for position in range(12, 40):
        claim_beats(Method.objects.get(slug="idle"), position=position)
    with django_assert_max_num_queries(34), fetched(Claim) as claims, fetched(Verdict) as verdicts:
        assert "page 2 of 2" in client.get(reverse("claim_list"), {"page": 2}).content.decode()
    assert len(claims) == 43 - 25 and not verdicts  # those of the page; the measured ones come first
    with django_assert_max_num_queries(20):
        client.get(reverse("claim_detail", args=[claim_of("good").pk]))


def test_reported_numbers_stand_apart_and_are_never_measurements(client, arena):
    found = ledger(LedgerState())
    [reported] = [r for r in found.records() if r["source"] == "reported"]
    assert (reported["reported_value"], reported["quote"]) == (12.5, "=a gain of 12.5 % & more")
    assert reported["status"] == "reported, not measured"
    measured = ("n", "difference", "low", "high", "p_value", "effect_size", "power", "scale", "test")
    assert all(reported[name] is None for name in measured)
    directional = [r for r in found.records() if r["source"] == "directional"]
    assert all(r["reported_value"] is None and r["quote"] is None for r in directional)
    page = client.get(reverse("claim_list")).content.decode()
    table, _, below = page.partition('id="reported"')
    assert "12.5" not in table and "=a gain of 12.5 % &amp; more" in below
    assert "Reported, not measured" not in client.get(reverse("claim_list") + "?verdict=confirmed").content.decode()
    assert [r["source"] for r in ledger(LedgerState(kind="reported")).records()] == ["reported"]
    assert ledger(LedgerState(kind="directional")).reported.count() == 0
    assert ledger(LedgerState(arena="sorting", year=2021)).reported.count() == 1
    assert ledger(LedgerState(year=1999)).reported.count() == 0
    ReportedClaim.objects.update(status="rejected")
    assert ledger(LedgerState()).reported.count() == 0


def test_every_file_carries_the_same_rows(client, arena):
    expected = json.loads(client.get("/api/ledger?sort=p").content)["records"]
    assert [set(record) for record in expected] == [{f.name for f in FIELDS}] * 5
    parquet = pq.read_table(io.BytesIO(client.get("/api/ledger?sort=p&format=parquet").content))
    assert parquet.to_pylist() == expected
    answer = client.get("/api/ledger?sort=p&format=csv")
    assert answer["Content-Disposition"] == 'attachment; filename="claims-all.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    for row, record in zip(rows, expected, strict=True):
        assert row["id"] == str(record["id"]) and row["status"] == record["status"]
        assert row["difference"] == ("" if record["difference"] is None else repr(record["difference"]))
    assert client.get("/api/ledger?format=pdf").status_code == 400
    only = json.loads(client.get("/api/ledger?verdict=confirmed").content)
    assert [r["method"] for r in only["records"]] == ["good"] and only["filters"] == {"verdict": "confirmed"}
    assert "not about the paper's own experiment" in only["scope"]


def test_cells_that_a_spreadsheet_would_run_are_quoted(client, arena):
    rows = list(csv.DictReader(io.StringIO(client.get("/api/ledger?format=csv").getvalue().decode())))
    texts = {row["papers"] for row in rows} | {row["quote"] for row in rows}
    assert "'=Great Gains" in texts and "'=a gain of 12.5 % & more" in texts
    assert not [text for row in rows for text in row.values() if text.startswith(("=", "+", "@"))]


def test_the_digest_changes_with_a_verdict_and_not_with_the_order(arena):
    before = ledger(LedgerState()).digest
    assert ledger(LedgerState(sort="p")).digest == before
    Verdict.objects.filter(claim=claim_of("good")).update(difference=1.0)
    assert ledger(LedgerState()).digest != before


def test_a_claim_opens_to_everything_behind_it(client, arena):
    page = claim_page(claim_of("good"))
    contrast = paired_contrast([line.difference for line in page.seeds])
    verdict = page.row.verdict
    assert (verdict.difference, verdict.low, verdict.n) == pytest.approx((contrast.mean, contrast.low, 6))
    text = client.get(reverse("claim_detail", args=[page.row.claim.pk])).content.decode()
    runs = Run.objects.filter(method__slug__in=("good", "plain"))
    assert all(f'href="/runs/{run.pk}/"' in text for run in runs) and runs.count() == 12
    assert "Abacus 3000" in text and "code of go" in text and "paired t test" in text
    assert "In this miniature, on this data, at this budget; the verdict speaks about our measurement" in text
    assert "=a gain of 12.5 % &amp; more" in text and "reported, not measured" in text
    record = evidence_record(page)
    assert record["differences"] == {str(line.seed): line.difference for line in page.seeds}
    assert [term["code_digest"] for term in record["terms"]] == ["code of good", "code of plain"]
    assert client.get(f"/api/ledger/{page.row.claim.pk}").json() == json.loads(json.dumps(record))
    assert client.get("/api/ledger/99999").status_code == client.get("/claims/99999/").status_code == 404


def test_seeds_that_one_side_lacks_take_no_part(arena):
    Run.objects.filter(method__slug="plain", seed=2).delete()
    lines = {line.seed: line for line in claim_page(claim_of("good")).seeds}
    assert lines[2].difference is None and lines[2].scores[1] == (None, None) and lines[3].difference is not None


def test_a_claim_without_runs_and_one_whose_rival_is_gone(client, arena):
    text = client.get(reverse("claim_detail", args=[claim_of("idle").pk])).content.decode()
    assert "Not measured yet: whether" in text and "Not measured yet.</p>" in text
    claim = claim_beats(Method.objects.get(slug="idle"), rival="nobody", position=7)
    assert "not here" in client.get(reverse("claim_detail", args=[claim.pk])).content.decode()


def test_older_code_is_said_so(client, arena):
    Method.objects.filter(slug="good").update(code_digest="newer")
    update_verdicts(arena=arena)
    page = claim_page(claim_of("good"))
    assert slugs(verdict="older code") == ["good"] and slugs(verdict="confirmed") == []
    assert "1 older code" in client.get(reverse("claim_list")).content.decode()
    assert page.row.standing.stale and [of.changed for of in page.terms] == [True, False]
    assert all(line.difference is not None for line in page.seeds)
    assert "older code" in client.get(reverse("claim_detail", args=[page.row.claim.pk])).content.decode()


def flip(arena, slug="good", to=30.0):
    Score.objects.filter(run__method__slug=slug, metric="accuracy").update(value=to)
    update_verdicts(arena=arena)


def test_history_says_what_flipped(client, arena):
    flip(arena)
    turns = claim_page(claim_of("good")).history
    assert [(turn.before, turn.verdict.status, turn.flipped) for turn in turns] == [
        ("confirmed", "refuted", True), ("not measured", "confirmed", True)]
    text = client.get(reverse("claim_detail", args=[claim_of("good").pk])).content.decode()
    assert "flipped from confirmed to <b>refuted</b>" in text and "first verdict, <b>confirmed</b>" in text


def test_the_feed_tells_of_changed_verdicts_only(client, arena):
    flip(arena)
    add_runs(Method.objects.get(slug="bad"), {"accuracy": [None] * 6 + [40.0], "error": [None] * 6 + [1.0]})
    add_runs(Method.objects.get(slug="plain"), {"accuracy": [None] * 6 + [50.0], "error": [None] * 6 + [1.0]})
    update_verdicts(arena=arena)  # `bad` stays refuted on more seeds: a new row, no change
    assert Verdict.objects.filter(claim=claim_of("bad")).count() == 2
    newest = changed_verdicts()[0]
    assert (newest.claim.method.slug, newest.before, newest.status) == ("good", "confirmed", "refuted")
    assert sorted(v.claim.method.slug for v in changed_verdicts()) == ["bad", "good", "good"]
    feed = ElementTree.fromstring(client.get(reverse("claim_feed")).content)
    entries = feed.findall(f"{ATOM}entry")
    assert entries[0].find(f"{ATOM}title").text == \
        "Refuted, before confirmed: Good reaches 20.13 points less accuracy than Plain; six seeds refute the claim."
    assert len({entry.find(f"{ATOM}id").text for entry in entries}) == len(entries) == 3
    assert "paper's own experiment" in entries[0].find(f"{ATOM}summary").text
    assert "Paired difference" in entries[0].find(f"{ATOM}summary").text


def test_the_feed_of_one_arena(client, arena):
    make_arena("juggling")
    address = reverse("claim_feed")
    assert len(ElementTree.fromstring(client.get(f"{address}?arena=sorting").content).findall(f"{ATOM}entry")) == 2
    assert not ElementTree.fromstring(client.get(f"{address}?arena=juggling").content).findall(f"{ATOM}entry")
    assert client.get(f"{address}?arena=nothing").status_code == 404


def test_a_badge_counts_present_verdicts(client, arena):
    answer = client.get("/badges/method/sorting/good.svg")
    assert answer["Content-Type"].startswith("image/svg+xml") and "max-age=300" in answer["Cache-Control"]
    assert ElementTree.fromstring(answer.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert "1 confirmed" in answer.content.decode()
    assert client.get("/badges/method/sorting/good.svg", HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
    flip(arena)
    again = client.get("/badges/method/sorting/good.svg", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 200 and "1 refuted" in again.content.decode()
    assert "none yet" in client.get("/badges/method/sorting/idle.svg").content.decode()
    assert "none here" in client.get("/badges/method/sorting/plain.svg").content.decode()
    assert badge("All", claim_list()).words == "2 refuted · 1 inconclusive"
    assert badge("All", claim_list(methods=[Method.objects.get(slug="same")])).words == "1 inconclusive"


def test_a_paper_s_badge_by_arxiv_id_doi_and_number_is_escaped(client, arena):
    paper = Paper.objects.get()
    Paper.objects.update(title='<script>"&', doi="10.1/x")
    for key in (paper.arxiv_id, str(paper.pk)):
        answer = client.get(f"/badges/paper/{key}.svg")
        assert "1 confirmed" in answer.content.decode() and "<script>" not in answer.content.decode()
        ElementTree.fromstring(answer.content)
    assert client.get("/badges/paper/nothing.svg").status_code == 404
    assert client.get("/badges/method/sorting/nothing.svg").status_code == 404


def test_pages_offer_the_badge_as_markdown(client, arena):
    method = client.get(reverse("method_detail", args=["sorting", "good"])).content.decode()
    assert "[![claims measured: 1 confirmed](http://testserver/badges/method/sorting/good.svg)]" \
        "(http://testserver/methods/sorting/good/)" in method
    paper = client.get(reverse("paper_detail", args=[Paper.objects.get().pk])).content.decode()
    assert "[![claims measured: 1 confirmed](http://testserver/badges/paper/2101.00001.svg)]" in paper


def test_the_state_of_an_address(db):
    assert read_state({"q": " a ", "year": "2020"}) == LedgerState(q="a", year=2020)
    with pytest.raises(LedgerError, match="there is no verdict maybe; there are confirmed, refuted"):
        read_state({"verdict": "maybe"})
