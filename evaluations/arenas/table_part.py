"""The part of an arena's page that sorting and narrowing renew: the downloads, and the table as people read it.

The whole table is kept per state without its narrowing, since tiers take all pairs of methods and a letter typed into
the filter takes only a pass over the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from evaluations.claims.verdicts import claim_list
from evaluations.models import Run, Verdict
from evaluations.runs.replays import BADGES, CLOSE, EQUAL, comparison_of
from evaluations.runs.stamps import kept, stamp_of
from evaluations.tables.renderers.registry import formats
from evaluations.tables.state import TableState, default_state
from evaluations.tables.table import Column, Row, Table
from methods.models import Arena, PaperLink
from methods.selectors import FIDELITIES
from papers.bibliography.responses import menu

REPLAYS = 40  # the newest ones, looked at for marks


@dataclass(frozen=True)
class Mark:
    """What a row says beside its numbers: its paper, its claims' verdicts, whether its numbers came back."""

    paper: int | None = None
    paper_title: str = ""
    confirmed: int = 0
    refuted: int = 0
    replayed: str = ""
    replay_badge: str = ""
    without: str | None = None  # the table's state without this variant


@dataclass(frozen=True)
class Shown:
    """The columns of a page: those that differ, and in one line each what is the same in every row."""

    keys: frozenset[str]
    same: tuple[tuple[str, str], ...] = field(default=())  # title, and its value or its twin


def whole_table(arena: Arena, state: TableState, stamp: str) -> Table:
    """All rows in this state. Raises TableError for what the arena does not have."""
    whole = state.whole
    return kept(f"arena-table-{arena.pk}-{stamp_of(whole)}", stamp, lambda: whole.build(arena))


def table_part(arena: Arena, state: TableState, stamp: str, *, every: bool = False) -> dict[str, Any]:
    """What the template of the part needs. Raises TableError for what the arena does not have."""
    whole = whole_table(arena, state, stamp)
    table = state.narrowing.of(whole)
    rows = _pinned(table, table.rows if every else table.first_rows())
    records = [table.record(row) for row in rows]
    shown, marks = shown_columns(whole), marks_of(arena, stamp, rows, state)
    query = state.query(arena)
    separated = f"{query}&" if query else ""
    return {
        "arena": arena, "state": state, "table": table, "query": query, "sorts": sorts_of(whole, state),
        "head": [each for each in _headings(arena, state, table, "&rows=all" if every else "")
                 if _column_of(each[4]) in shown.keys],
        "body": [(row, record, [cell for cell in cells if _column_of(cell.key) in shown.keys],
                  marks[row.method])
                 for row, record, cells in zip(rows, records, table.lines(records), strict=True)],
        "same": shown.same, "of": len(whole.rows), "shown": len(rows), "chosen": _chosen(state, table),
        "cells_at": "cells/", "cells_query": _cells_query(arena, state), "everything": f"?{separated}rows=all",
        "unnarrowed": f"?{state.whole.query(arena)}" if state.narrowing else "",
        "downloads": [(module.TITLE, f"{separated}format={name}") for name, module in formats().items()],
        "papers": menu(reverse("arena_bibliography", args=[arena.slug]), query), "live": True,
    }


