"""What the runs say: the scores of one version of the code per method and setting, read in a fixed number of queries.

Scores of the present code are used when there are any. Otherwise those of the newest older version are, marked
stale; versions are never mixed. Replays repeat a run that is already counted and are left out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from evaluations.models import Run, Score
from evaluations.runs.contestants import Contestant
from methods.models import Method

COSTS = ("seconds", "peak_memory_mb")  # columns of Run; every other cost is one of its counts
# facts of a run's environment: the kept library it was measured with, and why it counts for code that it did not run
LIBRARY, CARRIED_OVER = "library", "carried over"


@dataclass
class Measurement:
    """Finished runs of one method in one setting on one version of the code."""

    code_digest: str
    stale: bool
    scores: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))  # metric -> seed -> value
    costs: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))  # cost -> seed -> amount
    runs: dict[int, int] = field(default_factory=dict)  # seed -> run
    machine_of: dict[int, str] = field(default_factory=dict)  # seed -> machine
    machines: set[str] = field(default_factory=set)
    origins: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None


@dataclass
class Pending:
    """Seeds that failed or wait, of the present code."""

    failed: set[int] = field(default_factory=set)
    active: set[int] = field(default_factory=set)


Key = tuple[int, str, str]  # method, key of its own hyperparameters, setting
COLUMNS = ("pk", "method_id", "params_key", "setting", "seed", "code_digest", "state", "finished_at")
COST_COLUMNS = (*COSTS, "origin")


def measure(methods: Iterable[Method], *, settings: Iterable[str], scale: str, metrics: Iterable[str] | None = None,
            seeds: Iterable[int] | None = None, costs: bool = True
            ) -> tuple[dict[tuple[int, str], Measurement], dict[tuple[int, str], Pending]]:
    """Of methods with their defaults, by (method's primary key, setting): what most of the site speaks of."""
    found, pending = measure_contestants([Contestant(method, {}) for method in methods], settings=settings,
                                         scale=scale, metrics=metrics, seeds=seeds, costs=costs)
    return ({(pk, setting): of for (pk, _, setting), of in found.items()},
            {(pk, setting): of for (pk, _, setting), of in pending.items()})


def measure_contestants(contestants: Iterable[Contestant], *, settings: Iterable[str], scale: str,
                        metrics: Iterable[str] | None = None, seeds: Iterable[int] | None = None, costs: bool = True
                        ) -> tuple[dict[Key, Measurement], dict[Key, Pending]]:
    """Measurements and pending seeds by (method's primary key, key of own hyperparameters, setting); two queries.

    Without `costs` only scores are read: neither what runs cost nor where and when they were measured.
    """
    contestants, settings = list(contestants), list(settings)
    keys = {(each.method.pk, each.params_key): each.method for each in contestants}
    digests = {(*key, name): method.run_digest(name, scale) for key, method in keys.items() for name in settings}
    runs = Run.objects.filter(method__in={pk for pk, _ in keys}, setting__in=settings, scale=scale,
                              params_key__in={key for _, key in keys}, replay_of=None)
    if seeds is not None:
        runs = runs.filter(seed__in=list(seeds))
    facts = {"counts_text": Cast("counts", TextField()), "facts_text": Cast("environment", TextField())}
    rows: list[Any] = list(runs.exclude(state=Run.CANCELLED).order_by("pk").annotate(
        **(facts if costs else {})).values_list(*COLUMNS, *((*COST_COLUMNS, *facts) if costs else ()), named=True))
    rows = [row for row in rows if (row.method_id, row.params_key) in keys]
    done = [row for row in rows if row.state == Run.DONE]
    chosen = _chosen_versions(done, digests)
    found: dict[Key, Measurement] = {}
    of_run: dict[int, tuple[Measurement, int]] = {}
    for row in done:
        key = _key(row)
        if row.code_digest != chosen[key]:
            continue
        if key not in found:
            found[key] = Measurement(row.code_digest, row.code_digest != digests[key])
        found[key].runs[row.seed] = row.pk
        if costs:
            _take(found[key], row)
        of_run[row.pk] = found[key], row.seed
    scores = Score.objects.filter(run__in=runs.filter(state=Run.DONE))
    if metrics is not None:
        scores = scores.filter(metric__in=list(metrics))
    for run, metric, value in scores.values_list("run_id", "metric", "value"):
        if run in of_run:
            measurement, seed = of_run[run]
            measurement.scores[metric][seed] = value
    return found, _pending(rows, digests, found)


def _chosen_versions(done, digests: dict[Key, str]) -> dict[Key, str]:
    """The code digest whose scores are shown: the present one, else that of the run finished last."""
    newest: dict[Key, tuple] = {}
    for row in done:
        key = _key(row)
        rank = (row.code_digest == digests[key], row.finished_at is not None, row.finished_at or 0, row.pk)
        if key not in newest or rank > newest[key][0]:
            newest[key] = rank, row.code_digest
    return {key: digest for key, (_, digest) in newest.items()}


def _key(row) -> Key:
    return row.method_id, row.params_key, row.setting


@lru_cache(maxsize=2048)
def _parsed(text: str) -> dict[str, Any]:
    """Many runs have the same facts; nobody may change what this returns."""
    return json.loads(text)


def _take(measurement: Measurement, row) -> None:
    amounts = {name: getattr(row, name) for name in COSTS} | _parsed(row.counts_text)
    for name, amount in amounts.items():
        if amount is not None:
            measurement.costs[name][row.seed] = amount
    facts = _parsed(row.facts_text)
    if machine := facts.get("device") or facts.get("processor"):
        measurement.machines.add(machine)
        measurement.machine_of[row.seed] = machine
    if row.origin:
        measurement.origins.add(row.origin)
    if row.finished_at:
        measurement.first = min(measurement.first or row.finished_at, row.finished_at)
        measurement.last = max(measurement.last or row.finished_at, row.finished_at)


def _pending(rows, digests: dict[Key, str], found: dict[Key, Measurement]) -> dict[Key, Pending]:
    pending: dict[Key, Pending] = defaultdict(Pending)
    for row in rows:
        key = _key(row)
        measured = key in found and not found[key].stale and row.seed in found[key].runs
        if row.state == Run.DONE or row.code_digest != digests[key] or measured:
            continue
        (pending[key].failed if row.state == Run.FAILED else pending[key].active).add(row.seed)
    for of in pending.values():
        of.failed -= of.active  # a retry is under way
    return dict(pending)
