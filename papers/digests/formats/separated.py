"""CSV and its kin: cells set apart by commas, tabs, semicolons or bars, under a line of headings."""

import csv
import re
from collections.abc import Iterator, Mapping
from itertools import islice

from papers.digests.columns import SAMPLE, UnknownHeadings, checked
from papers.digests.formats._columns import Columns, add_row, columns, note_columns, plain_cell, unknown
from papers.digests.kinds import structure
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "CSV"

_SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_SEP_LINE = re.compile(r"\s*\"?sep=(.)\"?[ \t,;]*\n", re.I)
_HEAD_LINES = 20  # headings may stand below some words on where the list comes from
_BROKEN_LIMIT = 100  # quotes that are never closed, after which it is given up
_SPAN = 500  # lines that one cell may have
_MARKDOWN_TABLE = re.compile(r"[ \t]*\|.*\|[ \t]*$")
_MARKDOWN_RULE = re.compile(r"(?=.*-.*\|)[ \t|:-]+$")
_END = "\0"  # a last line that no text holds: it is missing where an open quote took it in
_MARKUP = re.compile(r"[<{\[@%]|#{1,6} |[-*+] |---")


def sniff(source: Source) -> float:
    head = source.head
    if not head or _SEP_LINE.match(head):
        return 0.8 if head else 0.0
    if _headings(head.split("\n"), source.columns):
        return 0.97 if source.columns else 0.8
    if _looks_separated(head, named=source.name.lower().endswith((".csv", ".tsv", ".tab"))):
        return 0.9 if source.columns else 0.15  # before running text: its lines are no titles
    return 0.05 if structure(source) in ("CSV", "a table with tabs (TSV)") else 0.0


def parse(source: Source) -> Parsed:
    """The rows under the first line of known headings. Raises DigestError, naming the headings, where there is none."""
    lines = source.text.split("\n")
    found = _headings(lines, source.columns)
    if not found:
        at = next((number for number, line in enumerate(lines) if line.strip() and not _SEP_LINE.match(line + "\n")), 0)
        separator = _likely_separator(lines[at:at + 10])
        rows = [row for _, row, reason in islice(_rows(lines, at, separator), SAMPLE + 1) if not reason]
        cells = [cell.strip() for cell in rows[0]] if rows else []
        raise UnknownHeadings(f"{source.name}: line {at + 1}: {checked(source.columns, cells) or unknown(cells)}",
                              cells, rows[1:])
    at, separator, head = found
    parsed = Parsed(NAME)
    parsed.notes.append(f"cells set apart by {_SEPARATORS.get(separator, separator)}")
    note_columns(parsed, head)
    for number, line in enumerate(lines[:at], 1):
        if line.strip() and not _SEP_LINE.match(line + "\n"):
            parsed.reject(number, "above the headings", line)
    for number, row, reason in _rows(lines, at, separator):
        if reason:
            parsed.reject(number, reason, lines[number - 1])
        elif number > at + 1:
            add_row(parsed, head, [plain_cell(cell) for cell in row], number)
    return parsed


def _likely_separator(lines: list[str]) -> str:
    """What sets cells apart in lines without known headings: the sign that each has as often as the first."""
    def score(separator: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        return sum(count == counts[0] for count in counts if counts[0] > 1), counts[0]
    try:
        return max(_SEPARATORS, key=score)
    except csv.Error:
        return max(_SEPARATORS, key=lines[0].count)


def _headings(lines: list[str], chosen: Mapping[str, str]) -> tuple[int, str, Columns] | None:
    """Where the headings are, what sets cells apart, and the columns."""
    start, given = 0, ""
    if sep := _SEP_LINE.match(lines[0] + "\n"):
        start, given = 1, sep[1]
    for at, line in enumerate(lines[start:start + _HEAD_LINES], start):
        if _MARKDOWN_TABLE.match(line) or at + 1 < len(lines) and _MARKDOWN_RULE.match(lines[at + 1]):
            continue
        best: tuple[int, str, Columns] | None = None
        for separator in [given] if given else _SEPARATORS:
            if separator not in line or len(line) > 20_000:
                continue
            row = next(_rows(lines[:at + _HEAD_LINES], at, separator), (0, [], ""))[1]
            head = columns(row, chosen)
            if head and (head.known >= 2 or chosen) and (best is None or head.known > best[2].known):
                best = at, separator, head
        if best:
            return best
    return None


def _rows(lines: list[str], start: int, separator: str) -> Iterator[tuple[int, list[str], str]]:
    """Each row with the number of its first line, or the reason why there is none. Goes on after a quote left open."""
    at, broken = start, 0
    while at < len(lines):
        reader = csv.reader(_with_end(lines, at), delimiter=separator)
        begin = at
        try:
            for row in reader:
                if at >= len(lines):
                    return
                if at + _SPAN < begin + reader.line_num or begin + reader.line_num > len(lines):
                    break
                yield at + 1, row, ""
                at = begin + reader.line_num
            else:
                return
            reason = "a quote that is never closed"
        except csv.Error as error:
            reason = f"not readable as CSV: {error}"
        broken += 1
        if broken > _BROKEN_LIMIT:
            yield at + 1, [], f"{reason}; nothing is read from here on"
            return
        yield at + 1, [], f"{reason}; read again from the next line on"
        at += 1


def _with_end(lines: list[str], start: int) -> Iterator[str]:
    for at in range(start, len(lines)):
        yield lines[at] + "\n"
    yield _END


def _looks_separated(head: str, named: bool) -> bool:
    """The first lines have the same number of cells, in the first line short ones: three, or two where no comma is, or
    where the file is `named` as such."""
    lines = [line for line in head.split("\n")[:-1] if line.strip()][:6]
    if len(lines) < 3 or _MARKUP.match(head):
        return False
    for separator in _SEPARATORS:
        try:
            rows = list(csv.reader(lines, delimiter=separator))
        except csv.Error:
            continue
        if len(rows[0]) >= 2 + (separator == "," and not named) and len({len(row) for row in rows}) == 1 and \
                all(0 < len(cell.strip()) <= 40 for cell in rows[0]):
            return True
    return False
