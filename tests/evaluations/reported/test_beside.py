"""Accepted numbers beside measured ones: on pages, in the plot, in files and the API, and never in an order or test."""

import json

import pytest
from django.urls import reverse

from evaluations.claims.verdicts import claim_list, update_verdicts
from evaluations.figures.plots.forest import forest_plots
from evaluations.models import ReportedClaim
from evaluations.reported import services
from evaluations.reported.beside import metric_for, reported_beside
from evaluations.snapshots.frozen import freeze, thaw
from evaluations.tables.build import build_table
from evaluations.tables.renderers import csv
from evaluations.tables.renderers.json import document
from methods.models import PaperLink
from papers.models import Paper
from tests.evaluations.claims.test_verdicts import claim_beats
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db
QUOTE = "improves accuracy by 3.5 points on ImageNet"


@pytest.fixture
def method():
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50, seed=1), "error": [9.0] * 6})
    method = make_method(arena, "good")
    add_runs(method, {"accuracy": draws(60, seed=2), "error": [8.0] * 6})
    claim_beats(method)
    update_verdicts(arena=arena)
    return method


@pytest.fixture
def reported(method):
    paper = Paper.objects.create(title="A good paper", year=2024, abstract=QUOTE)
    PaperLink.objects.create(paper=paper, method=method, kind=PaperLink.IMPLEMENTS)
    return ReportedClaim.objects.create(paper=paper, key="k", kind=ReportedClaim.RESULT, value=3.5, unit="points",
                                        metric="accuracy", dataset="ImageNet", quote=QUOTE)


def text(response):
    return " ".join(response.content.decode().split())


def test_only_what_a_person_accepted_stands_beside(method, reported):
    assert reported_beside([method]) == {}
    services.accept_claim(pk=reported.pk)
    [of] = reported_beside([method])[method.pk]
    assert (of["metric"], of["value"], of["gain"], of["quote"]) == ("accuracy", 3.5, True, QUOTE)
    services.reject_claim(pk=reported.pk)
    assert reported_beside([method]) == {}


@pytest.mark.parametrize("said, unit, name", [
    ("accuracy", "points", "accuracy"), ("Error", "%", "error"), ("test accuracy", "%", "accuracy"),
    ("latency", "%", None), ("accuracy", "x", None), ("", "%", None)])
def test_a_number_speaks_of_a_metric_by_its_name_and_unit(method, said, unit, name):
    found = metric_for(ReportedClaim(metric=said, unit=unit), method.arena.metrics)
    assert (found and found["name"]) == name


def test_it_is_drawn_apart_and_moves_nothing(method, reported, client):
    standings = claim_list(arena=method.arena)
    [before] = forest_plots(standings)
    services.accept_claim(pk=reported.pk)
    [plot] = forest_plots(standings, reported_beside([method]))
    [mark] = plot.rows[0].reported
    assert QUOTE in mark.text and "reported, not measured here" in mark.text
    assert (plot.ticks, plot.rows[0].x, plot.rows[0].left) == (before.ticks, before.rows[0].x, before.rows[0].left)
    page = text(client.get(reverse("claim_detail", args=[standings[0].claim.pk])))
    assert 'class="reported"' in page and "Dashed diamond" in page
    assert page.count(QUOTE) > 1 and "What the diamonds quote" in page
    [of] = client.get(f"/api/ledger/{standings[0].claim.pk}").json()["beside"]
    assert of["quote"] == QUOTE


def test_the_method_page_and_the_arena_page_follow_a_decision(method, reported, client):
    address = reverse("arena_detail", args=["sorting"])
    assert 'class="reported"' not in text(client.get(address))
    services.accept_claim(pk=reported.pk)
    assert 'class="reported"' in text(client.get(address)), "what is kept of the page is made anew"
    page = text(client.get(reverse("method_detail", args=["sorting", "good"])))
    assert "What its paper reports of these metrics" in page and f"<q>{QUOTE}</q>" in page


def test_tables_and_files_tell_it_and_ranks_do_not_know_it(method, reported):
    bare = build_table(method.arena)
    assert "reported" not in [f.name for f in bare.fields] and document(bare)["reported"] == {}
    services.accept_claim(pk=reported.pk)
    table = build_table(method.arena)
    row = next(row for row in table.rows if row.method == "good")
    assert document(table)["reported"] == {"good": [dict(row.reported[0])]}
    assert QUOTE in csv.render(table).decode() and table.record(row)["reported"].startswith("+3.5 points accuracy on")
    assert table.digest == bare.digest and [r.method for r in table.rows] == [r.method for r in bare.rows]
    json.dumps(document(table))
    assert thaw(freeze(table)) == table