def chooser(table: Table, variants: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What the form over the table offers, beside the columns and orders of the part; `variants` are those that have
    runs, key and title."""
    tiers = [cell.tier for row in table.rows if (cell := row.cells.get(table.primary.key)) and cell.tier]
    return {"fidelities": FIDELITIES, "tiers": range(1, max(tiers, default=1)),
            "variants": dict([*((row.method, row.title) for row in table.variants), *variants]).items()}


def shown_columns(table: Table) -> Shown:
    """Without the columns that say the same in every row, or the same as an earlier column; the first always stays."""
    keys, same = {"", table.primary.key}, []
    seen: dict[tuple[tuple[str, float], ...], str] = {
        _values(table, table.primary): table.primary.title}
    measured = sum(bool(row.cells) for row in table.rows)
    for column in table.columns:
        values = _values(table, column)
        if column.key == table.primary.key:
            continue
        if len(values) == measured > 1 and len({value for _, value in values}) == 1:
            unit = f" {column.unit}" if column.unit else ""
            same.append((column.title, f"{_said(values[0][1])}{unit} everywhere"))
        elif values and values in seen:
            same.append((column.title, f"the same as {seen[values].lower()}"))
        else:
            keys.add(column.key)
            seen[values] = column.title
    return Shown(frozenset(keys), tuple(same))


def _said(value: float) -> str:
    """
    >>> _said(4_000_000.0), _said(0.123456789)
    ('4,000,000', '0.123457')
    """
    return f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"


def marks_of(arena: Arena, stamp: str, rows: Sequence[Row], state: TableState) -> dict[str, Mark]:
    """By row. Verdicts and replays are kept as long as the arena's results are as they are; papers are asked for. A
    variant has the paper of its method, but neither the verdicts nor the replays of its defaults."""
    verdicts, replays = kept(f"arena-marks-{arena.pk}", stamp, lambda: (_verdicts(arena), _replays(arena)))
    links = PaperLink.objects.shown().implementing().filter(method__arena=arena).order_by("-paper__year", "-pk")
    papers = {slug: (paper, title) for slug, paper, title in links.values_list(
        "method__slug", "paper_id", "paper__title")}  # the oldest stays: it introduced the method
    marks = {}
    for row in rows:
        slug = row.method
        paper, title = papers.get(row.slug, (None, ""))
        if row.params:
            left = tuple(key for key in state.variants if key != slug)
            marks[slug] = Mark(paper, title, without=state.query(
                arena, variants=left, vs="" if state.vs == slug else state.vs))
            continue
        marks[slug] = Mark(paper, title, verdicts[slug, Verdict.CONFIRMED], verdicts[slug, Verdict.REFUTED],
                           replays.get(slug, ""), BADGES.get(replays.get(slug, ""), ""))
    return marks


def sorts_of(table: Table, state: TableState) -> list[tuple[str, str, bool]]:
    """Value, words and whether it is the present one, for a choice of orders: what serves a phone and a keyboard."""
    found = [("", "best first")]
    for column in table.columns:
        first = column.key if column.better == "lower" else f"-{column.key}"
        found.append((first, column.title if column.better else f"most {column.title.lower()}"))
    found += [("title", "name"), ("-year", "newest paper")]
    if state.sort and state.sort not in {value for value, _ in found}:
        found.append((state.sort, f"{state.sort.removeprefix('-')}, worst first"))
    return [(value, words, value == state.sort) for value, words in found]


def _values(table: Table, column: Column) -> tuple[tuple[str, float], ...]:
    return tuple((row.method, row.cells[column.key].mean) for row in table.rows if column.key in row.cells)


def _column_of(key: str) -> str:
    return "" if key in ("", "title") else key.removesuffix("_difference")


def _pinned(table: Table, rows: Sequence[Row]) -> list[Row]:
    """The row that others are compared with first."""
    against = table.against or table.baseline
    return sorted(rows, key=lambda row: row.method != against)


def _chosen(state: TableState, table: Table) -> str:
    """The column that a phone shows: the one sorted by, or the first."""
    key = state.sort.removeprefix("-")
    return key if any(column.key == key for column in table.columns) else table.primary.key


def _verdicts(arena: Arena) -> Counter[tuple[str, str]]:
    return Counter((standing.claim.method.slug, standing.status) for standing in claim_list(arena=arena))


def _replays(arena: Arena) -> dict[str, str]:
    """By method, the newest outcome of its replays, or the newest that was not a number come back."""
    outcomes: dict[str, str] = {}
    replays = Run.objects.filter(method__arena=arena, replay_of__isnull=False).select_related(
        "method", "replay_of").order_by("-pk")[:REPLAYS]
    for replay in reversed(replays):
        slug, comparison = replay.method.slug, comparison_of(replay)
        if comparison and outcomes.get(slug, EQUAL) in (EQUAL, CLOSE):
            outcomes[slug] = comparison.outcome
    return outcomes


def _cells_query(arena: Arena, state: TableState) -> str:
    """What a number's link must say beside its column: nothing where it is what the page of a number takes for given,
    since a large table has hundreds of these links."""
    usual = {"setting": default_state(arena).setting, "scale": default_state(arena).scale}
    unusual = {name: value for name, value in (("setting", state.setting), ("scale", state.scale))
               if value != usual[name]}
    return f"{urlencode(unusual)}&" if unusual else ""


def _headings(arena: Arena, state: TableState, table: Table, kept_on: str
              ) -> list[tuple[str, str, str, Column | None, str]]:
    """Heading, link that sorts by it, aria-sort, the column and its key; best first on the first click, then turned.

    Tier, rank and seeds are those of the first metric.
    """
    headings: list[tuple[str, str, str, Column | None, str]] = []
    for key, heading in [("title", "Method"), ("", "Tier"), ("", "Rank"), ("", "Seeds"), *table.headings()[1:]]:
        column = next((c for c in table.columns if c.key == key), None)
        if column is None and key != "title":
            headings.append((heading, "", "", None, key))
            continue
        first = f"-{key}" if column and column.better != "lower" else key
        now = state.sort or (("" if table.primary.better == "lower" else "-") + table.primary.key)
        turned = key if first.startswith("-") else f"-{key}"
        shown = {f"-{key}": "descending", key: "ascending"}.get(now, "")
        order = state.query(arena, sort=turned if now == first else first)
        headings.append((heading, f"?{order}{kept_on}", shown, column, key))
    return headings
