"""BibTeX, by bibtexparser.

The text is split at the heads of entries first: so one broken entry cannot take the next along, each is bounded, and
every stretch of text ends as a paper, a reject with its line, or a comment as BibTeX has them.
"""

import logging
import re
from collections.abc import Iterator

from bibtexparser.middlewares.names import InvalidNameError, parse_single_name_into_parts, split_multiple_persons_names
from bibtexparser.model import Block, Entry, ImplicitComment, ParsingFailedBlock, String
from bibtexparser.splitter import Splitter

from papers.digests.identifiers import named_identifiers
from papers.digests.latex import latex_to_text
from papers.digests.names import split_names
from papers.digests.records import ABSTRACT_LIMIT, Parsed, find_arxiv_id, normal_arxiv_id
from papers.digests.source import Source
from papers.digests.venues import clean_venue

NAME = "BibTeX"
ENTRY_LIMIT = 500_000  # characters of one entry

# Rejects say what the log would repeat.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

_HEAD = re.compile(r"^[ \t]*@[ \t]*(\w+)\s*[{(]", re.M)
_HEAD_IN_LINE = re.compile(r"(?<=\})[ \t,]*@[ \t]*\w+[ \t]*[{(]")
_KEY = re.compile(r"\s*@\s*\w+\s*[{(]\s*([^\s,{}()]+)")
_CROSSREF = re.compile(r"\bcrossref\s*=\s*[{\"]?\s*([^\s,{}\"]+)", re.I)
_VOLUMES = ("proceedings", "book", "collection", "mvproceedings", "mvbook", "mvcollection")
_PART = re.compile(r"(\w+)\s*=\s*(\{[^{}]*\}|\"[^\"]*\"|[^,]*)")
_COMMENTS = ("comment", "preamble", "string")
_MARKS = re.compile(r"\\.|[{}\"#]", re.S)
_ADDRESS = re.compile(r"https?://[^\s{}\\]+")
_ESCAPED = re.compile(r"\{?\\(?:textasciitilde|([_%&#~$]))(?:\{\})?\}?")
_MONTHS = {month: number for number, month in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}


def sniff(source: Source) -> float:
    kinds = (found[1].lower() for found in _HEAD.finditer(source.text[:1_000_000]))
    return 0.8 if any(kind not in _COMMENTS for kind in kinds) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    strings: dict[str, str] = {}
    volumes = _volumes(source.text)
    for line, chunk in _chunks(source.text):
        if reason := _hopeless(chunk):
            parsed.reject(line, reason, chunk[:200])
            continue
        failed = False
        for block in Splitter(chunk).split().blocks:
            if not (failed and isinstance(block, ImplicitComment)):  # the rest of the entry that failed
                _take(block, line, strings, parsed, volumes)
            failed = False
            if isinstance(block, ParsingFailedBlock) and block.ignore_error_block is None:
                failed = True
                excerpt = chunk[chunk.find(block.raw or ""):][:200]
                reason = " ".join(str(getattr(block.error, "abort_reason", block.error)).split())[:200]
                parsed.reject(line + (block.start_line or 0), f"an entry that does not parse: {reason}", excerpt)
    return parsed


def _volumes(text: str) -> dict[str, dict[str, str]]:
    """The fields of the entries that others refer to as the volume they are in, by key in lower case."""
    wanted = {found[1].lower() for found in _CROSSREF.finditer(text)}
    volumes: dict[str, dict[str, str]] = {}
    for _, chunk in _chunks(text) if wanted else ():
        head = _KEY.match(chunk)
        if head and head[1].lower() in wanted and not _hopeless(chunk):
            for block in Splitter(chunk).split().blocks:
                if isinstance(block, Entry):
                    volumes[block.key.lower()] = {field.key.lower(): _value(field.value, {}) for field in block.fields}
    return volumes


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """The text cut before each head at a line's start, with the line each piece begins on."""
    starts = [0, *(head.start() for head in _HEAD.finditer(text)), len(text)]
    line = 1
    for start, end in zip(starts, starts[1:], strict=False):
        chunk = text[start:end]
        if len(chunk) > ENTRY_LIMIT:  # a file without line breaks, as some programs write
            cuts = [0, *(head.start() for head in _HEAD_IN_LINE.finditer(chunk)), len(chunk)]
            for cut, until in zip(cuts, cuts[1:], strict=False):
                yield line + chunk.count("\n", 0, cut), chunk[cut:until]
        elif chunk.strip():
            yield line, chunk
        line += chunk.count("\n")


