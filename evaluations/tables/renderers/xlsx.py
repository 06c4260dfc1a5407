"""An Excel workbook: numbers as numbers, text never as formulas; a second sheet says what the table is.

The format keeps 16 significant digits of a number.
"""

from __future__ import annotations

import io
import re

from evaluations.tables.table import Tabular

TITLE, EXTENSION = "Excel", "xlsx"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # not allowed in a workbook


def render(table: Tabular) -> bytes:
    from openpyxl import Workbook  # slow to import, and only a download needs it
    from openpyxl.styles import Font
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet("table")
    sheet.freeze_panes = "C2"
    _write(sheet, 1, [field.name for field in table.fields])
    for place, record in enumerate(table.records(), start=2):
        _write(sheet, place, [record[field.name] for field in table.fields])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    about = book.create_sheet("about")
    facts = [("arena", table.arena), ("question", table.question), ("caption", table.caption()),
             ("digest", table.digest), *((f.name, f.title) for f in table.fields)]
    for place, pair in enumerate(facts, start=1):
        _write(about, place, pair)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(sheet, row: int, values) -> None:
    for place, value in enumerate(values, start=1):
        cell = sheet.cell(row, place)
        if isinstance(value, str):
            cell.value = CONTROL.sub(" ", value)
            cell.data_type = "s"  # a title that begins with = stays text
        else:
            cell.value = value
