"""Results as text: an arena's measured runs leave as JSON, a line each, and come back on another machine.

A file carries what its numbers may depend on (machine, versions, date, code digest), so that a loaded
score says where it was measured and goes stale the moment its method's code changes.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.dateparse import parse_datetime

from evaluations.models import Run, Score
from methods.models import Arena, Method

LOT = 2000  # runs that are stored in one transaction
FIELDS = ("setting", "scale", "seed", "params", "params_key", "code_digest", "counts", "seconds", "peak_memory_mb",
          "device")


def dump_results(arena: str, setting: str = "") -> str:
    """The arena's present-code runs with default hyperparameters, of one setting or ("") all, as JSON text."""
    runs = (Run.objects.filter(method__arena_id=arena, method__present=True, state=Run.DONE, params_key="",
                               replay_of=None)
            .exclude(scale="smoke").select_related("method").prefetch_related("scores")
            .order_by("method__slug", "setting", "scale", "seed"))
    if setting:
        runs = runs.filter(setting=setting)
    environments: list[dict] = []
    rows = []
    for run in runs:
        if run.stale:
            continue
        if run.environment not in environments:
            environments.append(run.environment)
        rows.append({"method": run.method.slug, **{name: getattr(run, name) for name in FIELDS},
                     "seconds": round(run.seconds or 0.0, 3), "peak_memory_mb": round(run.peak_memory_mb or 0.0, 1),
                     "environment": environments.index(run.environment),
                     "finished_at": run.finished_at.isoformat(timespec="seconds") if run.finished_at else None,
                     "scores": {s.metric: s.value for s in run.scores.all()}})
    head = json.dumps({"arena": arena, "environments": environments})[:-1]
    return head + ', "runs": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n"


class UnknownArena(ValueError):
    """The results are of an arena that is not here."""


@dataclass(frozen=True)
class LoadReport:
    """What came in from a results file; `skipped` runs are known already or of methods that are not here, and
    `rejects` says in words which could not be read."""

    arena: Arena
    added: int
    skipped: int
    rejects: tuple[str, ...] = ()


def load_results(text: str, *, name: str) -> LoadReport:
    """Load a results file, a lot at a time. Safe to repeat. A run in it that is damaged is left out and named.

    Raises ValueError naming the file when it is not a results file, UnknownArena when its arena is not here.
    """
    try:
        head, rows, rejects = _parse(text)
        environments = head["environments"]
        if not (isinstance(head["arena"], str) and isinstance(environments, list)):
            raise TypeError("arena must be a name and environments a list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{name}: not a results file ({type(error).__name__}: {error})") from error
    arena = Arena.objects.filter(pk=head["arena"]).first()
    if arena is None:
        raise UnknownArena(f"{name}: there is no arena {head['arena']}")
    methods = {m.slug: m for m in Method.objects.filter(arena=arena)}
    known = set(Run.objects.filter(method__arena=arena, replay_of=None, state__in=[*Run.ACTIVE, Run.DONE],
                                   setting__in={row.get("setting") for _, row in rows if isinstance(row, dict)
                                                and isinstance(row.get("setting"), str)}).values_list(
        "method__slug", "setting", "scale", "params_key", "seed", "code_digest"))
    fresh: list[Run] = []
    scores: list[dict[str, float]] = []
    skipped = 0
    for where, row in rows:
        try:
            key = (row["method"], row["setting"], row["scale"], row["params_key"], row["seed"], row["code_digest"])
            if row["method"] not in methods or key in known:
                skipped += 1
                continue
            run, measured = _run(row, methods[row["method"]], environments, name), _scores(row)
        except (KeyError, IndexError, TypeError, ValueError, ValidationError) as error:
            rejects.append(f"{where}: {_in_words(error)}")
            continue
        known.add(key)
        fresh.append(run)
        scores.append(measured)
    for start in range(0, len(fresh), LOT):
        _store(fresh[start:start + LOT], scores[start:start + LOT])
    return LoadReport(arena, len(fresh), skipped, tuple(rejects))


@transaction.atomic
def _store(runs: list[Run], scores: list[dict[str, float]]) -> None:
    made = Run.objects.bulk_create(runs)
    table = connection.ops.quote_name(Score._meta.db_table)
    with connection.cursor() as cursor:  # bulk_create makes a first start a fifth longer
        cursor.executemany(
            f"INSERT INTO {table} (run_id, metric, value) VALUES (%s, %s, %s)",
            [(run.pk, metric, value) for run, measured in zip(made, scores, strict=True)
             for metric, value in measured.items()])


def _parse(text: str) -> tuple[dict[str, Any], list[tuple[str, Any]], list[str]]:
    """Head, rows with where they stand, and what could not be read. A file that is damaged somewhere is read line by
    line, as `dump_results` writes it. Raises ValueError when not even its head can be read."""
    try:
        found = json.loads(text)
        return found, [(f"run {i}", row) for i, row in enumerate(found["runs"], 1)], []
    except json.JSONDecodeError as damage:
        first, *lines = text.split("\n")
        try:
            found = json.loads(f"{first}]}}")
        except ValueError:
            raise damage from None
    rows, rejects = [], []
    for number, line in enumerate(lines, 2):
        line = line.strip().removesuffix(",")
        if line in ("]}", ""):
            continue
        try:
            rows.append((f"line {number}", json.loads(line)))
        except ValueError as error:
            rejects.append(f"line {number}: {error}")
    if not text.rstrip().endswith("]}"):
        rejects.append(f"line {len(lines) + 1}: the end of the file is missing")
    return found, rows, rejects


def _run(row: dict[str, Any], method: Method, environments: list[dict[str, Any]], name: str) -> Run:
    """The run that a row tells of. Raises what a damaged row makes it raise."""
    environment = environments[row["environment"]]
    finished = parse_datetime(row["finished_at"])
    run = Run(method=method, state=Run.DONE, progress=1.0, environment=environment,
              cause=f"measured elsewhere and loaded from {name}", origin=name[:80], finished_at=finished,
              started_at=finished, worker=str(environment.get("processor", ""))[:120],
              **{field: row[field] for field in FIELDS})
    if not (finished and isinstance(run.params, dict) and isinstance(run.counts, dict)):
        raise ValueError("finished_at, params or counts is not what it must be")
    run.clean_fields(exclude={field.name for field in Run._meta.fields} - {*FIELDS} | {"params", "counts"})
    return run


def _scores(row: dict[str, Any]) -> dict[str, float]:
    scores = {str(metric): float(value) for metric, value in row["scores"].items()}
    if not scores or not all(map(math.isfinite, scores.values())):
        raise ValueError(f"scores must be finite numbers: {row['scores']}")
    return scores


def _in_words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{name}: {' '.join(told).removesuffix('.')}" for name, told in error.message_dict.items())
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
