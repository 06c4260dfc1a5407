"""What the exports of reference managers and databases share: names, dates and identifiers under many tags."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from html import unescape

from papers.digests.latex import plain
from papers.digests.names import given_first
from papers.digests.records import find_arxiv_id, normal_arxiv_id, normal_doi, parse_date

_MONTHS = {month: number for number, month in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}
_YEAR = re.compile(r"(?<!\d)(?:1[6-9]|20|21)\d\d(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th)?\.?[ ./-]+([a-z]{3})[a-z]*", re.I)
_MONTH_FIRST = re.compile(r"\b([a-z]{3})[a-z]*\.?[ ./-]+(\d{1,2})(?!\d)", re.I)
_BETWEEN_ADDRESSES = re.compile(r"(?<![\s;])[\s;]+(?=https?://)")
_BLOCK = re.compile(r"</?(?:p|div|br|h[1-6]|li|[ou]l|jats:(?:p|sec|title))(?:\s[^<>]{0,200})?/?>", re.I)
_INLINE = re.compile(
    r"</?(?:i|b|u|em|strong|su[bp]|span|inf|italic|bold|sc|jats:\w+|mml:\w+)(?:\s[^<>]{0,200})?/?>", re.I)
_DOI_NAMED = re.compile(
    r"(?:\bdoi\b[:\s]*|doi\.org/|\A\s*)(10\.\d{4,9}/[^\s<>\"]+)|(10\.\d{4,9}/\S{1,200})\s?\[doi\]", re.I)


def reference_fields(*, title: str, people: Iterable[str], abstract: str = "", editors: Iterable[str] = (),
                     year: str = "", days: Iterable[str] = (), dois: Iterable[str] = (), loose: Sequence[str] = (),
                     places: Iterable[str] = (), addresses: Sequence[str] = (), comment: str = "") -> dict:
    """The keyword arguments of `Parsed.add` for one reference.

    `dois` hold a DOI by their tag; `loose` are fields in which some programs put one, or an arXiv id, among other
    things; `places` the journal, volume and publisher, where a preprint is named; `days` dates, the best first.
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
    found = _YEAR.search(year) or next(filter(None, map(_YEAR.search, days)), None)
    written = next(filter(None, (written_date(day, found[0] if found else "") for day in days)), None)
    return {"title": without_tags(title), "abstract": without_tags(abstract), "arxiv_id": arxiv_id, "doi": doi,
            "year": found[0] if found else None, "published_on": written,
            "authors": names or _names(editors),
            "urls": addresses, "comment": comment}


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


def written_date(text: str, year: str = "") -> date | None:
    """A whole day in any of the ways exports write one, in `year` where they leave it out; None when it is another's.

    >>> written_date("2025 Sep 18"), written_date("SEP 18", "2025"), written_date("2025/09//", "2025")
    (datetime.date(2025, 9, 18), datetime.date(2025, 9, 18), None)
    """
    text = text[:100].strip()
    day = None
    if compact := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text):
        day = parse_date("-".join(compact.groups()))
    elif re.match(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\d)", text):
        day = parse_date(text)
    else:
        named = _YEAR.search(text)
        rest = text if not named else f"{text[:named.start()]} {text[named.end():]}"
        for shape, (month, number) in ((_DAY_FIRST, (2, 1)), (_MONTH_FIRST, (1, 2))):
            found = shape.search(rest)
            if found and found[month].lower() in _MONTHS and (named or year):
                day = parse_date(f"{named[0] if named else year}-{_MONTHS[found[month].lower()]}-{found[number]}")
                break
    return None if day is None or (year and str(day.year) != year) else day
