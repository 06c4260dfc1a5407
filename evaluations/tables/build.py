"""The comparison table: one object behind the page, the plots, the API and every file format.

A row is a method, or one with hyperparameters of a reader's own (a variant); a cell is the mean over its seeds with a
95 % interval. Tiers, ranks and differences are computed for exactly the rows of the table, from present-code scores
only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluations.arithmetic import rounding, statistics
from evaluations.arithmetic.contrasts import contrasts_to
from evaluations.reported.beside import reported_beside
from evaluations.runs.contestants import MOST_VARIANTS, Contestant, read_contestant, slug_of
from evaluations.runs.measurements import Measurement, Pending, measure_contestants
from evaluations.tables.table import Cell, Column, Facts, Row, Table
from methods.models import Arena, Method, chance_level

COSTS = {
    "seconds": ("Time", "s", "mean time of a run: processor time on a CPU, wall time on a GPU"),
    "parameters": ("Parameters", "", "trainable parameters"),
    "gradients": ("Gradients", "", "gradient evaluations on a batch"),
    "peak_memory_mb": ("Memory", "MB", "peak memory of a run"),
}


class TableError(ValueError):
    """The table asked for cannot be built; the message says what there is instead."""


def build_table(arena: Arena, *, setting: str | None = None, scale: str = "full",
                methods: Sequence[str] | None = None, metrics: Sequence[str] | None = None,
                seeds: Iterable[int] | None = None, sort: str | None = None, differences: bool = False,
                against: str = "", variants: Sequence[str] = ()) -> Table:
    """Methods × metrics and costs of one setting; differences are to the method `against`, the baseline if none is.

    `variants` are further rows by key (`lora;r=2`). `sort` is a column key, "title" or "year", with "-" in front for
    descending; otherwise best first on the first metric. Rows without the value come last. Raises TableError for
    unknown names.
    """
    setting = setting or arena.settings[0]["name"]
    _check(arena, [setting], scale)
    columns = [_metric_column(arena, name, key=name, setting=setting) for name in metrics or
               [metric["name"] for metric in arena.metrics]]
    return _build(Wanted(arena, f"setting {setting}", columns, scale, methods, seeds, sort, differences, against,
                         variants, costs=True))


def build_settings_table(arena: Arena, *, scale: str = "full", metric: str | None = None,
                         settings: Sequence[str] | None = None, methods: Sequence[str] | None = None,
                         seeds: Iterable[int] | None = None, sort: str | None = None, differences: bool = False,
                         against: str = "", variants: Sequence[str] = ()) -> Table:
    """Methods × settings of one metric, side by side; every setting has tiers of its own."""
    names = list(settings or [setting["name"] for setting in arena.settings])
    _check(arena, names, scale)
    metric = metric or arena.primary_metric["name"]
    columns = [replace(_metric_column(arena, metric, key=f"{metric}@{name}", setting=name), title=name)
               for name in names]
    subject = f"{arena.metric(metric)['title'].lower()} in {len(names)} settings"
    return _build(Wanted(arena, subject, columns, scale, methods, seeds, sort, differences, against, variants))


@dataclass(frozen=True)
class Wanted:
    """A table that is asked for; `methods` are slugs, None for all that are present."""

    arena: Arena
    subject: str
    columns: Sequence[Column]
    scale: str
    methods: Sequence[str] | None
    seeds: Iterable[int] | None
    sort: str | None
    differences: bool
    against: str
    variants: Sequence[str]
    costs: bool = False


def _build(wanted: Wanted) -> Table:
    arena, columns = wanted.arena, list(wanted.columns)
    methods = _methods(arena, wanted.methods)
    contestants = [*(Contestant(method, {}) for method in methods), *variants_named(arena, wanted.variants)]
    against = wanted.against or arena.baseline
    if wanted.against and wanted.against not in {each.key for each in contestants}:
        raise TableError(f"differences cannot be to {wanted.against}: it is not among the methods of this table")
    settings = list(dict.fromkeys(column.setting for column in columns))
    names = {column.key: column.key.partition("@")[0] for column in columns}
    found, waiting = measure_contestants(contestants, settings=settings, scale=wanted.scale,
                                         metrics=set(names.values()), seeds=wanted.seeds)
    key_of = {(each.method.pk, each.params_key): each.key for each in contestants}
    measured = {(key_of[pk, own], setting): of for (pk, own, setting), of in found.items()}
    pending = {(key_of[pk, own], setting): of for (pk, own, setting), of in waiting.items()}
    cells = {each.key: _cells(each.key, columns, names, measured) for each in contestants}
    for column in columns:
        cells = _compared(cells, column, against)
    if wanted.costs:
        costs, cost_cells = _costs(measured, settings[0], {key for row in cells.values() for key in row})
        columns += costs
        cells = {key: row | cost_cells.get(key, {}) for key, row in cells.items()}
    columns = [_rounded(column, cells) for column in columns]
    rows = _rows(arena, contestants, settings, cells, measured, pending)
    beside = reported_beside(methods)
    if beside:
        shown = set(names.values())
        by_slug = {method.slug: [of for of in beside.get(method.pk, ()) if of["metric"] in shown] for method in methods}
        rows = [replace(row, reported=tuple(by_slug.get(row.method, ()))) for row in rows]
    return Table(arena.slug, arena.title, arena.question, wanted.subject, tuple(columns),
                 _sorted(rows, columns, wanted.sort), _facts(wanted.scale, settings, rows, measured), arena.baseline,
                 wanted.differences, against)


def _check(arena: Arena, settings: Sequence[str], scale: str) -> None:
    known = [setting["name"] for setting in arena.settings]
    for name in settings:
        if name not in known:
            raise TableError(f"{arena.slug} has no setting {name}; it has {', '.join(known)}")
    if scale not in arena.scales:
        raise TableError(f"{arena.slug} has no scale {scale}; it has {', '.join(arena.scales)}")


def _metric_column(arena: Arena, name: str, *, key: str, setting: str) -> Column:
    try:
        m = arena.metric(name)
    except KeyError:
        known = ", ".join(metric["name"] for metric in arena.metrics)
        raise TableError(f"{arena.slug} has no metric {name}; it has {known}") from None
    return Column(key, m["title"], "metric", m["unit"], m["better"], m["help"], setting, m["title"],
                  chance_level(m, setting), m["ceiling"])


def _methods(arena: Arena, slugs: Sequence[str] | None) -> list[Method]:
    methods = arena.methods.only(
        "slug", "title", "year", "fidelity", "code_digest", "digests", "arena_id").order_by("title")
    if slugs is None:
        return list(methods.filter(present=True))
    found = list(methods.filter(slug__in=slugs))
    if unknown := set(slugs) - {method.slug for method in found}:
        raise TableError(f"{arena.slug} has no method {', '.join(sorted(unknown))}")
    return found


def variants_named(arena: Arena, keys: Sequence[str]) -> list[Contestant]:
    """Rows with hyperparameters of one's own, each once. Raises TableError for a name or a value that there is not."""
    if len(keys) > MOST_VARIANTS:
        raise TableError(f"a table has at most {MOST_VARIANTS} variants, not {len(keys)}")
    methods = {method.slug: method for method in arena.methods.only(
        "slug", "title", "year", "fidelity", "code_digest", "digests", "arena_id", "params").filter(
        slug__in={slug_of(key) for key in keys})} if keys else {}
    found: dict[str, Contestant] = {}
    for key in keys:
        if slug_of(key) not in methods:
            raise TableError(f"{arena.slug} has no method {slug_of(key)[:100]}")
        try:
            variant = read_contestant(methods[slug_of(key)], key)
        except ValueError as error:
            raise TableError(str(error)) from error
        found.setdefault(variant.key, variant)
    return list(found.values())


