"""Results as files: measured runs leave as one JSON file per arena and come back on another machine.

A file carries what its numbers may depend on (machine, versions, date, code digest), so that a loaded
score says where it was measured and goes stale the moment its method's code changes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils.dateparse import parse_datetime

from evaluations.models import Run, Score
from methods.models import Arena, Method

SHIPPED = Path(__file__).resolve().parents[1] / "shipped"
FIELDS = ("setting", "scale", "seed", "params", "params_key", "code_digest", "counts", "seconds", "peak_memory_mb",
          "device")


def dump_results(arena: str) -> str:
    """The arena's present-code runs with default hyperparameters, measured here, as JSON text."""
    runs = (Run.objects.filter(method__arena_id=arena, method__present=True, state=Run.DONE, params_key="",
                               replay_of=None)
            .exclude(scale="smoke").select_related("method").prefetch_related("scores")
            .order_by("method__slug", "setting", "scale", "seed"))
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


@dataclass(frozen=True)
class LoadReport:
    """What came in from a results file; `skipped` runs are known already or of methods that are not here."""

    arena: Arena
    added: int
    skipped: int


@transaction.atomic
def load_results(text: str, *, name: str) -> LoadReport:
    """Load a results file. Safe to repeat.

    Raises ValueError naming the file when it is not a results file or of an arena that is not here.
    """
    try:
        found = json.loads(text)
        arena = Arena.objects.get(pk=found["arena"])
        environments, rows = found["environments"], found["runs"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{name}: not a results file ({error})") from error
    except Arena.DoesNotExist:
        raise ValueError(f"{name}: there is no arena {found['arena']}") from None
    methods = {m.slug: m for m in Method.objects.filter(arena=arena)}
    known = set(Run.objects.filter(method__arena=arena, replay_of=None, state__in=[*Run.ACTIVE, Run.DONE])
                .values_list("method__slug", "setting", "scale", "params_key", "seed", "code_digest"))
    fresh: list[Run] = []
    scores: dict[int, dict] = defaultdict(dict)
    for row in rows:
        key = (row["method"], row["setting"], row["scale"], row["params_key"], row["seed"], row["code_digest"])
        if row["method"] not in methods or key in known:
            continue
        known.add(key)
        environment = environments[row["environment"]]
        finished = parse_datetime(row["finished_at"])
        scores[len(fresh)] = row["scores"]
        fresh.append(Run(
            method=methods[row["method"]], state=Run.DONE, progress=1.0, environment=environment,
            cause=f"measured elsewhere and loaded from {name}", origin=name, finished_at=finished, started_at=finished,
            worker=environment.get("processor", "")[:120], **{field: row[field] for field in FIELDS}))
    made = Run.objects.bulk_create(fresh, batch_size=500)
    Score.objects.bulk_create([Score(run=run, metric=metric, value=value)
                               for i, run in enumerate(made) for metric, value in scores[i].items()], batch_size=1000)
    return LoadReport(arena, len(made), len(rows) - len(made))
