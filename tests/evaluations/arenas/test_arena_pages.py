"""The arena pages, the tags on other pages, the API and the command: what a reader sees of the results."""

import csv
import io
import json
import re
from unittest import mock

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse

from evaluations.claims.verdicts import claim_list, update_verdicts
from evaluations.models import Claim, Run
from evaluations.tables.build import build_table
from evaluations.tables.summaries import arena_cards, findings, method_results, paper_results
from methods.models import PaperLink
from papers.models import Paper
from tests.evaluations.counting import fetched
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena():
    """Four methods of six seeds, one of them twice as good, and one that was never run."""
    arena = make_arena()
    for i, (slug, mean) in enumerate([("plain", 50), ("good", 70), ("twin", 70), ("weak", 30)]):
        method = make_method(arena, slug, fidelity="core" if i else "", year=2018 + i if i else None)
        add_runs(method, {"accuracy": draws(mean, seed=i), "error": draws(100 - mean, seed=i)}, seconds=1.5 + i)
    make_method(arena, "idle")
    for position, (slug, rival) in enumerate([("good", "plain"), ("weak", "plain"), ("twin", "good"),
                                              ("idle", "plain")]):
        Claim.objects.create(
            method=arena.methods.get(slug=slug), position=position, kind="Beats", rival=rival, metric="accuracy",
            sentence=f"better accuracy than {rival}", setting="default", terms=[
                {"weight": 1, "method": "", "metric": "accuracy", "setting": "default"},
                {"weight": -1, "method": rival, "metric": "accuracy", "setting": "default"}])
    update_verdicts(arena=arena)
    return arena


@pytest.fixture
def page(client, arena):
    def get(query="", **headers):
        return client.get(f"{reverse('arena_detail', args=[arena.slug])}{query}", **headers)
    return get


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_list_shows_every_arena_with_its_state(client, arena, django_assert_num_queries):
    make_arena("juggling")
    with django_assert_num_queries(7):
        cards = arena_cards()
    assert [card.arena.slug for card in cards] == ["juggling", "sorting"]
    assert (cards[1].measured, cards[1].methods, cards[1].seeds) == (4, 5, 6)
    assert set(cards[1].best) == {"Good", "Twin"}
    shown = text_of(client.get(reverse("arena_list")))
    assert "Sorting" in shown and "4 of 5 methods measured at up to 6 seeds" in shown
    assert "1 confirmed" in shown and "1 refuted" in shown and "No table yet" in shown


def test_findings_in_sentences(arena):
    said = " ".join(findings(build_table(arena), claim_list(arena=arena)))
    assert "Among 4 methods at 6 seeds, " in said and "share the top tier by accuracy" in said
    assert "With these seeds and 4 methods, two typical methods must differ by about" in said
    assert "Against the baseline, Plain at 50" in said and "2 methods are better and 1 worse beyond doubt" in said
    assert "Of 4 claims made by the papers, 1 is confirmed, 1 is refuted, 1 is inconclusive and 1 is not measured: " \
        "in this miniature, on this data, at this budget." in said
    assert "correlation of" in said and "1 method is not measured here yet." in said


def test_findings_of_a_lower_is_better_metric_turn_round(arena):
    said = " ".join(findings(build_table(arena, metrics=["error"]), []))
    assert "2 methods are better and 1 worse beyond doubt" in said
    assert re.search(r"(Good|Twin) \(.*\) and (Good|Twin) \(.*\) share the top tier by error", said)


@pytest.mark.parametrize(("seeds", "words"), [
    (1, "nothing can be separated: an interval needs at least two seeds"),
    (6, "is best by accuracy, alone in the top tier")])
def test_findings_of_one_seed_and_of_one_winner(seeds, words):
    arena = make_arena("solo")
    for slug, mean in (("plain", 50), ("better", 60)):
        add_runs(make_method(arena, slug), {"accuracy": draws(mean, seeds), "error": draws(1, seeds)})
    assert words in " ".join(findings(build_table(arena), []))


def test_the_page_has_article_table_plots_claims_and_downloads(page):
    response = page()
    assert response.status_code == 200
    shown, html = text_of(response), response.content.decode()
    for part in ("Which method is best at sorting?", "Everybody gets the same data.", "score = hits / all",
                 "licence: CC BY 4.0", "What the table says today", "70.", "tier 1", "not measured",
                 "in this miniature, on this data, at this budget", "Log in to run"):
        assert part in shown, part
    assert html.count("<svg") == 3 and html.count("<title id=") == 3 and html.count("<desc id=") == 3
    assert "style=" not in html and "<script>" not in html and "onclick" not in html
    for name in ("csv", "json", "markdown", "latex", "xlsx", "parquet"):
        assert f"/api/arenas/sorting/table?format={name}" in html
    assert "Idle" in shown and "–" in shown


