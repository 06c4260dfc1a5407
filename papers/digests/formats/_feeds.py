"""What Atom and RSS share: whose paper an entry announces, when, and under which DOI."""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from papers.digests.formats._xml import local, plain_words
from papers.digests.names import given_first, split_names
from papers.digests.records import arxiv_year, normal_doi, parse_date

_ANNOUNCED = re.compile(r"\s*arXiv:\S+\s+Announce Type: \S+\s+(?:Abstract:\s*)?")
_DOI_ADDRESS = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:|info:doi/)?10\.\d|https?://[^\s?#]*/doi/", re.I)
_TAG = re.compile(r"<[^<>]*>")
_AFFILIATION = re.compile(r"\s*\([^()]{0,300}\)")


def arxiv_abstract(text: str) -> str:
    """The text without the head that arXiv's feeds put before an abstract."""
    return _ANNOUNCED.sub("", text, count=1) if _ANNOUNCED.match(text) else text


def announced_day(day: str, arxiv_id: str | None, kind: str) -> str | None:
    """The day, unless it is only that of an announcement.

    A feed announces a replacement, and a cross-list, long after the paper appeared; arXiv's number tells the month.
    """
    if kind.startswith(("replace", "cross")):
        return None
    found, year = parse_date(day), arxiv_year(arxiv_id)
    if found and year and arxiv_id:
        month = int(arxiv_id.rpartition("/")[2][2:4])
        if abs((found.year - year) * 12 + found.month - month) > 1:
            return None
    return day


def announced_authors(entry: Element) -> list[str]:
    """The people of `dc:creator`: one each, or all in one."""
    people = [_TAG.sub("", plain_words(element)) for element in entry.iter() if local(element.tag) == "creator"]
    people = [person for person in people if person.strip()]
    people = [_AFFILIATION.sub("", person[:50_000]) for person in people]
    return list(map(given_first, split_names(people[0]) if len(people) == 1 else people))


def find_doi(entry: Element, addresses: Iterable[str]) -> str | None:
    """The DOI in an element for it or for identifiers, else in an address that is one."""
    for names in (("doi",), ("identifier",)):
        for element in entry.iter():
            if local(element.tag) in names and (doi := normal_doi(plain_words(element))):
                return doi
    for address in addresses:
        if _DOI_ADDRESS.match(address[:500]) and (doi := normal_doi(re.sub(r"[?#].*", "", address[:500]))):
            return doi
    return None
