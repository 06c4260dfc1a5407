"""The runs behind one number of a table: seed by seed, with the baseline's score at the same seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.arithmetic import rounding, statistics
from evaluations.models import Run
from evaluations.runs.contestants import Contestant, read_contestant, slug_of
from evaluations.runs.measurements import Measurement, measure_contestants
from evaluations.tables.build import COSTS, TableError
from evaluations.tables.chosen import ChosenRates, chosen_rates
from methods.models import Arena, Method

DIFFERENCE = "_difference"


@dataclass(frozen=True)
class SeedRow:
    """One seed: the run, its value, the baseline's run and value at that seed, and what replays it has."""

    seed: int
    run: int
    value: float
    text: str
    baseline_run: int | None
    baseline_text: str
    difference: float | None
    difference_text: str
    replays: tuple[int, ...]


@dataclass(frozen=True)
class CellRuns:
    """Everything one cell of a table is made of."""

    arena: Arena
    contestant: Contestant
    setting: str
    scale: str
    column: str
    title: str
    unit: str
    better: str
    summary: str
    n: int
    code_digest: str
    stale: bool
    machines: tuple[str, ...]
    origins: tuple[str, ...]
    rows: tuple[SeedRow, ...]
    is_cost: bool
    is_baseline: bool
    chosen: ChosenRates | None = None

    @property
    def method(self) -> Method:
        return self.contestant.method


def cell_runs(arena: Arena, method: Method, column: str, *, setting: str = "", scale: str = "full",
              variant: str = "") -> CellRuns:
    """The runs behind the cell of `method` in `column`, a key of the table ("accuracy", "accuracy@harsh", "seconds").
    `variant` is the key of its row where that is one with hyperparameters of a reader's own.

    Raises TableError for what the arena does not have, and where nothing was measured.
    """
    column, setting = _place(arena, column, setting)
    baseline = arena.methods.filter(slug=arena.baseline).first()
    contestant = _variant(method, variant) if variant else Contestant(method, {})
    plain = {each.pk: Contestant(each, {}) for each in (method, baseline) if each}
    found, _ = measure_contestants([contestant, *plain.values()], settings=[setting], scale=scale)
    measurement = found.get((method.pk, contestant.params_key, setting))
    values = _values(measurement, column)
    if measurement is None or not values:
        raise TableError(f"{contestant.name} has no {column} measured in {setting} at scale {scale}")
    title, unit, better, is_cost = _described(arena, column)
    is_baseline = contestant.key == arena.baseline
    theirs = found.get((baseline.pk, "", setting)) if baseline and not is_baseline and not is_cost else None
    spread = statistics.mean_interval(list(values.values()))
    places = rounding.decimals([spread.mean], [spread.half_width] if spread.half_width and not is_cost else [])
    rows = _rows(measurement, values, theirs, column, max(places, rounding.decimals(values.values())))
    summary = rounding.number(spread.mean, places) if is_cost else \
        rounding.plus_minus(spread.mean, spread.low, spread.high, places)
    return CellRuns(arena, contestant, setting, scale, column, title, unit, better, summary, spread.n,
                    measurement.code_digest, measurement.stale, tuple(sorted(measurement.machines)),
                    tuple(sorted(measurement.origins)), rows, is_cost, is_baseline,
                    chosen_rates(arena, setting, scale, measurement))


def cell_record(cell: CellRuns) -> dict[str, Any]:
    """A cell's runs as plain data, ready for JSON."""
    own = {"variant": cell.contestant.key, "params": dict(cell.contestant.params)} if cell.contestant.params else {}
    return {"arena": cell.arena.slug, "method": cell.method.slug, **own, "setting": cell.setting, "scale": cell.scale,
            "column": cell.column, "unit": cell.unit, "n": cell.n, "code_digest": cell.code_digest,
            "stale": cell.stale, "chosen_rates": cell.chosen.data() if cell.chosen else None, "runs": [
                {"seed": row.seed, "run": row.run, "value": row.value, "baseline_run": row.baseline_run,
                 "difference": row.difference, "replays": list(row.replays)} for row in cell.rows]}


def _variant(method: Method, key: str) -> Contestant:
    try:
        if slug_of(key) != method.slug:
            raise ValueError(f"{key[:100]} is no variant of {method.slug}")
        return read_contestant(method, key)
    except ValueError as error:
        raise TableError(str(error)) from error


def _place(arena: Arena, column: str, setting: str) -> tuple[str, str]:
    """The metric or cost and the setting that a column's key stands for."""
    column, _, named = column.partition("@")
    setting = named or setting or arena.settings[0]["name"]
    if setting not in {each["name"] for each in arena.settings}:
        raise TableError(f"{arena.slug} has no setting {setting}")
    names = {metric["name"] for metric in arena.metrics}
    if column not in names and column.removesuffix(DIFFERENCE) in names:
        column = column.removesuffix(DIFFERENCE)
    return column, setting


def _values(measurement: Measurement | None, column: str) -> Mapping[int, float]:
    if measurement is None:
        return {}
    return dict(sorted((measurement.scores.get(column) or measurement.costs.get(column) or {}).items()))


def _described(arena: Arena, column: str) -> tuple[str, str, str, bool]:
    """Title, unit, direction, and whether it is a cost."""
    try:
        metric = arena.metric(column)
    except KeyError:
        title, unit, _ = COSTS.get(column, (column.replace("_", " ").capitalize(), "", ""))
        return title, unit, "", True
    return metric["title"], metric["unit"], metric["better"], False


def _rows(measurement: Measurement, values: Mapping[int, float], theirs: Measurement | None, column: str,
          places: int) -> tuple[SeedRow, ...]:
    others = _values(theirs, column) if theirs and not theirs.stale and not measurement.stale else {}
    replays = defaultdict(list)
    for run, replay in Run.objects.filter(replay_of__in=measurement.runs.values(), state=Run.DONE).order_by(
            "pk").values_list("replay_of", "pk"):
        replays[run].append(replay)
    rows = []
    for seed, value in values.items():
        run, other = measurement.runs[seed], others.get(seed)
        difference = None if other is None else value - other
        rows.append(SeedRow(
            seed, run, value, rounding.number(value, places),
            theirs.runs[seed] if theirs and other is not None else None,
            rounding.number(other, places), difference, rounding.number(difference, places, signed=True),
            tuple(replays[run])))
    return tuple(rows)