def test_the_page_shows_the_numbers_of_the_downloads(page, client, arena):
    table = build_table(arena)
    shown = text_of(page())
    for line in table.lines():
        for cell in line:
            assert cell.text in shown
    rows = list(csv.DictReader(io.StringIO(client.get("/api/arenas/sorting/table?format=csv").content.decode())))
    assert [row["method"] for row in rows] == [row.method for row in table.rows]
    assert float(rows[0]["accuracy"]) == table.rows[0].cells["accuracy"].mean


def test_the_url_chooses_columns_methods_setting_and_order(page):
    shown = page("?metrics=error&methods=plain,weak&sort=-error&vs=baseline").content.decode()
    body = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert body.index("Plain") < body.index("Weak"), "the one compared with stays on top"
    assert "Good" not in body
    assert "vs. baseline" in shown and "Accuracy (%)" not in shown.split("<thead>")[1].split("</thead>")[0]
    assert "metrics=error&amp;methods=plain&amp;methods=weak&amp;sort=-error&amp;vs=baseline&amp;format=csv" in shown
    assert 'aria-sort="descending"' in shown
    assert "default (%) ↑" in page("?view=settings").content.decode()


@pytest.mark.parametrize(("query", "there", "gone", "said"), [
    ("?q=goo", ["good"], ["weak", "twin"], "named “goo”"),
    ("?tier=1", ["good", "twin"], ["weak"], "tier 1"),
    ("?most_of=error&most=40", ["good"], ["weak"], "at most 40"),
    ("?fidelity=core&q=good", ["good"], ["plain"], "core")])
def test_rows_are_narrowed_while_tiers_stay(page, client, arena, query, there, gone, said):
    shown = page(query).content.decode()
    body = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert all(f"/methods/sorting/{slug}/" in body for slug in there)
    assert not any(f"/methods/sorting/{slug}/" in body for slug in gone)
    assert said in text_of(page(query))
    whole = {row["method"]: row for row in client.get("/api/arenas/sorting/table?format=json").json()["records"]}
    rows = client.get(f"/api/arenas/sorting/table{query}&format=json").json()["records"]
    assert rows and len(rows) < len(whole), "the export shows the page's rows"
    assert all(row["accuracy_tier"] == whole[row["method"]]["accuracy_tier"] for row in rows)


@pytest.mark.parametrize("query", ["?tier=first", "?most_of=error&most=cheap", "?most_of=joy&most=3", "?fidelity=great",
                                   "?vs=nobody"])
def test_a_narrowing_that_makes_no_sense_is_refused_in_words(page, query):
    assert page(query).status_code == 400


def test_what_stands_around_the_table_goes_with_it(page, client, admin_user):
    """The sentences speak of the row compared with; what is frozen after the table was renewed is what it shows."""
    assert "Against Good at" in text_of(page("?vs=good")) and "Against the baseline, Plain at" in text_of(page())
    client.force_login(admin_user)
    part = page("?q=weak&vs=good", HTTP_HX_REQUEST="true", HTTP_HX_TARGET="table-part").content.decode()
    assert 'name="state" value="vs=good&amp;q=weak"' in part


def test_nothing_fits(page):
    assert "No method fits" in text_of(page("?q=zzz"))


def test_differences_to_any_row(page, client):
    shown = page("?vs=good")
    assert "vs. good" in text_of(shown) and "Differences are to good" in text_of(shown)
    assert shown.content.decode().split("<tbody>")[1].index("/good/") < 200, "it stands on top"
    rows = {row["method"]: row for row in client.get("/api/arenas/sorting/table?vs=good&format=json").json()["records"]}
    assert rows["weak"]["accuracy_difference"] < 0 and rows["good"]["accuracy_difference"] is None
    narrowed = page("?vs=good&q=weak")
    assert "1 of 5 methods: named “weak”; and good, which differences are to" in text_of(narrowed)
    assert 'href="/methods/sorting/good/"' in narrowed.content.decode().split("<tbody>")[1]


