"""A Markdown table, rounded as on the page; bold is the best tier of a column."""

from __future__ import annotations

from evaluations.tables.table import Table, TextCell

TITLE, MEDIA_TYPE, EXTENSION = "Markdown", "text/markdown; charset=utf-8", "md"


def render(table: Table) -> bytes:
    headings = table.headings()
    rows = [[_escape(heading) for _, heading in headings],
            [":---"] + ["---:"] * (len(headings) - 1)]
    for record, cells in zip(table.records(), table.lines(), strict=True):
        rows.append([_escape(table.label(record)), *(_mark(cell) for cell in cells)])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", _escape(table.caption()), ""]).encode()


def _mark(cell: TextCell) -> str:
    text = _escape(cell.text) + (" (n=1)" if cell.n == 1 else "") + (" †" if cell.stale else "")
    return f"**{text}**" if cell.best else text


def _escape(text: str) -> str:
    for character in "\\|*_`<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
