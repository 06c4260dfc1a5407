"""Formats that other sites read: Every Eval Ever records and model-index blocks."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile

import pytest
import yaml
from django.core.management import CommandError, call_command
from huggingface_hub.repocard_data import model_index_to_eval_results

from evaluations.tables.build import build_settings_table, build_table
from evaluations.tables.renderers.registry import render
from tests.evaluations.simulated_runs import add_runs, make_arena, make_method

pytestmark = pytest.mark.django_db

STRINGS = {"type": dict, "values": str}
# What schema 0.3.0 of evaleval/every_eval_ever asks of the fields used here.
SCHEMA = {
    "type": dict, "closed": True,
    "required": ["schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info",
                 "eval_library", "evaluation_results"],
    "fields": {
        "schema_version": {"type": str}, "evaluation_id": {"type": str}, "evaluation_timestamp": {"type": str},
        "retrieved_timestamp": {"type": str},
        "source_metadata": {
            "type": dict, "required": ["source_type", "source_organization_name", "evaluator_relationship"],
            "fields": {"source_name": {"type": str}, "source_type": {"one_of": ["documentation", "evaluation_run"]},
                       "source_organization_name": {"type": str},
                       "evaluator_relationship": {"one_of": ["first_party", "third_party", "collaborative", "other"]},
                       "additional_details": STRINGS}},
        "eval_library": {"type": dict, "required": ["name", "version"],
                         "fields": {"name": {"type": str}, "version": {"type": str}, "additional_details": STRINGS}},
        "model_info": {
            "type": dict, "required": ["name", "id", "additional_details"],
            "fields": {"name": {"type": str}, "id": {"type": str}, "developer": {"type": str}, "additional_details": {
                "type": dict, "values": str, "required": ["deployment_type", "model_availability"], "fields": {
                    "deployment_type": {"one_of": ["self_deployed", "externally_managed", "unknown"]},
                    "model_availability": {"one_of": ["open_weights", "closed_weights", "unknown"]}}}}},
        "evaluation_results": {"type": list, "items": {
            "type": dict, "required": ["evaluation_name", "source_data", "metric_config", "score_details"],
            "fields": {
                "evaluation_result_id": {"type": str}, "evaluation_name": {"type": str},
                "source_data": {"type": dict, "required": ["dataset_name", "source_type"], "fields": {
                    "dataset_name": {"type": str}, "source_type": {"one_of": ["other"]},
                    "additional_details": STRINGS}},
                "metric_config": {
                    "type": dict, "required": ["lower_is_better", "min_score", "max_score"],  # score_type continuous
                    "fields": {"evaluation_description": {"type": str}, "metric_id": {"type": str},
                               "metric_name": {"type": str}, "metric_unit": {"type": str},
                               "lower_is_better": {"type": bool}, "score_type": {"one_of": ["continuous"]},
                               "min_score": {"type": (int, float, type(None))},
                               "max_score": {"type": (int, float, type(None))}, "additional_details": STRINGS}},
                "score_details": {"type": dict, "required": ["score"], "fields": {
                    "score": {"type": (int, float)}, "details": STRINGS,
                    "uncertainty": {"type": dict, "fields": {
                        "standard_error": {"type": dict, "required": ["value"], "fields": {
                            "value": {"type": float}, "method": {"type": str}}},
                        "confidence_interval": {"type": dict, "required": ["lower", "upper"], "fields": {
                            "lower": {"type": float}, "upper": {"type": float}, "confidence_level": {"type": float},
                            "method": {"type": str}}},
                        "standard_deviation": {"type": float}, "num_samples": {"type": int}}}}}}}}}}


def problems(value, schema, where="record") -> list[str]:
    """Where the value departs from the schema; a field the schema here does not name is one too."""
    if "one_of" in schema:
        return [] if value in schema["one_of"] else [f"{where} is {value!r}"]
    if not isinstance(value, schema["type"]):
        return [f"{where} is a {type(value).__name__}"]
    found = []
    if isinstance(value, dict):
        found += [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
        for name, each in value.items():
            inner = schema.get("fields", {}).get(name) or ({"type": schema["values"]} if "values" in schema else None)
            found += problems(each, inner, f"{where}.{name}") if inner else [f"{where} has no {name}"]
    elif isinstance(value, list):
        found += [p for i, each in enumerate(value) for p in problems(each, schema["items"], f"{where}[{i}]")]
    return found


@pytest.fixture
def arena():
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": [1, 2, 3, 4], "error": [1e-7, 2e-7, 3e-7, 5e-7]})
    add_runs(make_method(arena, "good", title='Good: "very" #1', year=2020, fidelity="core"),
             {"accuracy": [5, 6, 7, 9], "error": [1, 1, 1, 1]})
    add_runs(make_method(arena, "good-too"), {"accuracy": [5.0], "error": [1.0]})
    add_runs(make_method(arena, "old"), {"accuracy": [5.0, 6.0], "error": [1.0, 2.0]}, code="before")
    make_method(arena, "idle")
    return arena


def unzip(contents: bytes) -> dict[str, dict]:
    with zipfile.ZipFile(io.BytesIO(contents)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


@pytest.mark.parametrize("build", [build_table, build_settings_table])
def test_every_record_fits_the_schema(arena, build):
    add_runs(arena.methods.get(slug="plain"), {"accuracy": [1, 2, 3], "error": [1, 2, 3]}, setting="harsh")
    table = build(arena)
    found = unzip(render(table, "every_eval_ever")[0])
    assert len(found) == 4, "one file per measured method"
    for name, record in found.items():
        assert problems(record, SCHEMA) == []
        assert re.fullmatch(r"data/sorting/assay/[^/]+/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                            r"[0-9a-f]{12}\.json", name)
        assert name.split("/")[2:4] == record["model_info"]["id"].split("/")
        float(record["retrieved_timestamp"])


def test_the_checker_sees_what_is_wrong(arena):
    record = next(iter(unzip(render(build_table(arena), "every_eval_ever")[0]).values()))
    for break_it, said in ((lambda r: r.pop("eval_library"), "lacks eval_library"),
                           (lambda r: r["model_info"]["additional_details"].update(year=2020), "year is a int"),
                           (lambda r: r["evaluation_results"][0]["score_details"].update(score=None), "NoneType"),
                           (lambda r: r.update(extra=1), "has no extra")):
        broken = json.loads(json.dumps(record))
        break_it(broken)
        assert said in " ".join(problems(broken, SCHEMA))


def test_records_say_the_tables_numbers_with_their_uncertainty(arena):
    table = build_table(arena)
    found = {record["model_info"]["id"]: record for record in unzip(render(table, "every_eval_ever")[0]).values()}
    record = found["assay/sorting.plain"]
    accuracy, error = record["evaluation_results"]
    score = accuracy["score_details"]
    cell = next(row for row in table.rows if row.method == "plain").cells["accuracy"]
    assert score["score"] == 2.5 and json.loads(score["details"]["scores_by_seed"]) == {"0": 1, "1": 2, "2": 3, "3": 4}
    assert score["uncertainty"]["confidence_interval"] | {"method": ""} == {
        "lower": cell.low, "upper": cell.high, "confidence_level": 0.95, "method": ""}
    assert score["uncertainty"]["standard_deviation"] == pytest.approx(1.2909944)
    assert score["uncertainty"]["standard_error"]["value"] == pytest.approx(0.6454972)
    assert score["uncertainty"]["num_samples"] == 4
    assert (accuracy["metric_config"]["lower_is_better"], error["metric_config"]["lower_is_better"]) == (False, True)
    assert accuracy["metric_config"]["metric_unit"] == "percent"
    assert accuracy["metric_config"]["additional_details"] == {"chance": "10"}
    assert record["source_metadata"]["additional_details"]["table_digest"] == table.digest
    assert record["eval_library"]["version"] != "unknown"
    once = found["assay/sorting.good-too"]["evaluation_results"][0]["score_details"]
    assert "uncertainty" not in once, "one seed has none"
    old = found["assay/sorting.old"]["evaluation_results"][0]["score_details"]
    assert old["details"]["measured_with_older_code"] == "true"


@pytest.mark.parametrize("build", [build_table, build_settings_table])
def test_the_model_index_is_read_by_hugging_face_with_the_tables_numbers(arena, build):
    table = build(arena)
    read = yaml.safe_load(render(table, "model_index")[0])["model-index"]
    assert [model["name"] for model in read] == [f"sorting.{row.method}" for row in table.rows if row.cells]
    for model in read:
        name, results = model_index_to_eval_results([model])
        row = next(row for row in table.rows if f"sorting.{row.method}" == name)
        cells = [row.cells[column.key] for column in table.metrics if column.key in row.cells]
        assert [result.metric_value for result in results] == [cell.mean for cell in cells]
        assert all(isinstance(result.metric_value, float) for result in results)
        for result, cell in zip(results, cells, strict=True):
            assert result.metric_args["seeds"] == cell.n and result.dataset_config == "default"
            assert result.metric_args.get("ci95_low") == cell.low and result.metric_args.get("ci95_high") == cell.high
            assert result.metric_type in ("accuracy", "error") and result.task_type == "sorting"


def test_yaml_survives_odd_names_and_tiny_numbers(arena):
    read = yaml.safe_load(render(build_table(arena), "model_index")[0])["model-index"]
    plain = next(model for model in read if model["name"] == "sorting.plain")
    error = next(m for m in plain["results"][0]["metrics"] if m["type"] == "error")
    assert math.isclose(error["value"], 2.75e-7) and isinstance(error["args"]["ci95_low"], float)
    make_method(arena, "strange")
    arena.title = 'Yes: no, "maybe" - #3\n- 4'
    read = yaml.safe_load(render(build_table(arena), "model_index")[0])["model-index"]
    assert read[0]["results"][0]["task"]["name"] == arena.title


def test_both_are_offered_everywhere(arena, client, tmp_path):
    page = client.get("/arenas/sorting/").content.decode()
    for name, media_type in (("every_eval_ever", "application/zip"), ("model_index", "application/yaml")):
        assert f"table?format={name}" in page
        assert client.get(f"/api/arenas/sorting/table?format={name}")["Content-Type"].startswith(media_type)
    out = io.StringIO()
    call_command("table", "sorting", format="model_index", stdout=out)
    assert yaml.safe_load(out.getvalue())["model-index"]
    with pytest.raises(CommandError, match="--out"):
        call_command("table", "sorting", format="every_eval_ever")
    call_command("table", "sorting", format="every_eval_ever", out=tmp_path / "records.zip")
    assert len(unzip((tmp_path / "records.zip").read_bytes())) == 4