def test_sorting_renews_the_table_alone_and_the_address(page):
    part = page("?sort=error&q=o&tier=", HTTP_HX_REQUEST="true", HTTP_HX_TARGET="table-part")
    html = part.content.decode()
    assert "<h1" not in html and 'id="table-part"' in html and 'hx-swap-oob="true"' in html
    assert part["HX-Push-Url"] == "?sort=error&q=o" and "HX-Request" in part["Vary"]


def test_what_is_the_same_in_every_row_is_said_once(page):
    shown = page().content.decode()
    assert "Memory: 300 MB everywhere" in text_of(page()) and "Memory" not in shown.split("<thead>")[1].split(
        "</thead>")[0]


def test_sort_links_turn_round(page):
    shown = page().content.decode()
    assert 'href="?sort=accuracy"' in shown and 'href="?sort=error"' in shown and 'href="?sort=title"' in shown


def test_unknown_names_are_refused_in_words(page, client):
    response = page("?setting=upside-down")
    assert response.status_code == 400
    assert "sorting has no setting upside-down; it has default, harsh" in text_of(response)
    assert client.get(reverse("arena_detail", args=["nowhere"])).status_code == 404


def test_an_arena_without_runs_says_what_to_do(client):
    make_method(make_arena("fresh"), "plain")
    shown = text_of(client.get(reverse("arena_detail", args=["fresh"])))
    assert "Nothing measured here yet" in shown and "Run everything missing" in shown
    assert "Everybody gets the same data." in shown


def test_running_arenas_refresh_themselves_and_fragments_have_no_frame(page, arena):
    assert "hx-trigger" not in page().content.decode().split('id="results"')[1].split(">")[0]
    idle = arena.methods.get(slug="idle")
    Run.objects.create(method=idle, seed=0, code_digest=idle.code_digest, state=Run.RUNNING)
    fragment = page(HTTP_HX_REQUEST="true")
    html = fragment.content.decode()
    assert html.strip().startswith("<section") and "<html" not in html and 'hx-trigger="every' in html
    assert "1 run under way" in text_of(fragment)
    assert "HX-Request" in fragment["Vary"]


def test_people_who_may_run_get_forms(page, client, django_user_model, arena):
    person = django_user_model.objects.create_user("ada")
    person.user_permissions.add(Permission.objects.get(codename="add_run"))
    client.force_login(person)
    html = page().content.decode()
    assert 'value="arena:sorting"' in html and "csrfmiddlewaretoken" in html
    assert any(s.status == "inconclusive" for s in claim_list(arena=arena))
    assert 'name="seeds" value="6-9"' in html, "up to the first look"


def test_smoke_results_carry_no_verdicts(page, arena):
    add_runs(arena.methods.get(slug="plain"), {"accuracy": [1.0, 2.0], "error": [1.0, 2.0]}, scale="smoke")
    shown = text_of(page("?scale=smoke"))
    assert "far too small to speak about any paper" in shown and "made by the papers" not in shown


def test_the_page_takes_a_fixed_number_of_queries(page, arena, django_assert_max_num_queries):
    page()
    for i in range(12):
        add_runs(make_method(arena, f"more-{i}"), {"accuracy": draws(40, seed=i), "error": draws(5)})
    with django_assert_max_num_queries(41):
        page()
    with django_assert_max_num_queries(11), fetched(Claim) as claims:  # nothing has changed since
        page()
    assert not claims


def crowd(arena, number):
    for i in range(number):
        method = make_method(arena, f"crowd-{i:03}")
        add_runs(method, {"accuracy": draws(60 - i * 0.1, 2, seed=i), "error": draws(5, 2, seed=i)})


def test_a_long_table_shows_its_first_rows_and_the_baseline_and_unfolds(page, arena):
    crowd(arena, 80)  # worse than two, better than the baseline
    shown = page().content.decode()
    body = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert body.count("<tr") == 11 and "Plain" in body and "Weak" not in body
    assert "Show all 85 methods" in shown and "The best 9 of 84 methods" in shown
    every = page("?rows=all").content.decode()
    assert every.split("<tbody>")[1].split("</tbody>")[0].count("<tr") == 85 and "Show all" not in every
    tier = re.search(r"Plain</a>.*?tier (\d+)", body, re.S).group(1)
    assert re.search(r"Plain</a>.*?tier (\d+)", every.split("<tbody>")[1], re.S).group(1) == tier


