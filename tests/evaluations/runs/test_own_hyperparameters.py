"""From runs with hyperparameters of one's own to rows of a table, and back to a form with changes."""

from __future__ import annotations

import html
import re

import pytest

from evaluations.models import Run, params_key
from evaluations.runs.services import request_runs
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db
PARAMS = [{"name": "r", "type": "int", "default": 8, "help": "rank", "low": 1, "high": 64, "choices": None},
          {"name": "kind", "type": "str", "default": "plain", "help": "which", "low": None, "high": None,
           "choices": ["plain", "fancy"]},
          {"name": "warm", "type": "bool", "default": True, "help": "start warm", "low": None, "high": None,
           "choices": None}]


@pytest.fixture
def lora(monkeypatch):
    monkeypatch.setattr("evaluations.runs.services.send_runs", lambda pks: True)
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50), "error": draws(5)})
    method = make_method(arena, "lora", params=PARAMS)
    add_runs(method, {"accuracy": draws(70), "error": draws(5)})
    return method


def test_a_request_leads_to_its_row(lora, admin_client):
    form = {"target": "method:sorting/lora", "seeds": "2", "param-r": "2", "setting": "harsh"}
    answer = admin_client.post("/runs/request/", form, headers={"HX-Request": "true"}).text
    assert "Add Lora (r = 2) to the table of Sorting" in answer
    assert 'href="/arenas/sorting/?setting=harsh&amp;scale=full&amp;variants=lora%3Br%3D2"' in answer
    table = admin_client.get("/arenas/sorting/?setting=harsh&scale=full&variants=lora%3Br%3D2")
    assert "Lora (r = 2)" in table.text
    key = Run.objects.exclude(params_key="").first().request_key
    assert "Add Lora (r = 2)" in admin_client.get(f"/runs/?request={key}").text, "without script too"
    Run.objects.exclude(params_key="").update(state=Run.DONE)
    assert "Add Lora (r = 2)" in admin_client.get(f"/runs/{Run.objects.exclude(params_key='').first().pk}/").text
    again = admin_client.post("/runs/request/", form, headers={"HX-Request": "true"}).text
    assert "2 already measured" in again and "Add Lora (r = 2) to the table" in again
    plain = admin_client.post("/runs/request/", {**form, "param-r": "8"}, headers={"HX-Request": "true"}).text
    assert "to the table of Sorting" not in plain, "the defaults are a row anyway"


def test_one_request_of_several_sets_of_values(lora):
    report = request_runs(methods=[lora], seeds=range(2), variants=[{"r": 2}, {"r": 4}, {"r": 8}, {"r": 2}])
    assert len(report.queued) == 4 and len(report.already_measured) == 2, "2 is asked for once"
    assert set(Run.objects.filter(request_key=report.key).values_list("params_key", "seed")) == {
        (params_key({"r": r}), seed) for r in (2, 4) for seed in (0, 1)}
    assert not request_runs(methods=[lora], seeds=range(2), variants=[{"r": 2}, {"r": 4}]).queued


def test_a_run_is_cloned_with_changes(lora, admin_client):
    own = {"r": 2, "kind": "fancy", "warm": False, "gone": 1}
    add_runs(lora, {"accuracy": [None, None, 60.0], "error": [None, None, 5.0]}, setting="harsh", params=own,
             params_key=params_key(own), seconds=2.0)
    run = Run.objects.exclude(params_key="").get()
    address = re.search(r'href="([^"]*)">Run again with changes', admin_client.get(f"/runs/{run.pk}/").text)[1]
    page = " ".join(admin_client.get(html.unescape(address).partition("#")[0]).text.split())
    assert 'name="param-r" value="2"' in page and "<option selected>fancy</option>" in page
    assert "<option selected>false</option>" in page and '<option value="harsh" selected>' in page
    assert 'name="seeds" value="2-2"' in page and "<details open><summary>Hyperparameters" in page
    assert "gone" not in address and "As the form stands, 1 run is missing" in page, "without `gone` it is another run"


@pytest.mark.parametrize(("form", "said"), [
    ({"seeds": "6"}, "everything is measured"), ({"seeds": "8"}, "2 runs are missing: about 9 s"),
    ({"seeds": "3", "param-r": "2"}, "3 runs are missing"), ({"seeds": "3", "param-r": "8"}, "everything is measured"),
    ({"setting": "harsh", "seeds": "0-1"}, "2 runs are missing"), ({"seeds": "many"}, "seeds must be"),
    ({"param-r": "99"}, "r must be a whole number from 1 to 64"), ({"target": "method:sorting/none"}, "no method")])
def test_the_estimate_follows_the_form(lora, admin_client, client, form, said):
    fields = {"target": "method:sorting/lora", "setting": "default", "scale": "full", "seeds": "10", **form}
    fragment = admin_client.post("/runs/estimate/", fields, headers={"HX-Request": "true"}).text
    assert said in fragment and "<html" not in fragment
    page = admin_client.post("/runs/estimate/", fields).text
    assert said in page and ("must be" in said or "no method" in said) == ('action="/runs/request/"' not in page)
    assert not Run.objects.filter(state=Run.QUEUED).exists(), "it asks for nothing"


def test_the_estimate_is_for_those_who_may_run(client, lora):
    assert client.post("/runs/estimate/", {"target": "method:sorting/lora"}).status_code == 302
