"""MEDLINE, the tagged text that PubMed calls its own format and exports as .nbib."""

import re

from papers.digests.formats._references import reference_fields
from papers.digests.formats._tagged import Entry, Shape, by_pattern, entries
from papers.digests.formats.pubmed_xml import tidy_title
from papers.digests.records import Parsed
from papers.digests.source import Source

NAME = "MEDLINE"

_BEGIN = re.compile(r"^PMID ?- ?\d|\A(?:PMC|OWN) {0,2}- \S.*\n(?:.*\n){0,40}?TI  - \S", re.M)
_INITIALS = re.compile(r"(.*\S) ([A-Z]{1,4})(?: (Jr|Sr|2nd|3rd))?")
_READ = by_pattern(r"(?=.{4}-)([A-Z][A-Z0-9]{1,3}) *-(?: (.*)|$)")
_SHORT = frozenset("PMID OWN STAT DA DP DEP VI IP PG LID FAU AU LA".split())
_INSIDE = re.compile(r"\bTI  - ")
_FIRST = re.compile(r"^([A-Z]{2,4}) *-", re.M)


def sniff(source: Source) -> float:
    return 0.9 if _BEGIN.search(source.head) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    # ERIC and PubMed Central write it without PMIDs; a record begins with another field there.
    first = _FIRST.search(source.head)
    begins = "PMID" if first is None or re.search("^PMID ?-", source.text, re.M) else first[1]
    shape = Shape(_READ, frozenset({begins}), titles=frozenset({"TI", "BTI"}), short=_SHORT, inside=_INSIDE)
    for entry in entries(source.text, shape, parsed):
        parsed.add(line=entry.line, excerpt=f"PMID {entry.first('PMID')}", **_fields(entry))
    return parsed


def _fields(entry: Entry) -> dict:
    number = re.sub(r"\D.*", "", entry.first("PMID"))
    pmc = re.sub(r"[^\w].*", "", entry.first("PMC"))
    ids = entry.all("LID", "AID", "DOI")
    fields = reference_fields(
        title=tidy_title(entry.first("TI", "BTI", "TT")), abstract=entry.first("AB", "OAB"),
        people=entry.all("FAU") or [_spelled(name) for name in entry.all("AU")],
        editors=entry.all("FED") or [_spelled(name) for name in entry.all("ED")],
        year=entry.first("DP", "DEP"), days=entry.all("DP", "DEP"),
        dois=[text for text in ids if text.endswith("[doi]")] + entry.all("DOI"), loose=entry.all("SO"),
        places=entry.all("JT", "TA"),
        addresses=[f"https://pubmed.ncbi.nlm.nih.gov/{number}/"] * bool(number)
        + [f"https://pmc.ncbi.nlm.nih.gov/articles/{pmc}/"] * pmc.startswith("PMC"),
        comment=" ".join(entry.all("GN")), venues=entry.all("JT", "TA"))
    return {**fields, "authors": [*fields["authors"], *entry.all("CN")],
            "withdrawn": "Retracted Publication" in entry.all("PT")}


def _spelled(name: str) -> str:
    """ "Example AB" with the initials before the family name."""
    found = _INITIALS.fullmatch(name)
    return " ".join(filter(None, (found[2], found[1], found[3]))) if found else name