def test_a_page_does_not_grow_with_what_it_does_not_show(page, arena):
    crowd(arena, 70)
    good = arena.methods.get(slug="good")
    claims = [Claim(method=good, position=position, kind="Beats", rival="plain", metric="accuracy", setting="default",
                    sentence=f"claim {position}", terms=[
                        {"weight": 1, "method": "", "metric": "accuracy", "setting": "default"},
                        {"weight": -1, "method": "plain", "metric": "accuracy", "setting": "default"}])
              for position in range(10, 130)]
    Claim.objects.bulk_create(claims[:60])
    update_verdicts(arena=arena)
    before = len(page().content)
    assert before <= 300_000
    for i in range(70, 130):
        make_method(arena, f"crowd-{i:03}")
    Claim.objects.bulk_create(claims[60:])
    update_verdicts(arena=arena)
    shown = page().content.decode()
    assert "121 confirmed" in shown and "All 121 in the ledger" in shown
    assert len(shown) - before < 60 * 150  # a line of the chooser for each method


def test_a_poll_on_which_nothing_changed_is_not_rendered(page, arena, django_assert_max_num_queries):
    idle = arena.methods.get(slug="idle")
    run = Run.objects.create(method=idle, seed=0, code_digest=idle.code_digest, state=Run.RUNNING)

    def poll(seen, query=""):
        return page(query, HTTP_HX_REQUEST="true", HTTP_SEEN=seen)

    def seen_in(response):
        return re.search(r'"Seen": "(\w+)"', response.content.decode()).group(1)

    seen = seen_in(page())
    with django_assert_max_num_queries(8):
        answer = poll(seen)
    assert (answer.status_code, answer.content) == (204, b"")
    Run.objects.filter(pk=run.pk).update(progress=0.5)  # not shown here
    assert poll(seen).status_code == 204
    assert poll(seen, "?setting=harsh").status_code == 200  # another table
    for change in (lambda: Run.objects.create(method=idle, seed=1, code_digest=idle.code_digest),
                   lambda: add_runs(arena.methods.get(slug="weak"), {"accuracy": [9.0], "error": [9.0]}, scale="gpu"),
                   lambda: arena.methods.filter(slug="weak").update(code_digest="new"),
                   lambda: arena.methods.filter(slug="weak").update(title="Weaker"),
                   lambda: update_verdicts(arena=arena),
                   lambda: Run.objects.filter(method__slug="twin", seed=0).update(code_digest="older")):
        change()
        answer = poll(seen)
        assert answer.status_code == 200
        seen = seen_in(answer)
        assert poll(seen).status_code == 204
    Run.objects.filter(state__in=Run.ACTIVE).update(state=Run.FAILED)
    assert "every 5s" not in poll(seen).content.decode().split("<p")[0]


def test_what_is_kept_for_all_holds_nothing_of_one_reader(page, client, django_user_model, arena):
    curator = django_user_model.objects.create_user("curator", is_superuser=True)
    client.force_login(curator)
    assert "Freeze this table" in page().content.decode()
    client.logout()
    shown = page().content.decode()
    assert "Freeze this table" not in shown and "csrfmiddlewaretoken" not in shown.split('id="results"')[1]


def test_paper_results(arena, django_assert_max_num_queries):
    paper = Paper.objects.create(title="On sorting", title_key="on sorting")
    for slug, state in (("good", "accepted"), ("weak", "rejected"), ("idle", "proposed")):
        PaperLink.objects.create(paper=paper, method=arena.methods.get(slug=slug), kind="implements", origin="card",
                                 state=state)
    with django_assert_max_num_queries(14):
        paper_results(paper)
    with django_assert_max_num_queries(11), fetched(Run) as runs, mock.patch(
            "evaluations.arithmetic.statistics.compare_pairs") as compared:  # the other methods are not looked at again
        results = paper_results(paper)
    assert not runs and not compared.called
    assert {r.method.slug for r in results} == {"good", "idle"}
    good = next(r for r in results if r.method.slug == "good")
    assert good.claims[0].status == "confirmed" and good.cell.cell.tier == 1 and good.cell.rivals == 3
    request = RequestFactory().get("/")
    request.user = type("Nobody", (), {"has_perm": lambda self, name: False})()
    html = Template("{% load result_tags %}{% paper_results paper %}").render(
        Context({"paper": paper, "request": request}))
    assert "confirmed" in html and "Not measured yet" in html and "/arenas/sorting/" in html
    assert "in this miniature, on this data, at this budget" in html
    assert paper_results(Paper.objects.create(title="Other", title_key="other")) == []


