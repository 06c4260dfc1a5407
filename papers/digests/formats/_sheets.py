"""Workbooks, whatever program wrote them: the first sheet with a line of known headings is read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from papers.digests.columns import SAMPLE, UnknownHeadings, checked
from papers.digests.formats._columns import Columns, add_row, columns, note_columns, plain_cell, unknown
from papers.digests.records import Parsed
from papers.digests.source import Source

WIDTH = 500  # columns
_HEAD_ROWS = 20

Links = dict[tuple[int, int], tuple[str, str]]  # (row, column): address and words


def _no_links() -> Links:
    return {}


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` gives the rows as texts, from the first one on, at most so many columns of each."""

    title: str
    rows: Callable[[int], Iterator[list[str]]]
    links: Callable[[], Links] = _no_links


def read_sheets(source: Source, name: str, sheets: Iterable[Sheet]) -> Parsed:
    """The papers of the first sheet with known or chosen headings. Raises UnknownHeadings where there is none."""
    parsed: Parsed | None = None
    first: list[list[str]] = []
    others = []
    for sheet in sheets:
        found = None if parsed else _headings(sheet, source)
        if found:
            parsed = Parsed(name)
            parsed.notes.append(f"read from the sheet “{sheet.title}”")
            _read(parsed, sheet, *found)
        else:
            others.append(sheet.title)
            first = first or [row for row in islice(sheet.rows(WIDTH), SAMPLE + 1) if any(row)]
    if parsed is None:
        headings = first[0] if first else []
        raise UnknownHeadings(f"{source.name}: {checked(source.columns, headings) or unknown(headings)}", headings,
                              first[1:])
    if others:
        parsed.notes.append(f"sheets that were not read: {', '.join(others[:20])}")
    return parsed


def _headings(sheet: Sheet, source: Source) -> tuple[int, Columns] | None:
    for number, row in enumerate(islice(sheet.rows(WIDTH), _HEAD_ROWS), 1):
        head = columns(row, source.columns)
        if head and (head.known >= 2 or sum(map(bool, row)) == 1 or source.columns):
            return number, head
    return None


def _read(parsed: Parsed, sheet: Sheet, at: int, head: Columns) -> None:
    note_columns(parsed, head)
    links = sheet.links()
    linked_rows = {row for row, _ in links}
    for number, row in enumerate(sheet.rows(len(head.headings) + 20), 1):
        if number < at and any(row):
            parsed.reject(number, "above the headings", " | ".join(filter(None, row)))
        if number <= at or not any(row) and number not in linked_rows:
            continue
        cells = []
        for column in range(1, max(len(row), len(head.headings)) + 1):
            cell = plain_cell(row[column - 1] if column <= len(row) else "")
            if link := links.get((number, column)):
                cell.links.append(link[0])
                cell.text = cell.text or link[1]
            cells.append(cell)
        add_row(parsed, head, cells, number)


def texts(values: Iterable) -> list[str]:
    """A row's values as text, without the empty ones at its end."""
    row = [_text(value) for value in values]
    while row and not row[-1]:
        row.pop()
    return row


def _text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
