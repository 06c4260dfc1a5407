"""The comparison table itself: rows, columns and cells, and the two forms they take.

`Table.records()` with `Table.fields` is the one flat form of full precision that every rendering is made from;
`Table.lines()` is those records as people read them, rounded by one rule.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from evaluations.arithmetic import rounding
from evaluations.arithmetic.statistics import ALPHA, Contrast, Standing
from evaluations.reported.beside import beside_in_words
from evaluations.runs.contestants import slug_of, written

NAMED_COLLAPSES = 4
LATER = ("_median", "_collapsed", "reported")  # fields that no digest covers
OWN = "hyperparameters"  # a field of tables with variants alone
OWN_MARK = " ‡"  # after a variant's title, where there is no column to say it
FIRST_ROWS = 10  # of a table or a plot that a page shows at once


@dataclass(frozen=True)
class Column:
    """A metric in one setting, or a cost. `better` is "higher", "lower" or, for no direction, "".

    `metric` is the metric's title, also where the column is titled by its setting.
    """

    key: str
    title: str
    kind: str  # metric or cost
    unit: str = ""
    better: str = ""
    help: str = ""
    setting: str = ""
    metric: str = ""
    chance: float | None = None
    ceiling: float | None = None
    decimals: int = 0

    @property
    def heading(self) -> str:
        arrow = {"higher": " ↑", "lower": " ↓"}.get(self.better, "")
        return f"{self.title}{f' ({self.unit})' if self.unit else ''}{arrow}"

    @property
    def subject(self) -> str:
        """The metric in running text, with its setting where columns are settings."""
        metric = self.metric[:1].lower() + self.metric[1:]
        return metric if self.title == self.metric else f"{metric} under {self.title}"


@dataclass(frozen=True)
class Cell:
    """A mean over seeds. `difference` is method minus the one compared with (the table's `against`) in the metric's
    unit, p Holm-corrected in the column."""

    mean: float
    low: float | None
    high: float | None
    n: int
    by_seed: Mapping[int, float]
    stale: bool = False
    standing: Standing | None = None
    difference: Contrast | None = None
    collapsed: tuple[int, ...] = ()  # seeds at which the method learned nothing

    @property
    def median(self) -> float:
        """Over the seeds: what a few collapsed ones do not drag along."""
        return float(np.median(list(self.by_seed.values())))

    @property
    def tier(self) -> int | None:
        return self.standing.tier if self.standing else None

    @property
    def half_width(self) -> float | None:
        """Of the interval; None where there is one seed."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Row:
    """A method with what was measured of it, by column key; a column without a score has no cell.

    A variant has hyperparameters of a reader's own in `params`; its `method` is then a key such as `lora;r=2`.
    """

    method: str
    title: str
    year: int | None
    fidelity: str
    is_baseline: bool
    code_digest: str
    cells: Mapping[str, Cell]
    missing: tuple[int, ...] = ()  # seeds that others have and this method lacks
    failed: int = 0
    active: int = 0
    reported: tuple[Mapping[str, Any], ...] = ()  # what its papers report of these metrics: quoted, never ranked
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Of the method whose row or variant this is."""
        return slug_of(self.method)

    @property
    def own(self) -> str:
        """Its hyperparameters in words; empty for the method as its paper has it."""
        return ", ".join(f"{name} = {written(value)}" for name, value in self.params.items())


@dataclass(frozen=True)
class Facts:
    """What a caption says of the measurements behind a table."""

    scale: str
    settings: tuple[str, ...]
    seeds: tuple[int, ...]
    first: datetime | None
    last: datetime | None
    machines: tuple[str, ...]
    origins: tuple[str, ...]
    measured: int
    missing: int
    failed: int
    active: int
    stale: int


@dataclass(frozen=True)
class Field:
    """One column of the flat form: a name, a heading and a Python type."""

    name: str
    title: str
    type: type


class Tabular(Protocol):
    """What flat files are made of: a comparison table, or the claim ledger."""

    @property
    def arena(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def file_stem(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def fields(self) -> tuple[Field, ...]: ...
    def records(self) -> list[dict[str, Any]]: ...
    def caption(self) -> str: ...


@dataclass(frozen=True)
class TextCell:
    """A cell as people read it, made from a record by the shared rounding rule.

    `best` marks the first tier, and a difference to the baseline that is beyond doubt (Holm-adjusted p <= 0.05).
    """

    key: str
    text: str
    record: Mapping[str, Any] = field(repr=False)
    best: bool = False
    stale: bool = False
    n: int | None = None
    tier: int | None = None
    collapsed: int = 0
    median: str = ""

    @property
    def amount(self) -> str:
        return self.text.partition(" ± ")[0]

    @property
    def spread(self) -> str:
        return self.text.partition(" ± ")[2]


@dataclass(frozen=True)
class Table:
    arena: str
    title: str
    question: str
    subject: str  # which setting, or which metric across settings
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    facts: Facts
    baseline: str
    differences: bool = False
    against: str = ""  # the method that differences are to
    narrowed: str = ""  # which of the methods the rows are, in words; tiers and ranks are those among all

    @property
    def metrics(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.kind == "metric")

    @property
    def primary(self) -> Column:
        return self.metrics[0]

    @property
    def variants(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.params)

    def column(self, key: str) -> Column:
        """Raises KeyError for an unknown key."""
        return {column.key: column for column in self.columns}[key]

    def values(self, key: str) -> dict[str, Mapping[int, float]]:
        """Present-code scores by method and seed."""
        return {row.method: row.cells[key].by_seed for row in self.rows
                if key in row.cells and not row.cells[key].stale}

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        found = [Field("method", "Method", str), Field("title", "Title", str), Field("year", "Year", int),
                 Field("fidelity", "Fidelity", str), Field("baseline", "Is the baseline", bool),
                 Field("scale", "Scale", str), Field("setting", "Setting", str)]
        for column in self.columns:
            found.append(Field(column.key, column.title, float))
            if column.kind == "cost":
                continue
            parts = [("low", "95 % low", float), ("high", "95 % high", float), ("n", "seeds", int),
                     ("tier", "tier", int), ("best_rank", "best rank", int), ("worst_rank", "worst rank", int),
                     ("stale", "stale", bool), ("median", "median", float), ("collapsed", "collapsed seeds", int)]
            if self.differences:
                parts += [("difference", f"difference to {self._compared_with}", float),
                          ("difference_low", "95 % low", float), ("difference_high", "95 % high", float),
                          ("difference_n", "common seeds", int), ("difference_p", "p (Holm)", float)]
            found += [Field(f"{column.key}_{part}", f"{column.title}: {title}", type_) for part, title, type_ in parts]
        found += [Field("missing", "Missing seeds", int), Field("failed", "Failed seeds", int),
                  Field("code_digest", "Code digest", str)]
        if any(row.reported for row in self.rows):
            found.append(Field("reported", "Reported by its papers, not measured", str))
        if self.variants:
            found.insert(2, Field(OWN, "Own hyperparameters", str))
        return tuple(found)

    def records(self) -> list[dict[str, Any]]:
        """One flat dictionary per row, full precision, None for what was not measured; the keys are `fields`."""
        return [self.record(row) for row in self.rows]

    @cached_property
    def digest(self) -> str:
        """A hash of every number, name and version in the table, whatever its order; of what follows from the scores by
        seed, only what was always there, so that a table frozen earlier keeps its digest."""
        names = [f.name for f in self.fields if not f.name.endswith(LATER)]
        records = sorted(({name: record[name] for name in names} for record in self.records()),
                         key=lambda record: record["method"])
        seeds = sorted([row.method, key, sorted(cell.by_seed.items())] for row in self.rows
                       for key, cell in row.cells.items())
        text = json.dumps([self.arena, names, records, seeds], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @staticmethod
    def label(record: Mapping[str, Any]) -> str:
        """A row's title as people read it, a variant's marked."""
        return record["title"] + (OWN_MARK if record.get(OWN) else "")

    def headings(self) -> list[tuple[str, str]]:
        """Key and heading of the columns people read."""
        return [("title", "Method"), *((key, heading) for column in self.columns
                                       for key, heading in self._headings(column))]

    def first_rows(self) -> list[Row]:
        """As many as a page shows at once, the one that others are compared with, and the variants asked for."""
        return [row for place, row in enumerate(self.rows)
                if place < FIRST_ROWS or row.params or row.method in (self.baseline, self.against)]

    def lines(self, records: Sequence[Mapping[str, Any]] | None = None) -> list[list[TextCell]]:
        """What people read, row by row: the same records, all or the given ones, rounded."""
        return [[cell for column in self.columns for cell in self._text_cells(column, record)]
                for record in (self.records() if records is None else records)]

    @property
    def file_stem(self) -> str:
        """A name for files: arena, setting and scale."""
        setting = self.facts.settings[0] if len(self.facts.settings) == 1 else "settings"
        return f"{self.arena}-{setting}-{self.facts.scale}"

    def caption(self) -> str:
        """What is averaged, over how many seeds, which test, which measurements: enough to stand alone."""
        facts = self.facts
        counts = sorted({cell.n for row in self.rows for key, cell in row.cells.items()
                         if self.column(key).kind == "metric"})
        parts = [f"{self.title}, {self.subject}, scale {facts.scale}."]
        if not counts:
            return f"{parts[0]} Nothing measured yet."
        seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        parts += [f"Mean ± 95 % t interval over {seeds} seed{'s' * (counts[-1] > 1)}.",
                  "Bold: tier 1, which Holm-corrected paired t tests on common seeds (α = 0.05; from eight methods on "
                  "with moderated variances) cannot separate from the best."]
        if self.differences:
            parts.append(f"Differences are to {self.against or self.baseline}, paired by seed, with 95 % t intervals; "
                         "bold ones are significant (Holm).")
        if self.narrowed:
            parts.append(f"{self.narrowed}; tiers and ranks are those among all.")
        if self.variants:
            parts.append(f"{OWN_MARK.strip()} {'; '.join(row.title for row in self.variants)}: hyperparameters of a "
                         "reader's choice, in place of the defaults that stand for the paper; no verdict counts these "
                         "runs.")
        if facts.stale:
            parts.append("† measured with an older version of the code, outside the tiers.")
        parts += self._collapsed()
        if facts.first and facts.last:
            days = sorted({facts.first.date().isoformat(), facts.last.date().isoformat()})
            machines = f" on {', '.join(facts.machines)}" if facts.machines else ""
            parts.append(f"Measured {' to '.join(days)}{machines}.")
        return " ".join([*parts, f"Table {self.digest[:12]}."])

    def _collapsed(self) -> list[str]:
        """Which methods learned nothing at some seeds, in the first column where any did."""
        for column in self.metrics:
            named = [(row.title, row.cells[column.key]) for row in self.rows
                     if column.key in row.cells and row.cells[column.key].collapsed]
            if named:
                said = [f"{title} {len(cell.collapsed)} of {cell.n} (median "
                        f"{rounding.number(cell.median, column.decimals)})" for title, cell in named[:NAMED_COLLAPSES]]
                more = f" and {len(named) - NAMED_COLLAPSES} more" if len(named) > NAMED_COLLAPSES else ""
                return [f"Seeds at chance level in {column.heading}: {', '.join(said)}{more}."]
        return []

    def record(self, row: Row) -> dict[str, Any]:
        """One row's flat form."""
        record: dict[str, Any] = dict.fromkeys(f.name for f in self.fields)
        record |= {"method": row.method, "title": row.title, "year": row.year, "fidelity": row.fidelity,
                   "baseline": row.is_baseline, "scale": self.facts.scale, "setting": ", ".join(self.facts.settings),
                   "missing": len(row.missing), "failed": row.failed, "code_digest": row.code_digest}
        if row.params:
            record[OWN] = row.own
        if row.reported:
            record["reported"] = "; ".join(map(beside_in_words, row.reported))
        for column in self.columns:
            key, cell = column.key, row.cells.get(column.key)
            if cell is None:
                continue
            record[key] = cell.mean
            if column.kind == "cost":
                continue
            record |= {f"{key}_low": cell.low, f"{key}_high": cell.high, f"{key}_n": cell.n,
                       f"{key}_stale": cell.stale, f"{key}_tier": cell.tier, f"{key}_median": cell.median,
                       f"{key}_collapsed": len(cell.collapsed)}
            if cell.standing:
                record |= {f"{key}_best_rank": cell.standing.best_rank, f"{key}_worst_rank": cell.standing.worst_rank}
            if self.differences and cell.difference:
                d = cell.difference
                record |= {f"{key}_difference": d.mean, f"{key}_difference_low": d.low,
                           f"{key}_difference_high": d.high, f"{key}_difference_n": d.n,
                           f"{key}_difference_p": d.p_value}
        return record

    def _headings(self, column: Column) -> list[tuple[str, str]]:
        own = [(column.key, column.heading)]
        return own + [(f"{column.key}_difference", f"vs. {self._compared_with}")] if self._differs(column) else own

    @property
    def _compared_with(self) -> str:
        return "baseline" if self.against in ("", self.baseline) else self.against

    def _differs(self, column: Column) -> bool:
        return self.differences and column.kind == "metric"

    def _text_cells(self, column: Column, record: Mapping[str, Any]) -> list[TextCell]:
        key, mean = column.key, record[column.key]
        if column.kind == "cost":
            return [TextCell(key, rounding.number(mean, column.decimals), record)]
        text = rounding.plus_minus(mean, record[f"{key}_low"], record[f"{key}_high"], column.decimals)
        tier = record[f"{key}_tier"]
        cells = [TextCell(key, text, record, tier == 1, bool(record[f"{key}_stale"]), record[f"{key}_n"], tier,
                          record[f"{key}_collapsed"] or 0, rounding.number(record[f"{key}_median"], column.decimals))]
        if self._differs(column):
            p = record[f"{key}_difference_p"]
            cells.append(TextCell(f"{key}_difference", rounding.plus_minus(
                record[f"{key}_difference"], record[f"{key}_difference_low"], record[f"{key}_difference_high"],
                column.decimals, signed=True), record, p is not None and p <= ALPHA))
        return cells
