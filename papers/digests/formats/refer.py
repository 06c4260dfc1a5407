"""EndNote's import format, which is refer and BibIX: a % and a letter before each field."""

import re

from papers.digests.formats._references import reference_fields
from papers.digests.formats._tagged import Entry, Shape, by_pattern, entries
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "EndNote (refer)"

_BEGIN = re.compile(r"^%0[ \t]+\S", re.M)
_FIELD = re.compile(r"^%([A-Z0-9@])[ \t]+\S", re.M)
_BIBTEX = re.compile(r"^[ \t]*@\w+[ \t]*[{(]", re.M)
_SHAPE = Shape(by_pattern(r"%([A-Z0-9@!#$&*?^~()\[\]<>+=])(?:[ \t](.*)|$)"), frozenset({"0"}),
               titles=frozenset({"T", "Q"}), short=frozenset("0ADRVNPE@8"), inside=re.compile(r"%T "))


def sniff(source: Source) -> float:
    if not source.head.startswith("%0 ") and _BIBTEX.search(source.head):  # where a % begins a comment
        return 0.0
    tags = set(_FIELD.findall(source.head))
    return 0.85 if "T" in tags and (_BEGIN.search(source.head) or "A" in tags) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    for entry in entries(source.text, _SHAPE, parsed):
        parsed.add(line=entry.line, excerpt=f"%0 {entry.first('0')} {entry.first('F', 'J', 'B')}", **_fields(entry))
    return parsed


def _fields(entry: Entry) -> dict:
    return reference_fields(
        title=entry.first("T", "Q", "!"), abstract=entry.first("X"), people=entry.all("A", "Q") if "T" in entry.fields
        else entry.all("A"), editors=entry.all("E", "Y"), year=entry.first("D", "8"), days=entry.all("8", "D"),
        dois=entry.all("R"), loose=entry.all("M", "1", "3", "Z", "O"), places=entry.all("J", "B", "V", "N", "I"),
        addresses=entry.all("U", ">", "3"), comment=" ".join(entry.all("Z", "O")),
        venues=entry.all("J", "B"))
