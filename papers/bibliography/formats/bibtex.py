"""BibTeX, in UTF-8."""

import re
from collections.abc import Iterable, Iterator

from papers.bibliography.items import Item
from papers.tex import address, author, escaped

TITLE, MEDIA_TYPE, EXTENSION = "BibTeX", "application/x-bibtex; charset=utf-8", "bib"

_TYPES = {"conference": ("inproceedings", "booktitle"), "journal": ("article", "journal"), "preprint": ("misc", "")}
_FIELDS = {"openreview": "openreview", "acl": "acl", "pubmed": "pmid", "semanticscholar": "s2id", "corpus": "corpusid",
           "openalex": "openalex"}
_CODE = re.compile(r"https?://(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)/", re.I)


def write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield _entry(item)


def _entry(item: Item) -> str:
    kind, holder = _TYPES[item.kind]
    code = next(filter(_CODE.match, item.urls), "")
    day = item.published_on
    fields = {
        "title": f"{{{escaped(item.title)}}}",  # the second pair of braces keeps the title's capitals
        "author": " and ".join(author(name) for name in item.authors),
        holder: escaped(item.venue),
        "year": str(item.year or (day.year if day else "")),
        "month": day.strftime("%b").lower() if day else "",
        "day": str(day.day) if day else "",
        "doi": address(item.doi),
        "eprint": address(item.arxiv_id),
        "archivePrefix": "arXiv" if item.arxiv_id else "",
        "url": address(item.address),
        "code": address(code) if code != item.address else "",
        **{_FIELDS[kind]: address(value) for kind, value in item.identifiers if kind in _FIELDS},
        "abstract": escaped(item.abstract),
    }
    lines = [f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}"
             for name, value in fields.items() if name and value]
    return f"@{kind}{{{item.key},\n" + ",\n".join(lines) + "\n}\n\n"
