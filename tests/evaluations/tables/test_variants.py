"""Hyperparameters of one's own as rows: in the address, on the page, in the API and in every file, and marked there."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.http import QueryDict

from evaluations.models import Run, params_key
from evaluations.runs.contestants import Contestant, read_contestant
from evaluations.snapshots import services
from evaluations.tables.build import TableError, build_table
from evaluations.tables.renderers.registry import formats, render
from evaluations.tables.state import read_state
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db

PARAMS = [{"name": "r", "type": "int", "default": 8, "help": "rank", "low": 1, "high": 64, "choices": None},
          {"name": "alpha", "type": "float", "default": 16.0, "help": "size", "low": 0.0, "high": 64.0,
           "choices": None},
          {"name": "kind", "type": "str", "default": "plain", "help": "which", "low": None, "high": None,
           "choices": ["plain", "fancy"]}]


def own_runs(method, params, mean, **fields):
    add_runs(method, {"accuracy": draws(mean, seed=7), "error": draws(5, seed=7)}, params=params,
             params_key=params_key(params), **fields)


@pytest.fixture
def arena():
    arena = make_arena()
    for i, (slug, mean) in enumerate([("plain", 50), ("lora", 70), ("vera", 65)]):
        add_runs(make_method(arena, slug, params=PARAMS, fidelity="core"),
                 {"accuracy": draws(mean, seed=i), "error": draws(5, seed=i)})
    own_runs(arena.methods.get(slug="lora"), {"r": 2}, 60)
    return arena


def state(arena, address):
    return read_state(arena, QueryDict(address))


def test_a_variant_is_a_row_among_the_others(arena):
    table = state(arena, "variants=lora;r=2&vs=lora").build(arena)
    row = next(row for row in table.rows if row.params)
    assert (row.method, row.title, row.slug, row.own) == ("lora;r=2", "Lora (r = 2)", "lora", "r = 2")
    cell = row.cells["accuracy"]
    assert cell.tier == 3 and cell.difference.mean == pytest.approx(
        cell.mean - next(row for row in table.rows if row.method == "lora").cells["accuracy"].mean)
    assert "‡ Lora (r = 2): hyperparameters of a reader's choice" in table.caption()
    assert not build_table(arena).variants and table.facts.missing == 0, "seeds of one's own are not missing elsewhere"
    alone = state(arena, "methods=lora&variants=lora;r=2").build(arena)
    assert {row.method for row in alone.rows} == {"lora", "lora;r=2"}


@pytest.mark.parametrize(("key", "said"), [
    ("none;r=2", "has no method none"), ("lora;rank=2", "no hyperparameter rank"), ("lora;r=65", "r must be a whole"),
    ("lora;r=two", "r must be"), ("lora;kind=odd", "kind must be one of"), ("lora;r", "is not written"),
    ("lora", "no value other than the defaults"), ("lora;r=8", "no value other than the defaults"),
    ("lora;r=2;r=3", "is not written")])
def test_what_a_method_has_not_is_refused_in_words(arena, client, key, said):
    with pytest.raises(TableError, match=said):
        state(arena, f"variants={key}")
    assert client.get("/api/v1/arenas/sorting/table", {"variants": key}).status_code == 400
    page = client.get("/arenas/sorting/", {"variants": key})
    assert page.status_code == 400 and "There is no such table" in page.text


def test_a_key_is_one_however_it_is_written(arena):
    lora = arena.methods.get(slug="lora")
    assert state(arena, "variants=lora;alpha=4.0;r=2&variants=lora;r=2;alpha=4;kind=plain").variants == (
        "lora;r=2;alpha=4",)
    for params in ({"r": 2}, {"alpha": 0.1 + 0.2, "kind": "fancy"}):
        assert read_contestant(lora, Contestant(lora, params).key).params == params
    assert Contestant(lora, {"note": "a;b=%3B"}).key == "lora;note=a%3Bb=%253B", "no value can end a key"


def test_the_page_shows_marks_and_removes_it(arena, client):
    text = client.get("/arenas/sorting/?variants=lora;r=2&sort=title").text
    assert "Lora (r = 2)" in text and "own hyperparameters" in text and "remove" in text
    assert 'href="?sort=title">remove' in text, "removing keeps the rest of the state"
    assert "variants=lora%3Br%3D2" in text, "the downloads have it too"
    cell = client.get("/arenas/sorting/cells/lora/?variant=lora%3Br%3D2&column=accuracy")
    runs = set(Run.objects.exclude(params_key="").values_list("pk", flat=True))
    assert all(f"/runs/{pk}/" in cell.text for pk in runs) and "Lora (r = 2)" in cell.text
    data = client.get("/api/v1/arenas/sorting/cells/lora", {"variant": "lora;r=2", "column": "accuracy"}).json()
    assert {row["run"] for row in data["runs"]} == runs and data["params"] == {"r": 2}
    assert client.get("/arenas/sorting/cells/vera/?variant=lora%3Br%3D2").status_code == 404


@pytest.mark.parametrize("name", sorted(formats()))
def test_every_file_has_and_marks_it(arena, client, name):
    answer = client.get("/api/v1/arenas/sorting/table", {"variants": "lora;r=2", "methods": "lora", "format": name})
    assert answer.status_code == 200
    if name in ("csv", "latex", "markdown", "model_index"):
        said = {"csv": "r = 2", "latex": r"Lora (r = 2) $^{\ddagger}$ &", "markdown": "Lora (r = 2) ‡",
                "model_index": 'own_hyperparameters: "r = 2"'}[name]
        assert said in answer.text
    elif name == "json":
        assert answer.json()["variants"] == {"lora;r=2": {"method": "lora", "params": {"r": 2}}}
        assert [record["hyperparameters"] for record in answer.json()["records"]] == [None, "r = 2"]
    elif name == "every_eval_ever":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            records = [json.loads(archive.read(each)) for each in archive.namelist()]
            assert not any(set(each) & set(';:*?"') for each in archive.namelist()), "names that every disk can hold"
        assert {r["model_info"]["additional_details"].get("own_hyperparameters") for r in records} == {None, "r = 2"}


def test_without_variants_nothing_is_different(arena):
    """Neither a digest nor what a frozen table is made of."""
    table = build_table(arena)
    document = json.loads(render(table, "json")[0])
    assert "variants" not in document and "hyperparameters" not in {f["name"] for f in document["fields"]}
    assert all("params" not in row for row in services.freeze(table)["rows"])
    assert table.digest != state(arena, "variants=lora;r=2").build(arena).digest


def test_a_frozen_table_keeps_it(arena, client):
    snapshot = services.freeze_table(arena=arena, state=state(arena, "variants=lora;r=2"))
    thawed = services.table_of(snapshot)
    assert thawed.variants[0].params == {"r": 2} and services.is_intact(snapshot)
    page = client.get(f"/snapshots/{snapshot.key}/").text
    assert "Lora (r = 2)" in page and "The code behind" not in page
    runs = services.frozen_runs(snapshot, "lora;r=2", "accuracy")
    assert {each.run for each in runs} == set(Run.objects.exclude(params_key="").values_list("pk", flat=True))
    cell = client.get(f"/snapshots/{snapshot.key}/cells/lora/?variant=lora%3Br%3D2&column=accuracy")
    assert cell.status_code == 200 and "Lora (r = 2)" in cell.text


def test_statistics_take_it_as_a_contestant(arena, client):
    found = client.get("/api/v1/arenas/sorting/statistics", {"variants": "lora;r=2"}).json()
    assert "lora;r=2" in json.dumps(found)
    assert client.get("/arenas/sorting/statistics/?variants=lora%3Br%3D2").text.count("Lora (r = 2)") > 1


def test_a_comparison_is_asked_for_it_by_address(arena, client):
    record = client.get("/api/v1/compare", {"method": ["sorting/lora", "sorting/lora;r=2", "sorting/lora;q=1"]}).json()
    assert [each["name"] for each in record["contestants"]] == ["Lora", "Lora (r = 2)"]
    assert record["arenas"][0]["scores"][0]["cells"][1]["verdict"] == "worse"
    assert any("no hyperparameter q" in note for note in record["notes"])


def test_the_chooser_offers_what_has_runs_here(arena, client):
    vera = arena.methods.get(slug="vera")
    own_runs(vera, {"r": 3}, 50, setting="harsh")
    own_runs(vera, {"gone": 1}, 50)
    text = client.get("/arenas/sorting/").text
    assert 'name="variants" value="lora;r=2" >' in text and "vera;r=3" not in text and "gone" not in text
    assert 'value="lora;r=2" checked' in client.get("/arenas/sorting/?variants=lora;r=2").text
    everywhere = client.get("/arenas/sorting/?view=settings&variants=lora;r=4").text
    assert 'value="vera;r=3" >' in everywhere, "all settings stand side by side"
    assert 'value="lora;r=4" checked' in everywhere, "what the address asks for stays ticked, measured or not"
