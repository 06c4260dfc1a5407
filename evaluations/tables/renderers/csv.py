"""Comma-separated values with full precision; text that a spreadsheet would run as a formula is quoted with '."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evaluations.tables.table import Field, Tabular
from papers.formulas import neutralised

TITLE, MEDIA_TYPE, EXTENSION = "CSV", "text/csv; charset=utf-8", "csv"


def render(table: Tabular) -> bytes:
    return "".join(lines(table.fields, table.records())).encode()


def lines(fields: Iterable[Field], records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The file line by line, the names of the fields first."""
    names = [field.name for field in fields]
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield writer.writerow([_plain(name) for name in names])
    for record in records:
        yield writer.writerow([_plain(record[name]) for name in names])


class _Echo:
    """A file that hands each line back: `writerow` returns what this returns."""

    def write(self, line: str) -> str:
        return line


def _plain(value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return neutralised(value)
    return repr(value)
