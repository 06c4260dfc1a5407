"""Frozen tables: a state of a table kept for good under an address of its own.

A snapshot cannot be changed or deleted, only given another title; so an address once cited keeps its numbers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from evaluations.claims.record import ClaimRecord
from evaluations.claims.verdicts import claim_list
from evaluations.models import Run, Snapshot
from evaluations.runs.contestants import Contestant
from evaluations.runs.measurements import measure_contestants
from evaluations.runs.replays import RECORDED
from evaluations.snapshots.frozen import content_key, freeze, thaw
from evaluations.tables.build import TableError
from evaluations.tables.state import TableState, read_state
from evaluations.tables.table import Table
from methods.models import Arena
from papers import history

TITLE_LETTERS = 160


@transaction.atomic
def freeze_table(*, arena: Arena, state: TableState, by=None, title: str = "") -> Snapshot:
    """Keep the table as it is now. The same table frozen before is found again.

    Raises TableError for what the arena does not have and ValueError when there is nothing to keep.
    """
    table = state.build(arena)
    if not table.facts.measured:
        raise ValueError("nothing is measured in this table yet, so there is nothing to freeze")
    runs, codes = _provenance(arena, table)
    kept = {**freeze(table), "runs": runs, "codes": codes}
    claims = [] if state.scale == "smoke" else [
        ClaimRecord.of(standing).data() for standing in claim_list(arena=arena, scale=state.scale)]
    environments = _environments(run for of in runs.values() for by_seed in of.values() for run in by_seed.values())
    query = state.query(arena)
    snapshot, new = Snapshot.objects.get_or_create(
        key=content_key(arena.slug, query, kept, claims, environments),
        defaults={"title": title.strip()[:TITLE_LETTERS] or _title(table), "arena": arena.slug, "query": query,
                  "digest": table.digest, "table": kept, "claims": claims, "environments": environments,
                  "frozen_by": by})
    if new:
        history.record("froze", f"snapshot:{snapshot.key}", f"arena:{arena.slug}", by=by)
    return snapshot


def retitle_snapshot(*, key: str, title: str, by=None) -> Snapshot:
    """Give a snapshot another title, the one thing about it that may change. Raises ValueError for an empty one."""
    title = " ".join(title.split())
    if not title or len(title) > TITLE_LETTERS:
        raise ValueError(f"a title has 1 to {TITLE_LETTERS} letters")
    if Snapshot.objects.filter(pk=key).exclude(title=title).update(title=title):
        history.record("retitled", f"snapshot:{key}", by=by, words=title)
    return Snapshot.objects.get(pk=key)


def snapshot_list(arena: str = "") -> QuerySet[Snapshot]:
    """Snapshots, newest first, without their tables."""
    found = Snapshot.objects.select_related("frozen_by").defer("table", "claims", "environments")
    return found.filter(arena=arena) if arena else found


def table_of(snapshot: Snapshot) -> Table:
    return thaw(snapshot.table)


def is_intact(snapshot: Snapshot) -> bool:
    """Whether the content still has the address that was made of it."""
    return snapshot.key == content_key(snapshot.arena, snapshot.query, snapshot.table, snapshot.claims,
                                       snapshot.environments)


def state_of(snapshot: Snapshot, arena: Arena | None) -> TableState | None:
    """The state whose table was frozen; None when its arena cannot be asked any more."""
    if arena is None:
        return None
    try:
        return read_state(arena, QueryDict(snapshot.query))
    except TableError:
        return None


def codes_of(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """By method and setting, the digest of the code that the frozen scores were measured with."""
    return snapshot.table["codes"]


@dataclass(frozen=True)
class FrozenRun:
    """A score in a frozen cell, and the run it came from; `kept` when that run is still in the database."""

    seed: int
    value: float
    run: int
    kept: bool


def frozen_runs(snapshot: Snapshot, method: str, column: str) -> list[FrozenRun]:
    """The runs behind one frozen cell. Raises LookupError when there is no such cell."""
    table = table_of(snapshot)
    try:
        shown = table.column(column)
        cell = next(row.cells[column] for row in table.rows if row.method == method)
    except (KeyError, StopIteration):
        raise LookupError(f"the snapshot has no {column} of {method}") from None
    of_seed = snapshot.table["runs"].get(method, {}).get(shown.setting, {})
    kept = set(Run.objects.filter(pk__in=of_seed.values()).values_list("pk", flat=True))
    return [FrozenRun(seed, value, of_seed[str(seed)], of_seed[str(seed)] in kept)
            for seed, value in cell.by_seed.items()]


def snapshot_record(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot without its table as plain data."""
    return {"key": snapshot.key, "title": snapshot.title, "arena": snapshot.arena, "query": snapshot.query,
            "digest": snapshot.digest, "frozen_at": snapshot.frozen_at,
            "frozen_by": snapshot.frozen_by.get_username() if snapshot.frozen_by else None}


def _title(table: Table) -> str:
    return f"{table.title}, {table.subject}, {timezone.now():%Y-%m-%d}"[:TITLE_LETTERS]


def _provenance(arena: Arena, table: Table) -> tuple[dict[str, Any], dict[str, Any]]:
    """By row and setting: the run of every seed, and the digest of the code that ran."""
    methods = {method.slug: method for method in arena.methods.filter(slug__in={row.slug for row in table.rows}).only(
        "slug", "code_digest", "digests", "params")}
    contestants = {row.method: Contestant(methods[row.slug], row.params) for row in table.rows}
    found, _ = measure_contestants(contestants.values(), settings=table.facts.settings, scale=table.facts.scale)
    runs: dict[str, dict] = defaultdict(dict)
    codes: dict[str, dict] = defaultdict(dict)
    for key, each in contestants.items():
        for setting in table.facts.settings:
            if of := found.get((each.method.pk, each.params_key, setting)):
                runs[key][setting] = {str(seed): run for seed, run in of.runs.items()}
                codes[key][setting] = of.code_digest
    return dict(runs), dict(codes)


def _environments(runs: Iterable[int]) -> list[dict[str, Any]]:
    """Where the runs were measured: each environment once, with its number of runs and what it does not say."""
    counts: dict[str, int] = defaultdict(int)
    for environment, device in Run.objects.filter(pk__in=list(runs)).order_by("pk").values_list("environment",
                                                                                               "device"):
        counts[json.dumps({"device": device, **environment}, sort_keys=True)] += 1
    return [_environment(json.loads(text), count) for text, count in sorted(counts.items())]


def _environment(facts: Mapping[str, Any], count: int) -> dict[str, Any]:
    return {"facts": {name: str(value) for name, value in facts.items() if value}, "runs": count,
            "unrecorded": [name for name in RECORDED if not facts.get(name)]}
