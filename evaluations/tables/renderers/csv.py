"""Comma-separated values with full precision; text that a spreadsheet would run as a formula is quoted with '."""

from __future__ import annotations

import csv
import io

from evaluations.tables.table import Tabular
from papers.formulas import neutralised

TITLE, MEDIA_TYPE, EXTENSION = "CSV", "text/csv; charset=utf-8", "csv"


def render(table: Tabular) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_plain(field.name) for field in table.fields])
    for record in table.records():
        writer.writerow([_plain(record[field.name]) for field in table.fields])
    return out.getvalue().encode()


def _plain(value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return neutralised(value)
    return repr(value)