def _cells(key: str, columns: Sequence[Column], names: Mapping[str, str], found) -> dict[str, Cell]:
    cells = {}
    for column in columns:
        measurement = found.get((key, column.setting))
        by_seed = measurement.scores.get(names[column.key]) if measurement else None
        if by_seed:
            cell = _cell(dict(sorted(by_seed.items())), measurement.stale)
            cells[column.key] = replace(cell, collapsed=statistics.collapsed(
                cell.by_seed, column.chance, column.ceiling, column.better))
    return cells


def _cell(by_seed: Mapping[int, float], stale: bool) -> Cell:
    spread = statistics.mean_interval(list(by_seed.values()))
    return Cell(spread.mean, spread.low, spread.high, spread.n, by_seed, stale)


Cells = dict[str, dict[str, Cell]]  # by row and column


def _compared(cells: Cells, column: Column, baseline: str) -> Cells:
    """The cells with tiers and differences to one method, often the baseline, in a column; stale cells stay outside."""
    present = {slug: row[column.key] for slug, row in cells.items() if column.key in row and not row[column.key].stale}
    standings = statistics.tiers({slug: cell.by_seed for slug, cell in present.items()}, column.better)
    contrasts = contrasts_to(baseline, {slug: cell.by_seed for slug, cell in present.items()})
    compared = {slug: {column.key: replace(cell, standing=standings[slug], difference=contrasts.get(slug))}
                for slug, cell in present.items()}
    return {slug: row | compared.get(slug, {}) for slug, row in cells.items()}


