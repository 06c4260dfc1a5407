"""Which column of a table is what: said by a person where headings do not tell, guessed for the person to look at."""

import re
from collections.abc import Iterable, Mapping, Sequence

from papers.digests.records import DigestError, normal_arxiv_id, normal_doi

# What a person may say of a column, with the words a form shows; the names are those of records
FIELDS = {"title": "Title", "authors": "Authors", "abstract": "Abstract", "year": "Year", "date": "Date",
          "venue": "Venue", "doi": "DOI", "arxiv": "arXiv id", "url": "Links", "comment": "Comment"}
SAMPLE = 50  # rows looked at to guess

_YEAR = re.compile(r"(?:19|20)\d\d(?:\.0)?")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}\.? [a-zéû]{3,9}\.? \d{4}",
                   re.I)
_VENUE = re.compile(r"\b(?:journal|proceedings|proc\.|conference|transactions|trans\.|workshop|symposium|advances in|"
                    r"arxiv|NeurIPS|ICML|ICLR|CVPR|ACL|EMNLP|AAAI)\b", re.I)
_PEOPLE = re.compile(r"[^\d;,]{2,60}(?:[;,] ?[^\d;,]{2,60})+"
                     r"|[A-Z][\w.’'-]+(?: [A-Z][\w.’'-]*){1,3}(?: and .*| et al\.?)?")


class UnknownHeadings(DigestError):
    """A table in which no heading is known to be the title's: its headings, and what its cells look like."""

    def __init__(self, message: str, headings: Sequence[str], rows: Iterable[Sequence[str]]):
        super().__init__(message)
        self.headings = tuple(headings)
        self.guess = guessed(self.headings, list(rows))


def chosen_columns(text: str) -> dict[str, str]:
    """What "title=Naam,authors=Auteurs" says. Raises DigestError where it says anything else.

    >>> chosen_columns("title=Naam, year=Jaar (van uitgave)")
    {'title': 'Naam', 'year': 'Jaar (van uitgave)'}
    """
    chosen: dict[str, str] = {}
    for part in filter(str.strip, re.split(rf",(?=\s*(?:{'|'.join(FIELDS)})\s*=)", text)):
        field, sign, heading = (piece.strip() for piece in part.partition("="))
        if field not in FIELDS or not sign or not heading:
            raise DigestError(f"columns are given as title=HEADING,authors=HEADING; “{part.strip()[:80]}” is not such: "
                              f"known are {', '.join(FIELDS)}")
        chosen[field] = heading
    if chosen and "title" not in chosen:
        raise DigestError("which column holds the title has to be among the columns: title=HEADING")
    return chosen


def normal_heading(heading: str) -> str:
    """A heading without case, spaces and signs."""
    return re.sub(r"[\W_]+", "", " ".join(heading[:500].split())[:80]).casefold()


def guessed(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """The headings that fit the fields by what is in their cells; a field without any is left out."""
    cells = {heading: filled for place, heading in enumerate(headings) if heading.strip() and (
        filled := [row[place].strip() for row in rows[:SAMPLE] if place < len(row) and row[place].strip()])}
    found: dict[str, str] = {}

    def take(field: str, fits, least: float = .6) -> None:
        shares = {heading: sum(map(bool, map(fits, filled))) / len(filled) for heading, filled in cells.items()}
        best = max(shares, key=lambda heading: shares[heading], default="")
        if best and shares[best] >= least:
            found[field] = best
            del cells[best]

    take("doi", normal_doi)
    take("arxiv", lambda text: not text.startswith("http") and normal_arxiv_id(text))
    take("url", lambda text: text.startswith(("http://", "https://", "www.")))
    take("year", _YEAR.fullmatch)
    take("date", _DATE.fullmatch)
    take("abstract", lambda text: len(text) > 200 or len(text.split()) > 30, .4)
    names = {heading: filled for heading, filled in cells.items()
             if sum(len(text.split()) for text in filled) / len(filled) < 60}
    if len(names) > 1:
        take("authors", lambda text: _PEOPLE.fullmatch(text[:300]), .7)
    if len(cells) > 1:
        take("venue", lambda text: _VENUE.search(text[:300]), .5)
    titles = {heading: sum(min(len(text.split()), 20) for text in filled) / len(filled) * len(set(filled)) / len(filled)
              for heading, filled in cells.items()}
    if titles:
        found["title"] = max(titles, key=lambda heading: titles[heading])
        del cells[found["title"]]
    repeated = {heading: len(set(filled)) / len(filled) for heading, filled in cells.items()
                if len(filled) > 2 and not all(text.replace(".", "").isdigit() for text in filled)}
    if repeated and "venue" not in found and min(repeated.values()) < .7:
        found["venue"] = min(repeated, key=lambda heading: repeated[heading])
    return {field: found[field] for field in FIELDS if field in found}


def checked(chosen: Mapping[str, str], headings: Sequence[str]) -> str:
    """What is wrong with the choice for a table with these headings; "" where nothing is."""
    known = {normal_heading(heading) for heading in headings}
    missing = [heading for heading in chosen.values() if normal_heading(heading) not in known]
    return f"no column is headed “{missing[0][:80]}”; found: {', '.join(filter(None, headings))[:400]}" \
        if missing else ""
