"""RIS, as publishers, databases and reference managers export it, in its 2001 and its 2011 tags."""

import re

from papers.digests.formats._references import reference_fields
from papers.digests.formats._tagged import Entry, Shape, entries
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "RIS"

_BEGIN = re.compile(r"^(?:[ \t]{0,3}TY {0,3}-[ \t]*[A-Z]\w*|TY  - [A-Z][\w -]*)[ \t]*$", re.M | re.I)
_PROPER = re.compile(r"([A-Z][A-Z0-9])  -(?:[ \t]?(.*)|$)")
_LOOSE = re.compile(r"[ \t]{0,3}([A-Za-z][A-Za-z0-9])[ \t]{0,3}-(?:[ \t]+(.*)|[ \t]*$)")
_TAGS = frozenset("""TY ER A1 A2 A3 A4 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DI DO DP ED EP ET
    ID IS J1 J2 JA JF JO KW L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PP PY RI RN RP SE SN SP ST SV T1 T2 T3 TA TI TT
    U1 U2 U3 U4 U5 UR VL VO Y1 Y2""".split())
_SHORT = frozenset("TY PY Y1 Y2 DA DO ID SP EP VL IS SN LA A1 AU A2 ED".split())
_INSIDE = re.compile(r"\b(?:TI|T1)  - ")
_TITLES = ("TI", "T1", "CT", "BT", "TT", "ST")


def sniff(source: Source) -> float:
    found = _BEGIN.search(source.head)
    if not found or source.head.startswith(("<", "{", "[")):
        return 0.0
    return 0.9 if not found.start() else 0.6  # behind a few words of the exporter, or of something else


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    # In lower case only where the first tag is: "ad - " begins a line of prose, too.
    first = _BEGIN.search(source.head)
    lower = bool(first and first[0].lstrip()[:2] != "TY")

    def read(line: str) -> tuple[str, str] | None:
        found = _PROPER.match(line)
        if not found:
            found = _LOOSE.match(line)
            if not found or found[1].upper() not in _TAGS or not (lower or found[1].isupper()):
                return None
        return found[1].upper(), (found[2] or "").strip()

    shape = Shape(read, frozenset({"TY"}), frozenset({"ER"}), frozenset(_TITLES), short=_SHORT, inside=_INSIDE)
    for entry in entries(source.text, shape, parsed):
        parsed.add(line=entry.line, excerpt=_excerpt(entry), **_fields(entry))
    return parsed


def _excerpt(entry: Entry) -> str:
    return " ".join(f"{tag} - {' '.join(lines)}" for tag, values in list(entry.fields.items())[:4]
                    for lines in values[:1])[:300]


def _fields(entry: Entry) -> dict:
    notes = entry.all("N1", "RN")
    abstract = max(entry.all("AB", "N2"), key=len, default="")
    title = entry.first(*_TITLES)
    return reference_fields(
        title=title, abstract=abstract, people=dict.fromkeys(entry.all("A1", "AU")) or entry.all("A4"),
        editors=entry.all("ED", "A2"), year=entry.first("PY", "Y1", "DA"), days=entry.all("DA", "PY", "Y1"),
        dois=entry.all("DO", "DI"), loose=entry.all("M3", "M1", "L3", "AN", "C7", "N1", "ID"),
        places=entry.all("JO", "JF", "JA", "J2", "T2", "VL", "PB", "M1", "IS", "SP"),
        addresses=entry.all("UR", "L1", "L2", "LK", "L3", "L4"), comment=" ".join(notes),
        venues=[name for name in entry.all("T2", "JF", "JO", "C3", "BT", "JA", "J2") if name != title])