def test_method_results_say_where_it_wins_and_loses(arena):
    [place], [claim] = method_results(arena.methods.get(slug="good"))
    assert place.beats == ("Plain", "Weak") and place.loses_to == () and place.level == 1
    assert place.difference.startswith("+") and claim.status == "confirmed"
    [place], _ = method_results(arena.methods.get(slug="weak"))
    assert {"Good", "Twin"} <= set(place.loses_to)
    add_runs(arena.methods.get(slug="idle"), {"accuracy": draws(99), "error": draws(1)})
    [place], _ = method_results(arena.methods.get(slug="weak"))
    assert {"Good", "Twin", "Idle"} <= set(place.loses_to)  # what is kept is renewed
    arena.methods.get(slug="idle").runs.all().delete()
    [place], _ = method_results(arena.methods.get(slug="weak"))
    assert place.beats == () and place.loses_to == ("Good", "Plain", "Twin")
    assert method_results(arena.methods.get(slug="idle"))[0] == []
    html = Template("{% load result_tags %}{% method_results method %}").render(
        Context({"method": arena.methods.get(slug="good")}))
    assert "Better than Plain, Weak." in html and "Not to be told from 1 other." in html


def test_verdict_badges(arena):
    badge = Template("{% load result_tags %}{% verdict_badge verdict %}")
    by_status = {s.status: s for s in claim_list(arena=arena)}
    assert "badge-ok" in badge.render(Context({"verdict": by_status["confirmed"].verdict}))
    assert "badge-bad" in badge.render(Context({"verdict": by_status["refuted"]}))
    assert "badge-warn" in badge.render(Context({"verdict": by_status["inconclusive"]}))
    assert "not measured" in badge.render(Context({"verdict": None}))
    arena.methods.filter(slug="good").update(code_digest="new")
    update_verdicts(arena=arena)
    stale = next(s for s in claim_list(arena=arena) if s.stale)
    html = badge.render(Context({"verdict": stale}))
    assert "by older code" in html and "badge-dim" in html


def test_titles_are_escaped(page, arena):
    arena.methods.filter(slug="plain").update(title="<script>alert(1)</script>")
    assert "<script>alert" not in page().content.decode()


def test_api(client, arena):
    listed = client.get("/api/arenas").json()
    assert listed["count"] == 1 and listed["items"][0]["slug"] == "sorting"
    detail = client.get("/api/arenas/sorting").json()
    assert detail["methods"] == ["good", "idle", "plain", "twin", "weak"]
    assert {c["status"] for c in detail["claims"]} == {"confirmed", "refuted", "inconclusive", "not measured"}
    response = client.get("/api/arenas/sorting/table?format=json&metrics=error&sort=title&vs=baseline")
    table = response.json()
    assert response["Content-Type"] == "application/json"
    assert 'filename="sorting-default-full.json"' in response["Content-Disposition"]
    assert [r["method"] for r in table["records"]] == ["good", "idle", "plain", "twin", "weak"]
    assert table["records"][0]["error_difference"] < 0 and "accuracy" not in table["records"][0]
    for name, media_type in (("csv", "text/csv"), ("xlsx", "application/vnd.openxml"), ("parquet", "application/vnd")):
        assert client.get(f"/api/arenas/sorting/table?format={name}")["Content-Type"].startswith(media_type)


def test_api_refuses_in_words(client, arena):
    for query, words in (("format=pdf", "there is no format pdf"), ("setting=odd", "no setting odd"),
                         ("metrics=speed", "no metric speed"), ("view=pie", "no view pie")):
        response = client.get(f"/api/arenas/sorting/table?{query}")
        assert response.status_code == 400 and words in response.json()["detail"]
    assert client.get("/api/arenas/nowhere/table").status_code == 404


def test_table_command(arena, tmp_path):
    out = io.StringIO()
    call_command("table", "sorting", format="csv", stdout=out)
    assert out.getvalue().splitlines()[0].startswith("method,title,year")
    out = io.StringIO()
    call_command("table", "sorting", format="json", metrics=["error"], stdout=out)
    assert json.loads(out.getvalue())["digest"] == build_table(arena, metrics=["error"]).digest
    target = tmp_path / "table.xlsx"
    call_command("table", "sorting", format="xlsx", out=target)
    assert target.read_bytes().startswith(b"PK")
    for wrong, words in ((["juggling"], "no arena juggling"), (["sorting", "--setting", "odd"], "no setting odd"),
                         (["sorting", "--format", "xlsx"], "--out")):
        with pytest.raises(CommandError, match=words):
            call_command("table", *wrong)
