"""Every Eval Ever, the EvalEval coalition's shared format of results (schema 0.3.0): one JSON record per method.

Records are laid out as its datastore keeps them, data/<collection>/<developer>/<model>/<uuid>.json, in one zip file.
Here a "model" is a method trained by its arena. The interval is over seeds, and so are standard error, standard
deviation and num_samples; seeds are what the schema calls samples.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from statistics import stdev
from uuid import UUID

from evaluations.tables.table import Cell, Column, Row, Table

TITLE, MEDIA_TYPE, EXTENSION = "Every Eval Ever", "application/zip", "zip"

SCHEMA_VERSION, DEVELOPER = "0.3.0", "assay"
UNITS = {"%": "percent"}
PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"


def render(table: Table) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, record in records(table).items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)),
                             json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False))
    return out.getvalue()


def records(table: Table) -> dict[str, dict]:
    """The records by file name; methods that nothing was measured of have none."""
    now = f"{time.time():.3f}"
    return {_path(table, row): _record(table, row, now) for row in table.rows
            if any(column.key in row.cells for column in table.metrics)}


def _path(table: Table, row: Row) -> str:
    digest = hashlib.sha256(f"{table.digest} {row.method}".encode()).digest()[:16]
    folder = re.sub(r"[^\w.=-]", "_", _model(table, row))
    return f"data/{table.arena}/{DEVELOPER}/{folder}/{UUID(bytes=digest, version=4)}.json"


def _model(table: Table, row: Row) -> str:
    return f"{table.arena}.{row.method}"


def _record(table: Table, row: Row, now: str) -> dict:
    model = f"{DEVELOPER}/{_model(table, row)}"
    record = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{table.file_stem}/{model}/{now}",
        "retrieved_timestamp": now,
        "source_metadata": {
            "source_name": f"Assay: {table.title}", "source_type": "evaluation_run",
            "source_organization_name": "Assay", "evaluator_relationship": "third_party",
            "additional_details": {"table_digest": table.digest, "caption": table.caption()}},
        "eval_library": {"name": DEVELOPER, "version": version(),
                         "additional_details": {"code_digest": row.code_digest}},
        "model_info": {
            "name": row.title, "id": model, "developer": DEVELOPER,
            "additional_details": {"deployment_type": "self_deployed", "model_availability": "unknown",
                                   **_strings(fidelity=row.fidelity, paper_year=row.year, baseline=row.is_baseline,
                                              own_hyperparameters=row.own)}},
        "evaluation_results": [_result(table, column, row.cells[column.key]) for column in table.metrics
                               if column.key in row.cells]}
    if table.facts.last:
        record["evaluation_timestamp"] = table.facts.last.isoformat()
    return record


def _result(table: Table, column: Column, cell: Cell) -> dict:
    metric = column.key.partition("@")[0]
    lower = column.better == "lower"
    config = {
        "metric_id": f"{table.arena}.{metric}", "metric_name": column.metric, "lower_is_better": lower,
        "score_type": "continuous", "min_score": column.ceiling if lower else None,
        "max_score": None if lower else column.ceiling}
    config |= _present(evaluation_description=column.help, metric_unit=UNITS.get(column.unit, column.unit))
    if column.chance is not None:
        config["additional_details"] = {"chance": repr(column.chance)}
    return {
        "evaluation_result_id": f"{table.arena}/{column.setting}/{table.facts.scale}/{metric}",
        "evaluation_name": f"{table.arena}/{column.setting}",
        "source_data": {"dataset_name": f"{table.title}, setting {column.setting}", "source_type": "other",
                        "additional_details": {"setting": column.setting, "scale": table.facts.scale}},
        "metric_config": config, "score_details": _score(cell)}


def _score(cell: Cell) -> dict:
    values = list(cell.by_seed.values())
    details = {"score": cell.mean, "details": _strings(
        aggregation="mean over seeds", scores_by_seed=json.dumps({str(s): v for s, v in cell.by_seed.items()}),
        tier=cell.tier, measured_with_older_code=cell.stale or None)}
    if len(values) > 1:
        deviation = stdev(values)
        details["uncertainty"] = {
            "standard_error": {"value": deviation / len(values) ** 0.5, "method": "analytic, over seeds"},
            "confidence_interval": {"lower": cell.low, "upper": cell.high, "confidence_level": 0.95,
                                    "method": "Student's t over seeds"},
            "standard_deviation": deviation, "num_samples": len(values)}
    return details


def _present(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _strings(**values) -> dict[str, str]:
    """The schema's free fields hold text only."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in values.items() if value not in (None, "")}


@cache
def version() -> str:
    """This program's version, as its project file says it."""
    if not PROJECT.exists():
        return "unknown"
    return tomllib.loads(PROJECT.read_text())["project"]["version"]