def _hopeless(chunk: str) -> str:
    """Why there is no use in parsing: said at once, as a file may hold a million of these."""
    if "@" not in chunk:
        return ""
    if len(chunk) > ENTRY_LIMIT:
        return f"an entry of {len(chunk):,} characters, at most {ENTRY_LIMIT:,} are read"
    if "}" not in chunk and ")" not in chunk:
        return "an entry that does not parse: it is never closed, a } is missing"
    if "=" not in chunk and not re.match(r"\s*@\s*(?:comment|preamble)", chunk[:100], re.I):
        return "an entry without fields"
    return ""


def _take(block: Block, line: int, strings: dict[str, str], parsed: Parsed, volumes: dict[str, dict[str, str]]) -> None:
    line += block.start_line or 0
    if isinstance(block, ParsingFailedBlock):
        if isinstance(block.ignore_error_block, Entry):  # a key or a field that comes twice: all is there
            _add(block.ignore_error_block, line, strings, parsed, volumes)
    elif isinstance(block, Entry) and block.key.lower() in volumes and block.entry_type in _VOLUMES:
        parsed.notes.append(f"line {line}: the volume {block.key[:60]} is no paper; those in it carry its name")
    elif isinstance(block, Entry):
        _add(block, line, strings, parsed, volumes)
    elif isinstance(block, String):
        strings[block.key.lower()] = _value(block.value, strings)
    elif isinstance(block, ImplicitComment):
        rest = [words for words in block.comment.split("\n")
                if any(map(str.isalnum, words)) and not words.lstrip().startswith("%")]
        if rest:
            parsed.reject(line, "text outside any entry, not read", " ".join(rest)[:200])


def _add(entry: Entry, line: int, strings: dict[str, str], parsed: Parsed, volumes: dict[str, dict[str, str]]) -> None:
    fields: dict[str, str] = {}
    for field in entry.fields:
        raw = field.value
        good = len(raw) if re.fullmatch(r"[^\s{}&%\\]+", field.key) else 0
        good = min(good, _runs_on(raw))
        if good < len(raw):
            parsed.reject(line, f"a field that does not parse: a comma, brace or quote is missing by {field.key[:40]}",
                          raw[good:good + 200])
        if value := _value(raw[:good], strings):
            name = field.key.lower()
            if fields.setdefault(name, value) != value and name == "title":
                parsed.reject(line, "a second title in one entry, not read", value[:200])
    if volume := volumes.get(fields.get("crossref", "").lower()):
        fields = {"booktitle": volume.get("booktitle") or volume.get("title", ""), **{
            name: volume[name] for name in ("year", "date", "month") if name in volume}, **fields}
    title = latex_to_text(fields.get("title", "")[:5000])
    if subtitle := latex_to_text(fields.get("subtitle", "")[:1000]):
        title = f"{title}: {subtitle}"
    abstract = fields.get("abstract", "")
    archive = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower()
    urls = [url for name, value in fields.items()
            if name in ("url", "pdf", "code", "howpublished", "note", "ee", "link") or name.startswith("bdsk-url")
            for url in _ADDRESS.findall(_ESCAPED.sub(lambda sign: sign[1] or "~", value[:20_000]))]
    parsed.add(
        line=line, title=title, excerpt=f"@{entry.entry_type}{{{entry.key}",
        abstract=latex_to_text(abstract) if len(abstract) <= 2 * ABSTRACT_LIMIT else abstract,
        arxiv_id=_arxiv_id(fields, archive, urls), doi=_ESCAPED.sub(r"\1", fields.get("doi", "")[:1000]) or None,
        year=fields.get("year") or fields.get("date"), published_on=_date(fields),
        authors=_authors(fields.get("author", "")), comment=latex_to_text(fields.get("note", "")[:2000]),
        identifiers=tuple(named_identifiers(fields)), venue=_venue(fields),
        urls=[*urls, *re.findall(r"\\href\s*\{\s*(https?://[^\s{}]+)", abstract)])


