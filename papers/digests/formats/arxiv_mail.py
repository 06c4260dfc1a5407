r"""The mail arXiv sends each day: new papers, cross-lists and replacements, each between two lines of \\."""

import re
from collections.abc import Iterator

from papers.digests.latex import plain
from papers.digests.names import split_names
from papers.digests.records import Parsed, normal_arxiv_id, normal_doi
from papers.digests.source import Source

NAME = "arXiv mail"

_BEGIN = re.compile(r"^\\\\[ \t]*\n(?:arXiv:|Paper(?: \(.*?\))?:)", re.M)
_ENCODED = re.compile(r"^(?:mime-version|content-transfer-encoding|content-type):", re.I | re.M)
_HEADER = re.compile(r"(?:date|from|to|subject|return-path|received|message-id|reply-to):", re.I)
_QUOTED = re.compile(r"^(?:> ?)+(?=\\\\[ \t]*$)", re.M)
_NUMBER = re.compile(r"(?:arXiv:|Paper(?: \(.*?\))?:)\s*(\S+)[ \t]*(.*)")
_FIELD = re.compile(r"([A-Z][A-Za-z-]{2,20}):(?:[ \t]+(.*)|[ \t]*$)")
_LOST = re.compile(r"Title: |arXiv:\d")
_RULE = re.compile(r"-{20,}|(?:%{1,3}-{1,3}){5,}%*|={20,}|_{20,}")
_BRACKETS = re.compile(r"\s*\([^()]*\)")
_FRAME_WORDS = re.compile(r"arxiv|submi|received|from |to:|subj|archive|unsubscribe|send any|https?:|date:|help", re.I)


def sniff(source: Source) -> float:
    found = _BEGIN.search(_unquoted(source.text[:50_000]))
    page = source.head.startswith("<") and "</" in source.text[:50_000]  # that quotes a mail
    if not found or page or source.head.startswith(("{", "[", "@")):
        return 0.0
    # In a mail with an encoding it is the words of the mail that are to be read; one saved as text is read here.
    headers = source.head.partition("\n\n")[0]
    return 0.5 if _ENCODED.search(headers) else 0.97 if _HEADER.match(headers) else 0.84


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    for number, block in _blocks(_unquoted(source.text), parsed):
        _add(number, block, parsed)
    return parsed


def _unquoted(text: str) -> str:
    """The text of a mail that was passed on, without the marks at its left."""
    return re.sub(r"^(?:> ?)+", "", text, flags=re.M) if _QUOTED.search(text) else text


def _blocks(text: str, parsed: Parsed) -> Iterator[tuple[int, list[str]]]:
    """The lines of each entry, from the one with its number up to a rule or the next entry."""
    lines = text.split("\n")
    block: list[str] | None = None
    start = ended = 0
    stray: tuple[int, str] | None = None
    for number, line in enumerate([*lines, "-" * 40], 1):
        line = line.rstrip()
        opens = line == "\\\\" and number < len(lines) and bool(_NUMBER.match(lines[number]))
        if opens or _RULE.fullmatch(line.strip()):
            if block:
                yield start, block
                ended = number
            if stray:
                parsed.reject(stray[0], "text outside any entry, not read", stray[1])
            block, start, stray = ([] if opens else None), number + 1, None
        elif block is not None:
            block.append(line)
        elif not stray and (_LOST.match(line) or ended and line.strip(" \\") and not _FRAME_WORDS.search(line)):
            stray = number, line


def _add(number: int, block: list[str], parsed: Parsed) -> None:
    head = _NUMBER.match(block[0])
    arxiv_id = normal_arxiv_id(head[1]) if head else None
    if head is None or arxiv_id is None:
        parsed.reject(number, "an entry without a readable arXiv number", " ".join(block[:5]))
        return
    marks = [index for index, line in enumerate(block) if line.startswith("\\\\")]
    fields, again, unread = _fields(block[1:marks[0] if marks else len(block)])
    abstract = block[marks[0] + 1:marks[1] if len(marks) > 1 else len(block)] if marks and \
        block[marks[0]] == "\\\\" else []
    after = [line for line in block[marks[1] + 1:] if line.strip()] if len(marks) > 1 else []
    if not fields.get("title") and not abstract:
        parsed.reject(number, "an entry without a title", " ".join(block[:5]))
        return
    before = len(parsed.records)
    day = re.sub(r"\(.*", "", fields.get("date", "")).strip()
    parsed.add(
        line=number, title=fields.get("title", ""), excerpt=" ".join(block[:5]), abstract=" ".join(abstract),
        arxiv_id=arxiv_id, doi=normal_doi(fields.get("doi")), published_on=None if again else day,
        authors=_authors(fields.get("authors") or fields.get("author") or ""), comment=fields.get("comments", ""),
        venue=fields.get("journal-ref", ""))
    for index, line in unread:
        parsed.reject(number + 1 + index, "a line in the head of an entry that is no field, not read", line)
    if after and len(parsed.records) > before:
        parsed.reject(number + len(block) - 1, "text after the end of an entry, not read", " ".join(after))


def _fields(lines: list[str]) -> tuple[dict[str, str], bool, list[tuple[int, str]]]:
    """The fields by name, whether the entry announces a revised version, and lines that are neither."""
    unread: list[tuple[int, str]] = []
    fields: dict[str, list[str]] = {}
    last: list[str] | None = None
    again = False
    for index, line in enumerate(lines):
        found = _FIELD.match(line)
        if found:
            last = fields.setdefault(found[1].lower(), [])
            last.append(found[2] or "")
        elif line[:1].isspace() and last is not None:
            last.append(line)
        elif line.lower().startswith(("replaced", "date (revised", "withdrawn", "revised")):
            again, last = True, None
        elif line.strip() and not line.startswith("Date ("):
            unread.append((index, line))
    return {name: " ".join(" ".join(values).split()) for name, values in fields.items()}, again, unread


def _authors(text: str) -> list[str]:
    text = text[:50_000]
    for _ in range(4):  # affiliations, with brackets of their own
        text = _BRACKETS.sub("", text)
    text = re.sub(r"\s*\([^()]*$", "", text)
    return split_names(plain(text.replace(": ", ", ")))
