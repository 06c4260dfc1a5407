"""What changed between a frozen table and the same table today."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import variance
from typing import Any

from evaluations.arithmetic import rounding
from evaluations.arithmetic.statistics import BySeed, mean_interval, paired_contrast, t_critical
from evaluations.claims.record import ClaimRecord
from evaluations.claims.verdicts import NOT_MEASURED, claim_list
from evaluations.models import Snapshot
from evaluations.snapshots.services import table_of
from evaluations.tables.state import TableState
from evaluations.tables.table import Cell, Column, Row, Table
from methods.models import Arena

SAME, REMEASURED, OTHER_SEEDS, NOTHING_SHARED = "same scores", "measured again", "other seeds", "no seed in common"


@dataclass(frozen=True)
class Move:
    """How far a mean moved: today's minus the frozen one, with its 95 % interval where the data give one.

    Measured again: the scores of common seeds differ, and the interval is that of their paired differences.
    Other seeds: common seeds kept their scores and seeds came or went; the interval is Welch's for the two groups
    of scores, scaled by the share of the new group. No seed in common: Welch's interval of the two means.
    """

    kind: str
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class CellChange:
    """One cell then and now, as people read it."""

    method: str
    title: str
    column: Column
    then: str
    now: str
    seeds_then: int
    seeds_now: int
    tier_then: int | None
    tier_now: int | None
    move: Move
    difference: str

    @property
    def tier_changed(self) -> bool:
        return self.tier_then != self.tier_now

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero; not corrected for the number of cells."""
        low, high = self.move.low, self.move.high
        return low is not None and high is not None and (low > 0 or high < 0)


@dataclass(frozen=True)
class CodeChange:
    """A method whose code in the library is another than then; `now` is empty when it is gone."""

    method: str
    title: str
    then: str
    now: str


@dataclass(frozen=True)
class VerdictChange:
    method: str
    claim: str
    setting: str
    then: str
    now: str


@dataclass(frozen=True)
class Changes:
    """All of it. `problem` says why there is no such table today; then the rest is empty."""

    problem: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    cells: tuple[CellChange, ...] = ()
    codes: tuple[CodeChange, ...] = ()
    verdicts: tuple[VerdictChange, ...] = ()

    @property
    def moved(self) -> list[CellChange]:
        """Cells whose scores are others."""
        return [cell for cell in self.cells if cell.move.kind != SAME]

    @property
    def tiers(self) -> list[CellChange]:
        """Cells with the same scores and another tier, because others moved."""
        return [cell for cell in self.cells if cell.move.kind == SAME]

    @property
    def summary(self) -> str:
        """How much of each kind, in one sentence."""
        counts = [(len(self.added), "method added"), (len(self.removed), "method gone"),
                  (len(self.moved), "mean moved"),
                  (sum(cell.clear for cell in self.moved), "of them by more than its interval"),
                  (sum(cell.tier_changed for cell in self.cells), "tier changed"),
                  (len(self.codes), "method with other code"), (len(self.verdicts), "verdict changed")]
        return ", ".join(f"{number} {_plural(noun, number)}" for number, noun in counts if number)

    @property
    def nothing(self) -> bool:
        return not any((self.problem, self.added, self.removed, self.cells, self.codes, self.verdicts))


def changes_since(snapshot: Snapshot, arena: Arena | None, state: TableState | None) -> Changes:
    """What is different today in the table that `state` asks the arena for; the snapshot's own state."""
    if arena is None or state is None or not arena.present:
        return Changes(problem="the arena is not there any more")
    then = table_of(snapshot)
    try:
        now = state.build(arena)
    except ValueError as error:
        return Changes(problem=str(error))
    before, today = ({row.method: row for row in table.rows if row.cells} for table in (then, now))
    titles = {row.method: row.title for row in (*then.rows, *now.rows)}
    return Changes(
        added=tuple(titles[slug] for slug in today if slug not in before),
        removed=tuple(titles[slug] for slug in before if slug not in today),
        cells=tuple(_cell_changes(then, now, before, today)), codes=tuple(_code_changes(arena, before)),
        verdicts=tuple(_verdict_changes(snapshot, arena, state)))