def _venue(fields: dict[str, str]) -> str:
    named = (clean_venue(latex_to_text(fields.get(name, "")[:2000])) for name in (
        "booktitle", "journal", "journaltitle", "maintitle", "eventtitle", "school"))
    return next(filter(None, named), "")


def _runs_on(raw: str) -> int:
    """Where the value ends: before what stands between it and an = outside braces and quotes, of the next field."""
    if "=" not in raw:
        return len(raw)
    start, depth, quoted = 0, 0, False
    for mark in _MARKS.finditer(raw):
        if not depth and not quoted and "=" in raw[start:mark.start()]:
            return start
        if mark[0] in "{}":
            depth += 1 if mark[0] == "{" else -1
        elif mark[0] == '"' and not depth:
            quoted = not quoted
        start = mark.end()
    return start if not depth and not quoted and "=" in raw[start:] else len(raw)


def _value(raw: str, strings: dict[str, str]) -> str:
    """A field's text: braces or quotes around it taken off, @string names filled in, parts joined by # put together."""
    parts, start, depth, quoted = [], 0, 0, False
    for mark in _MARKS.finditer(raw):
        if mark[0] == "{":
            depth += 1
        elif mark[0] == "}":
            depth -= 1
        elif mark[0] == '"' and not depth:
            quoted = not quoted
        elif mark[0] == "#" and not depth and not quoted:
            parts.append(raw[start:mark.start()])
            start = mark.end()
    parts.append(raw[start:])
    text, room = [], 2 * ENTRY_LIMIT  # names may stand for names, so a short file could ask for a long text
    for part in map(str.strip, parts):
        if len(part) > 1 and (part[0] + part[-1]) in ("{}", '""'):
            text.append(part[1:-1])
        else:
            text.append(strings.get(part.lower(), part))
        room -= len(text[-1])
        if room < 0:
            break
    return "".join(text).strip()


def _arxiv_id(fields: dict[str, str], archive: str, urls: list[str]) -> str | None:
    if found := normal_arxiv_id(fields.get("eprint")) if archive == "arxiv" else None:
        return found
    for value in (fields.get("arxivid"), *urls):
        if found := normal_arxiv_id(value):
            return found
    for name in ("journal", "volume", "number", "note", "howpublished", "publisher", "journaltitle"):
        if name in fields and (found := find_arxiv_id(fields[name])):
            return found
    return None


def _authors(text: str) -> list[str]:
    """The people of an author field as a reader would write them: first names, von, last names, Jr."""
    names: list[str] = []
    braces = "{" in text  # which hide an "and" or a comma: only then the slower way
    for person in split_multiple_persons_names(text) if braces else re.split(r"\s+and\s+", text.strip(), flags=re.I):
        if person.strip().lower() == "others":
            continue
        if "," not in person:
            names.append(latex_to_text(person))
            continue
        if "family=" in person:  # biblatex's way of naming the parts
            parts = {name.lower(): value.strip('{}" ') for name, value in _PART.findall(person)}
            names.append(latex_to_text(" ".join(filter(None, map(parts.get, ("given", "prefix", "family", "suffix"))))))
            continue
        if not braces and person.count(",") == 1:
            names.append(latex_to_text(" ".join(reversed(person.split(",")))))
            continue
        try:
            names.append(latex_to_text(parse_single_name_into_parts(person).merge_first_name_first))
        except InvalidNameError:  # too many commas, or braces that do not match
            names += map(latex_to_text, split_names(person))
    return names


def _date(fields: dict[str, str]) -> str | None:
    if re.match(r"\d{4}-\d{2}-\d{2}", fields.get("date", "")):
        return fields["date"]
    month = fields.get("month", "").strip().lower()
    number = _MONTHS.get(month[:3]) or (int(month) if re.fullmatch(r"0?[1-9]|1[0-2]", month) else None)
    day, year = fields.get("day", "").strip(), fields.get("year", "").strip()
    if number and re.fullmatch(r"[0-9]{1,2}", day) and re.fullmatch(r"[0-9]{4}", year):
        return f"{year}-{number}-{day}"
    return None
