"""JSON and JSONL: arXiv listings, daily papers, and records with the usual field names.

A list of records, an object that holds such a list, one record, or one record a line. A broken element or line is
rejected by its line; what was read before it stays.
"""

import json
import re

from papers.digests.latex import latex_to_text
from papers.digests.records import Parsed, normal_arxiv_id
from papers.digests.source import Source

NAME = "JSON"

_LISTS = ("papers", "entries", "results", "records", "items", "articles", "works", "data", "hits", "rows")
_ABSTRACTS = ("abstract", "summary")
_DESCRIPTIONS = ("description", "tldr")  # stand in for an abstract until there is one
_ARXIV_FIELDS = ("arxiv_id", "arxivId", "arxiv", "eprint", "id", "paper_id", "paperId", "entry_id", "url", "url_abs",
                 "pdf_url", "url_pdf", "link", "abs_url", "paper_url")
_DATES = ("published_on", "published", "publishedAt", "published_at", "publication_date", "publicationDate", "date",
          "submitted", "created", "update_date", "updated")
_URLS = ("url", "urls", "url_abs", "url_pdf", "pdf_url", "abs_url", "link", "links", "code", "code_url", "github",
         "githubRepo", "projectPage", "project_page", "homepage", "repo_url", "html_url", "paper_url", "entry_id")
_DECODER = json.JSONDecoder(parse_float=str)  # an arXiv id written as a number keeps its last zero
_NO_GAP = re.compile(r"[^\s,]")


def sniff(source: Source) -> float:
    return 0.9 if re.match(r"(?:\{\s*[\"}]|\[\s*[\[{\]])", source.head) else 0.0


def parse(source: Source) -> Parsed:
    text = source.text
    parsed = Parsed(NAME)
    lines = _LineCounter(text)
    start = len(text) - len(text.lstrip())
    if text[start] == "[":
        _read_list(text, start, parsed, lines)
        return parsed
    try:
        whole, end = _decode(text, start)
    except ValueError as error:
        inner = _list_inside(text)
        if inner is not None:
            _read_list(text, inner, parsed, lines)
        elif "\n" in text.strip():
            _read_lines(text, parsed)
        else:
            parsed.reject(lines.at(start), f"broken JSON: {error}", text[start:start + 200])
        return parsed
    if text[end:].strip():
        _read_lines(text, parsed)
    elif not isinstance(whole.get("title"), str) and (inner := _list_inside(text)) is not None:
        _read_list(text, inner, parsed, lines)
    else:
        _add(whole, lines.at(start), parsed)
    return parsed


def _decode(text: str, at: int):
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _after_gap(text: str, at: int) -> int:
    """Where the next thing begins after white space and commas; the text's end when nothing does."""
    thing = _NO_GAP.search(text, at)
    return thing.start() if thing else len(text)


def _list_inside(text: str) -> int | None:
    """Where the list of records begins in an object that holds one under a usual name."""
    for name in _LISTS:
        if match := re.search(rf'"{name}"\s*:\s*(?=\[)', text):
            return match.end()
    return None


def _read_list(text: str, start: int, parsed: Parsed, lines: "_LineCounter") -> None:
    at = _after_gap(text, start + 1)
    while at < len(text) and text[at] != "]":
        try:
            element, end = _decode(text, at)
        except ValueError as error:
            line = lines.at(at)
            parsed.reject(line, f"broken JSON from here on: {error}", text[at:at + 200])
            return
        _add(element, lines.at(at), parsed)
        at = _after_gap(text, end)
    if at >= len(text):
        parsed.notes.append("the list is not closed: the file seems cut off at its end")


def _read_lines(text: str, parsed: Parsed) -> None:
    parsed.format = "JSONL"
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line:
            continue
        try:
            element, end = _decode(line, 0)
        except ValueError as error:
            parsed.reject(number, f"not a JSON record: {error}", line)
            continue
        if line[end:].strip():
            parsed.reject(number, "more than one JSON value on the line", line)
        else:
            _add(element, number, parsed)


def _add(record, line: int, parsed: Parsed) -> None:
    excerpt = json.dumps(record, ensure_ascii=False)[:300]
    if not isinstance(record, dict):
        parsed.reject(line, f"expected an object with a title, found {type(record).__name__}", excerpt)
        return
    inner = record.get("paper")
    if isinstance(inner, dict):  # daily papers: the paper inside, the listing's own fields around it
        record = {**record, **{key: value for key, value in inner.items() if value not in (None, "", [])}}
    outside = record.get("externalIds") if isinstance(record.get("externalIds"), dict) else {}
    title = record.get("title")
    abstract = _text(record, _ABSTRACTS)
    parsed.add(
        line=line, title=title[0] if isinstance(title, list) and title else title, excerpt=excerpt,
        abstract=abstract or _text(record, _DESCRIPTIONS), described=not abstract,
        arxiv_id=_first_arxiv_id([outside.get("ArXiv"), *(record.get(name) for name in _ARXIV_FIELDS)]),
        doi=record.get("doi") or record.get("DOI") or outside.get("DOI"),
        year=record.get("year") or record.get("publication_year"),
        published_on=_date(record), authors=_authors(record), urls=list(_urls(record)))


def _text(record: dict, names: tuple[str, ...]) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, list):
            value = " ".join(part for part in value if isinstance(part, str))
        if isinstance(value, str) and value.strip():
            return value
    return ""


def _first_arxiv_id(values) -> str | None:
    for value in values:
        if arxiv_id := normal_arxiv_id(value):
            return arxiv_id
    return None


def _date(record: dict):
    versions = record.get("versions")
    if isinstance(versions, list) and versions and isinstance(versions[0], dict):
        return versions[0].get("created")  # the first version says when it appeared
    return next((record[name] for name in _DATES if isinstance(record.get(name), str)), None)


def _authors(record: dict) -> list[str]:
    parsed = record.get("authors_parsed")
    if isinstance(parsed, list) and parsed and all(isinstance(name, list) and len(name) >= 2 for name in parsed):
        return [latex_to_text(f"{name[1]} {name[0]}") for name in parsed]
    value = record.get("authors") or record.get("author") or []
    if isinstance(value, str):
        value = re.split(r"\s*;\s*|\s+and\s+", value) if ";" in value or " and " in value and "," not in value \
            else re.split(r",\s*(?:and\s+)?|\s+and\s+", value)
    names = []
    for person in value if isinstance(value, list) else []:
        if isinstance(person, dict):
            person = person.get("name") or person.get("fullname") or \
                f"{person.get('given', '')} {person.get('family', '')}"
        if isinstance(person, str) and person.strip():
            names.append(latex_to_text(person))
    return names


def _urls(record: dict):
    for name in _URLS:
        value = record.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                item = item.get("href") or item.get("url")
            if isinstance(item, str):
                yield item


class _LineCounter:
    """The line of an offset; offsets are asked in rising order."""

    def __init__(self, text: str):
        self.text, self.offset, self.line = text, 0, 1

    def at(self, offset: int) -> int:
        self.line += self.text.count("\n", self.offset, offset)
        self.offset = offset
        return self.line
