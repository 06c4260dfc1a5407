"""Web of Science exports: plain text with two-letter tags, and the same fields separated by tabs."""

import re

from papers.digests.formats._references import reference_fields
from papers.digests.formats._tagged import Entry, Shape, by_pattern, entries
from papers.digests.names import given_first
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "Web of Science"

_BEGIN = re.compile(r"\A(?:FN .*\n\n*(?:VR .*\n\n*)?)?PT [A-Z][ \t]*\n[A-Z][A-Z0-9] ")
_HEADER = re.compile(r"\A(?:PT|AU)\t(?:[A-Z][A-Z0-9]\t){5,}")
_MAILBOX = re.compile(r"\([^()@]*@[^()]*\)")
_SHAPE = Shape(by_pattern(r"([A-Z][A-Z0-9])(?: (.*)|$)"), frozenset({"PT"}), frozenset({"ER"}), frozenset({"TI"}),
               frozenset({"FN", "VR", "EF"}))


def sniff(source: Source) -> float:
    return 0.9 if _BEGIN.match(source.head) or _HEADER.match(source.head) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    rows = _rows(source.text, parsed) if _HEADER.match(source.head) else entries(source.text, _SHAPE, parsed)
    for entry in rows:
        parsed.add(line=entry.line, excerpt=entry.first("UT", "SO"), **_fields(entry))
    return parsed


def _rows(text: str, parsed: Parsed):
    header: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        cells = line.rstrip("\n").split("\t")
        if not line.strip():
            continue
        if not header:
            header = [cell.strip() for cell in cells]
            continue
        if len(cells) < len(header) - 1 or any(map(str.strip, cells[len(header):])):
            parsed.reject(number, f"a row of {len(cells)} cells where the header has {len(header)}", line)
            continue
        entry = Entry(number)
        for tag, value in zip(header, cells, strict=False):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1].replace('""', '"')
            if tag and value:
                people = tag in ("AU", "AF", "BA", "BF", "CA", "BE")
                entry.fields[tag] = [value.split(";") if people else [value]]
        yield entry


def _fields(entry: Entry) -> dict:
    people = entry.lines("AF") or entry.lines("AU") or entry.lines("BF") or entry.lines("BA")
    fields = reference_fields(
        title=entry.first("TI"), abstract=entry.first("AB"), people=[_MAILBOX.sub("", name) for name in people],
        editors=entry.lines("BE"), year=entry.first("PY") or entry.first("EA"), days=entry.all("PD", "EA"),
        dois=entry.all("DI", "D2"), loose=entry.all("AR"), places=entry.all("SO"), addresses=entry.all("DL", "UR"),
        venues=entry.all("SO", "CT"))
    return {**fields, "authors": [*fields["authors"], *map(given_first, entry.lines("CA"))],
            "withdrawn": "Retracted Publication" in entry.first("DT")}