def named_costs(counted: Collection[str]) -> list[tuple[str, str, str, str]]:
    """Name, title, unit and explanation of what was counted, known costs first."""
    names = [*(known for known in COSTS if known in counted), *sorted(set(counted) - set(COSTS))]
    return [(name, *COSTS.get(name, (name.replace("_", " ").capitalize(), "", "counted by the arena")))
            for name in names]


def _costs(measured: Mapping[tuple[str, str], Measurement], setting: str, taken: Collection[str]
           ) -> tuple[list[Column], Cells]:
    """Columns of what was counted, known costs first, with their cells; a metric's name wins over a counter's."""
    by_row = {key: measurement for (key, name), measurement in measured.items() if name == setting}
    counted = {name for measurement in by_row.values() for name in measurement.costs} - set(taken)
    columns = [Column(name, title, "cost", unit, "lower" if name in COSTS else "", help_text, setting)
               for name, title, unit, help_text in named_costs(counted)]
    return columns, {key: {name: _cell(measurement.costs[name], measurement.stale) for name in
                           (column.key for column in columns) if name in measurement.costs}
                     for key, measurement in by_row.items()}


def _rounded(column: Column, cells: Mapping[str, Mapping[str, Cell]]) -> Column:
    in_column = [by_column[column.key] for by_column in cells.values() if column.key in by_column]
    widths = [cell.half_width for cell in in_column if cell.half_width is not None] if column.kind == "metric" else []
    return replace(column, decimals=rounding.decimals([cell.mean for cell in in_column], widths))


def _rows(arena: Arena, contestants: Sequence[Contestant], settings: Sequence[str], cells: Cells,
          found: Mapping[tuple[str, str], Measurement], pending: Mapping[tuple[str, str], Pending]) -> list[Row]:
    """A seed is missing that a method has with its defaults: variants are asked for with seeds of their own."""
    plain = {each.key for each in contestants if not each.params}
    seeds = {s: {seed for (key, setting), m in found.items() if setting == s and key in plain and not m.stale
                 for seed in m.runs} for s in settings}
    rows = []
    for each in contestants:
        method, key = each.method, each.key
        measured = {s: found[key, s].runs for s in settings if (key, s) in found and not found[key, s].stale}
        missing = [seed for s in settings for seed in seeds[s] if seed not in measured.get(s, ())] \
            if key in plain else []
        waits = [pending[key, s] for s in settings if (key, s) in pending]
        rows.append(Row(key, each.name, method.year, method.fidelity, key == arena.baseline,
                        method.code_digest, cells[key], tuple(sorted(missing)),
                        sum(len(p.failed) for p in waits), sum(len(p.active) for p in waits),
                        params=dict(each.params)))
    return rows


def _sorted(rows: list[Row], columns: Sequence[Column], sort: str | None) -> tuple[Row, ...]:
    if sort is None:
        sort = ("" if columns[0].better == "lower" else "-") + columns[0].key
    key, falling = sort.removeprefix("-"), sort.startswith("-")
    if key not in {"title", "year", *(column.key for column in columns)}:
        raise TableError(f"there is no column {key} to sort by")

    def value(row: Row):
        if key == "title":
            return row.title.lower()
        return row.year if key == "year" else row.cells[key].mean if key in row.cells else None

    known = sorted((row for row in rows if value(row) is not None), key=value, reverse=falling)
    return (*known, *(row for row in rows if value(row) is None))


def _facts(scale: str, settings: Sequence[str], rows: Sequence[Row], found: Mapping[Any, Measurement]) -> Facts:
    of = list(found.values())
    return Facts(
        scale, tuple(settings),
        seeds=tuple(sorted({seed for m in of for seed in m.runs})),
        first=min((m.first for m in of if m.first), default=None),
        last=max((m.last for m in of if m.last), default=None),
        machines=tuple(sorted({machine for m in of for machine in m.machines})),
        origins=tuple(sorted({origin for m in of for origin in m.origins})),
        measured=sum(bool(row.cells) for row in rows),
        missing=sum(len(row.missing) for row in rows),
        failed=sum(row.failed for row in rows),
        active=sum(row.active for row in rows),
        stale=sum(any(cell.stale for cell in row.cells.values()) for row in rows))
