"""RefWorks tagged text."""

import re

from papers.digests.formats._references import reference_fields
from papers.digests.formats._tagged import Entry, Shape, entries
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "RefWorks"

_TAGS = frozenset("""RT SR ID A1 A2 A3 A4 A5 A6 T1 T2 T3 JF JO YR FD VO IS SP OP K1 AB NO ED PB PP SN AV AD AN LA CL SF
    OT LK DO CN DB DS IP RD ST UL SL LL CR WT WV WP OL PMID PMCID SP NO U1 U2 U3 U4 U5 U6 U7 U8 U9 U10 U11 U12 U13 U14
    U15 ER""".split())
_SHORT = frozenset("RT SR ID A1 A2 YR FD VO IS SP OP DO SN".split())
_LINE = re.compile(r"([A-Z][A-Z0-9]{1,4})(?:[ \t](.*)|$)")
_BEGIN = re.compile(r"^RT \S", re.M)
_NEXT = re.compile(r"^(?:SR|ID|A1|T1|YR|JF|JO) \S", re.M)


def sniff(source: Source) -> float:
    begin = _BEGIN.search(source.head)
    return 0.85 if begin and len(_NEXT.findall(source.head, begin.end())) >= 2 else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    shape = Shape(_read, frozenset({"RT"}), frozenset({"ER"}), frozenset({"T1"}), short=_SHORT)
    for entry in entries(source.text, shape, parsed):
        parsed.add(line=entry.line, excerpt=f"RT {entry.first('RT')} {entry.first('ID')}", **_fields(entry))
    return parsed


def _read(line: str) -> tuple[str, str] | None:
    found = _LINE.match(line)
    return (found[1], (found[2] or "").strip()) if found and found[1] in _TAGS else None


def _fields(entry: Entry) -> dict:
    return reference_fields(
        title=entry.first("T1", "ST"), abstract=entry.first("AB"), people=entry.all("A1"),
        editors=entry.all("A2", "A3", "ED"), year=entry.first("YR", "FD"), days=entry.all("FD", "YR"),
        dois=entry.all("DO"), loose=entry.all("AN", "NO", "U1", "ID"), places=entry.all("JF", "JO", "T2", "VO", "PB"),
        addresses=entry.all("UL", "LK", "OL", "LL"), comment=" ".join(entry.all("NO")),
        venues=entry.all("JF", "T2", "JO"))