def move(then: BySeed, now: BySeed) -> Move:
    """How the mean of scores by seed moved; see Move for the interval."""
    difference = mean_interval(list(now.values())).mean - mean_interval(list(then.values())).mean
    common = sorted(set(then) & set(now))
    if not common:
        return Move(NOTHING_SHARED, difference, *_welch(list(then.values()), list(now.values())))
    paired = [now[seed] - then[seed] for seed in common]
    if any(paired):
        contrast = paired_contrast(paired)
        return Move(REMEASURED, contrast.mean, contrast.low, contrast.high)
    came, went = [now[s] for s in now if s not in then], [then[s] for s in then if s not in now]
    if not came and not went:
        return Move(SAME, 0.0, 0.0, 0.0)
    if came and went:
        return Move(OTHER_SEEDS, difference, None, None)
    fresh, kept, sign = (came, list(then.values()), 1) if came else (went, list(now.values()), -1)
    low, high = _welch(kept, fresh)
    share = len(fresh) / (len(fresh) + len(kept))
    if low is None or high is None:
        return Move(OTHER_SEEDS, difference, None, None)
    return Move(OTHER_SEEDS, difference, *sorted((sign * share * low, sign * share * high)))


def changes_record(changes: Changes) -> dict[str, Any]:
    """The changes as plain data, ready for JSON."""
    return {
        "problem": changes.problem, "added": list(changes.added), "removed": list(changes.removed),
        "cells": [{"method": c.method, "column": c.column.key, "kind": c.move.kind, "difference": c.move.difference,
                   "low": c.move.low, "high": c.move.high, "seeds_then": c.seeds_then, "seeds_now": c.seeds_now,
                   "tier_then": c.tier_then, "tier_now": c.tier_now} for c in changes.cells],
        "codes": [vars(c) for c in changes.codes], "verdicts": [vars(v) for v in changes.verdicts]}


def _plural(noun: str, number: int) -> str:
    first, space, rest = noun.partition(" ")
    return noun if number == 1 or first == "of" else f"{first}s{space}{rest}"


def _welch(a: Sequence[float], b: Sequence[float]) -> tuple[float | None, float | None]:
    """95 % interval of mean b minus mean a, variances apart; (None, None) when a side has one value."""
    if len(a) < 2 or len(b) < 2:
        return None, None
    difference = sum(b) / len(b) - sum(a) / len(a)
    parts = variance(a) / len(a), variance(b) / len(b)
    if not sum(parts):
        return difference, difference
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / (len(b) - 1))
    half = t_critical(freedom) * math.sqrt(sum(parts))
    return difference - half, difference + half


def _cell_changes(then: Table, now: Table, before: Mapping[str, Row], today: Mapping[str, Row]) -> list[CellChange]:
    found = []
    columns = {column.key: column for column in now.metrics}
    for column in then.metrics:
        if column.key not in columns:
            continue
        places = max(column.decimals, columns[column.key].decimals)
        for slug, row in today.items():
            old, new = before[slug].cells.get(column.key) if slug in before else None, row.cells.get(column.key)
            if old and new and (moved := _changed(old, new)):
                found.append(_cell_change(row, column, old, new, moved, places))
    return found


def _changed(old: Cell, new: Cell) -> Move | None:
    moved = move(old.by_seed, new.by_seed)
    return None if moved.kind == SAME and old.tier == new.tier else moved


def _cell_change(row: Row, column: Column, old: Cell, new: Cell, moved: Move, places: int) -> CellChange:
    return CellChange(
        row.method, row.title, column, rounding.plus_minus(old.mean, old.low, old.high, places),
        rounding.plus_minus(new.mean, new.low, new.high, places), old.n, new.n, old.tier, new.tier, moved,
        rounding.plus_minus(moved.difference, moved.low, moved.high, places, signed=True))


def _code_changes(arena: Arena, before: Mapping[str, Row]) -> list[CodeChange]:
    present = dict(arena.methods.values_list("slug", "code_digest"))
    return [CodeChange(key, row.title, row.code_digest, present.get(row.slug, "")) for key, row in before.items()
            if present.get(row.slug) != row.code_digest]


def _verdict_changes(snapshot: Snapshot, arena: Arena, state: TableState) -> list[VerdictChange]:
    if state.scale == "smoke":
        return []
    records = [ClaimRecord.of(standing).data() for standing in claim_list(arena=arena, scale=state.scale)]
    today = {_claim_key(record): record["status"] for record in records}
    then = {_claim_key(record): record["status"] for record in snapshot.claims}
    words = {_claim_key(record): record.get("claim") or record["sentence"] for record in [*snapshot.claims, *records]}
    return [VerdictChange(key[0], words[key], key[-1], then.get(key, "no such claim"), today.get(key, "no such claim"))
            for key in words if then.get(key, NOT_MEASURED) != today.get(key, NOT_MEASURED)]


def _claim_key(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What the claim says, whatever the words for it."""
    return record["method"], record["kind"], record["rival"], record["metric"], record["setting"]
