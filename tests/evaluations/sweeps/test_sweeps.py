"""Sweeps: which values are tried, what that takes, one button for all of it, and what the points say."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from evaluations.models import Run, params_key
from evaluations.runs.contestants import own_values
from evaluations.sweeps.drawing import heat, parallel_plot, response_plot
from evaluations.sweeps.plan import read_plan, values_of
from evaluations.sweeps.results import along, sweep_record
from methods.kit.params import Param
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db
RANK = {"name": "r", "type": "int", "default": 8, "help": "rank", "low": 1, "high": 64, "choices": None}
ALPHA = {"name": "alpha", "type": "float", "default": 16.0, "help": "size", "low": 0.0, "high": 64.0, "choices": None}
SCALE = {"name": "scale", "type": "str", "default": "plain", "help": "which", "low": None, "high": None,
         "choices": ["plain", "fancy"]}
PAGE = "/methods/sorting/lora/sweep/"


@pytest.fixture
def lora(monkeypatch):
    monkeypatch.setattr("evaluations.runs.services.send_runs", lambda pks: True)
    arena = make_arena()
    method = make_method(arena, "lora", params=[RANK, ALPHA, SCALE])
    add_runs(method, {"accuracy": draws(70), "error": draws(5)}, seconds=3.0)
    return method


def measured(method, *sets, **fields):
    for place, (params, mean) in enumerate(sets):
        own = own_values(method, params)
        add_runs(method, {"accuracy": draws(mean, seed=place + 20), "error": draws(5)}, params=own,
                 params_key=params_key(own), **fields)


def plan(method, address=""):
    return read_plan(method, QueryDict(address))


def test_a_grid_has_every_value_with_every_other(lora):
    grid = plan(lora, "over=r&values=2,4&over=scale&values=").points()
    assert grid == [{"r": r, "scale": s} for r in (2, 4) for s in ("plain", "fancy")]
    assert [point["r"] for point in plan(lora, "over=r").points()] == [1, 3, 8, 23, 64], "suggested between the bounds"
    assert [point["alpha"] for point in plan(lora, "over=alpha&values=0 to 64 in 3").points()] == [0.0, 32.0, 64.0]


def test_draws_are_the_same_for_the_same_seed(lora):
    address = "over=r&values=1 to 64&over=alpha&kind=random&draws=12&draw="
    first, again, other = (plan(lora, f"{address}{seed}").points() for seed in (3, 3, 4))
    assert first == again != other and 2 < len(first) <= 12
    assert all(1 <= point["r"] <= 64 and 0 <= point["alpha"] <= 64 for point in first)
    assert sum(point["r"] <= 8 for point in first) >= 3, "by ratio: small ranks are as likely as large ones"


def test_a_free_hyperparameter_is_tried_around_its_default():
    assert values_of(Param(0.1, "rate", name="rate", low=0.0), "") == [0.025, 0.05, 0.1, 0.2, 0.4]
    assert values_of(Param(True, "on", name="on", type=bool), "") == [True, False]


@pytest.mark.parametrize(("address", "said"), [
    ("over=rank", "no hyperparameter rank"), ("over=r&values=1,99", "r must be a whole number from 1 to 64"),
    ("over=r&values=2 to 9", "how many values"), ("over=r&values=9 to 2 in 3", "from the smaller"),
    ("over=scale&values=a to b in 3", "has no range"), ("over=r&over=alpha&over=scale", "one or two"),
    ("over=r&values=1 to 64 in 60&over=alpha&values=1 to 2 in 5", "at most 100 sets"),
    ("setting=odd", "no setting odd"),
    ("over=r&seeds=many", "seeds must be"), ("over=r&seeds=1000&values=1 to 64 in 50", "at most 5,000 runs"),
    ("metric=odd", "no metric odd"), ("kind=odd", "no kind of sweep"),
    ("over=r&kind=random&draws=0", "number of draws")])
def test_what_makes_no_sweep_is_said(lora, client, address, said):
    answer = client.get(f"{PAGE}?{address}")
    assert answer.status_code == 400 and said in answer.text


def test_the_plan_is_shown_before_and_one_button_asks_for_all(lora, admin_client):
    query = "over=r&values=2,4,8&seeds=3"
    page = " ".join(admin_client.get(f"{PAGE}?{query}").text.split())
    assert "r = 2, 4, 8: 3 sets of values at 3 seeds, 9 runs in setting default" in page
    assert "6 runs are missing: about 18 s" in page, "the default is measured already"
    state = re.search(r'name="state" value="([^"]*)"', page)[1].replace("&amp;", "&")
    answer = admin_client.post(f"{PAGE}run/", {"state": state})
    assert answer.status_code == 302 and Run.objects.filter(state=Run.QUEUED).count() == 6
    shown = admin_client.get(answer.url.partition("#")[0]).text
    assert "0 of 6 done" in shown and "All of them are measured or on their way." in shown
    assert "Add 2 variants to the table of Sorting" in shown
    admin_client.post(f"{PAGE}run/", {"state": state})
    assert Run.objects.filter(state=Run.QUEUED).count() == 6, "pressed twice is asked once"


def test_asking_is_for_those_who_may(lora, client, django_user_model):
    assert client.post(f"{PAGE}run/", {"state": "over=r"}).url.startswith("/login/")
    client.force_login(django_user_model.objects.create_user("ada"))
    assert client.post(f"{PAGE}run/", {"state": "over=r"}).status_code == 403
    assert "may not start runs" in client.get(f"{PAGE}?over=r").text and not Run.objects.exclude(state="done").exists()


def test_a_response_curve_is_of_what_was_measured_whoever_asked(lora, client):
    measured(lora, ({"r": 4}, 65), ({"r": 1}, 55), ({"r": 1, "alpha": 1.0}, 20))
    record = sweep_record(plan(lora, "over=r"))
    points = along(record, ["r"])
    assert [point["values"]["r"] for point in points] == [1, 4, 8], "in order, the default among them"
    assert [point["is_default"] for point in points] == [False, False, True]
    assert points[0]["difference"] == pytest.approx(points[0]["mean"] - points[2]["mean"])
    plot = response_plot(record, points, "r", joined=True)
    assert [mark["x"] for mark in plot["marks"]] == sorted(mark["x"] for mark in plot["marks"])
    assert [mark["y"] for mark in plot["marks"]] == sorted((mark["y"] for mark in plot["marks"]), reverse=True)
    assert all(mark["top"] < mark["y"] < mark["bottom"] for mark in plot["marks"]) and plot["default"]["default"]
    page = client.get(f"{PAGE}?over=r").text
    assert page.count("<polyline") == 1 and "Add all 2 to the table" in page and "Lora (r = 4)" in page
    assert "variants=lora%3Br%3D1%3Balpha%3D1" not in page, "another hyperparameter was changed there"


def test_two_hyperparameters_are_a_table_of_heat(lora, client):
    measured(lora, *(({"r": r, "alpha": a}, 40 + r + a) for r in (2, 4, 8) for a in (1.0, 4.0, 16.0)
                     if (r, a) != (8, 16.0)))
    record = sweep_record(plan(lora, "over=r&over=alpha"))
    found = heat(record, along(record, ["r", "alpha"]), ["r", "alpha"])
    assert found["columns"] == ["1", "4", "16"] and [row["value"] for row in found["rows"]] == ["2", "4", "8"]
    assert [cell["level"] for cell in found["rows"][0]["cells"]] == [1, 1, 3]
    assert found["rows"][2]["cells"][2]["is_default"] and found["rows"][2]["cells"][2]["level"] == 5
    page = client.get(f"{PAGE}?over=r&over=alpha").text
    assert 'class="heat"' in client.get(PAGE).text, "drawn unasked where no other is varied"
    assert 'class="heat"' in page and "<polyline" not in page, "two are varied: no parallel coordinates yet"
    lower = sweep_record(plan(lora, "metric=error"))
    assert lower["better"] == "lower"


def test_points_that_fill_no_table_are_drawn_by_each(lora, client):
    measured(lora, *(({"r": r, "alpha": a}, 50) for r, a in ((2, 1.5), (3, 9.5), (17, 30.0), (40, 3.0))))
    page = client.get(f"{PAGE}?over=r&over=alpha").text
    assert 'class="heat"' not in page and 'id="response-r"' not in page
    assert 'id="response-r-title"' in page and 'id="response-alpha-title"' in page


def test_more_are_parallel_coordinates(lora, client):
    measured(lora, ({"r": 2}, 60), ({"alpha": 1.0}, 50), ({"scale": "fancy", "r": 4}, 80))
    record = sweep_record(plan(lora))
    plot = parallel_plot(record, record["points"], ["r", "alpha", "scale"])
    assert [axis["name"] for axis in plot["axes"]] == ["r", "alpha, log", "scale", "Accuracy"]
    assert len(plot["lines"]) == 4 and plot["lines"][-1]["strong"] and "scale = fancy" in plot["lines"][-1]["text"]
    assert [line["default"] for line in plot["lines"]].count(True) == 1
    assert "parallel-title" in client.get(PAGE).text


def test_the_same_points_as_data_and_as_a_file(lora, client):
    measured(lora, ({"r": 4}, 65), ({"r": 1, "scale": "fancy"}, 55))
    address = "/api/v1/methods/sorting/lora/sweep"
    found = client.get(address).json()
    assert found["count"] == 3 and {point["variant"] for point in found["points"]} == {
        "lora", "lora;r=4", "lora;r=1;scale=fancy"}
    assert client.get(f"{address}?over=r").json()["count"] == 2
    rows = list(csv.DictReader(io.StringIO(client.get(f"{address}?format=csv").text)))
    row = next(row for row in rows if row["variant"] == "lora;r=1;scale=fancy")
    point = next(point for point in found["points"] if point["variant"] == row["variant"])
    assert (row["param_r"], row["param_scale"], row["scale"]) == ("1", "fancy", "full"), "names do not collide"
    assert float(row["mean"]) == point["mean"] and float(row["difference"]) == point["difference"]
    for bad in ("over=odd", "setting=odd", "format=odd"):
        assert client.get(f"{address}?{bad}").status_code == 400
    assert client.get(f"{address}?bogus=1").status_code == 422


def test_stale_points_say_so_and_are_not_compared(lora, client):
    measured(lora, ({"r": 4}, 65), code="before")
    point = next(p for p in sweep_record(plan(lora))["points"] if not p["is_default"])
    assert point["stale"] and point["difference"] is None
    assert "older code" in client.get(f"{PAGE}?over=r").text


def test_the_way_there_and_methods_without_any(lora, client):
    assert PAGE in client.get(reverse("method_detail", args=["sorting", "lora"])).text
    make_method(lora.arena, "plain")
    assert client.get("/methods/sorting/plain/sweep/").status_code == 404
    assert "Only the defaults are measured" in client.get(PAGE).text


def test_the_address_is_the_sweep(lora):
    asked = urlencode([("over", "r"), ("values", "1 to 64 in 7"), ("over", "alpha"), ("values", ""),
                       ("kind", "random"), ("seeds", "3-7"), ("setting", "harsh")])
    assert plan(lora, plan(lora, asked).query) == plan(lora, asked)


def test_the_api_asks_for_several_sets(lora, admin_client):
    body = {"target": "method:sorting/lora", "seeds": "2", "variants": [{"r": 2}, {"r": 4}]}
    answer = admin_client.post("/api/v1/runs", body, content_type="application/json")
    assert answer.status_code == 202 and len(answer.json()["queued"]) == 4
    for bad in ({"target": "arena:sorting"}, {"params": {"r": 2}}):
        assert admin_client.post("/api/v1/runs", {**body, **bad}, content_type="application/json").status_code == 400
