"""What the exports of reference managers and databases share: names, dates and identifiers under many tags."""

import re
from collections.abc import Iterable, Sequence
from html import unescape

from papers.digests.dates import YEAR, written_day
from papers.digests.latex import plain
from papers.digests.names import given_first
from papers.digests.records import find_arxiv_id, normal_arxiv_id, normal_doi
from papers.digests.venues import clean_venue

_BETWEEN_ADDRESSES = re.compile(r"(?<![\s;])[\s;]+(?=https?://)")
_BLOCK = re.compile(r"</?(?:p|div|br|h[1-6]|li|[ou]l|jats:(?:p|sec|title))(?:\s[^<>]{0,200})?/?>", re.I)
_INLINE = re.compile(
    r"</?(?:i|b|u|em|strong|su[bp]|span|inf|italic|bold|sc|jats:\w+|mml:\w+)(?:\s[^<>]{0,200})?/?>", re.I)
_DOI_NAMED = re.compile(
    r"(?:\bdoi\b[:\s]*|doi\.org/|\A\s*)(10\.\d{4,9}/[^\s<>\"]+)|(10\.\d{4,9}/\S{1,200})\s?\[doi\]", re.I)


def reference_fields(*, title: str, people: Iterable[str], abstract: str = "", editors: Iterable[str] = (),
                     year: str = "", days: Iterable[str] = (), dois: Iterable[str] = (), loose: Sequence[str] = (),
                     places: Iterable[str] = (), addresses: Sequence[str] = (), comment: str = "",
                     venues: Iterable[str] = ()) -> dict:
    """The keyword arguments of `Parsed.add` for one reference.

    `dois` hold a DOI by their tag; `loose` are fields in which some programs put one, or an arXiv id, among other
    things; `places` the journal, volume and publisher, where a preprint is named; `days` dates and
    `venues` names of journals or books, the best first.
    """
    addresses = [address for text in addresses for address in _BETWEEN_ADDRESSES.split(text.strip()) if address]
    dois = [*dois]
    arxiv_id = next(filter(None, map(normal_arxiv_id, (*addresses, *dois, *loose))), None) or \
        next(filter(None, (find_arxiv_id(text) for text in places if text)), None) or \
        next(filter(None, (find_arxiv_id(text) for text in loose if len(text) < 200)), None)
    doi = next(filter(None, map(normal_doi, dois)), None) or \
        next((doi for text in (*loose, *addresses) if (doi := _named_doi(text))), None)
    names = _names(people)
    days = [day for day in days if day]
    found = YEAR.search(year) or next(filter(None, map(YEAR.search, days)), None)
    written = next(filter(None, (written_day(day, found[0] if found else "") for day in days)), None)
    return {"title": without_tags(title), "abstract": without_tags(abstract), "arxiv_id": arxiv_id, "doi": doi,
            "year": found[0] if found else None, "published_on": written,
            "authors": names or _names(editors),
            "urls": addresses, "comment": comment, "venue": next(filter(None, map(clean_venue, venues)), "")}


def without_tags(text: str) -> str:
    """A text without the HTML that some exporters leave in it; a < that begins no tag of HTML stays.

    >>> without_tags("<p>If x<y &amp; H<sub>2</sub>O</p><p>then</p>")
    'If x<y & H2O then'
    """
    if "<" in text or "&" in text:
        text = unescape(_INLINE.sub("", _BLOCK.sub(" ", text)))
    return " ".join(text.split())


def _names(people: Iterable[str]) -> list[str]:
    return [given_first(plain(name)) for person in people for name in without_tags(person).split(";")
            if any(map(str.isalpha, name))]


def _named_doi(text: str) -> str | None:
    found = _DOI_NAMED.search(text[:2000])
    return normal_doi(re.sub(r"[?#].*", "", found[1] or found[2])) if found else None
