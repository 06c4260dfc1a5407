"""Trending-papers text as copied from the page: titles and abstracts by turns.

Two layouts: paragraphs with blank lines between, or one title or abstract per line with `Subscribe` run into the
first title. Other running text (a newsletter) is tried the same way when it holds a title followed by an abstract.
"""

import re
from dataclasses import dataclass, field

from papers.digests.kinds import structure
from papers.digests.records import Parsed, clean_url, normal_arxiv_id
from papers.digests.source import Source

NAME = "trending papers"

_INVITATION = re.compile(r"get trending papers in your email inbox(?: once a day)?\s*!?", re.I)
_DATE = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:, \d{4})?", re.I)
_CREDIT = re.compile(r"by\s?AK and the research community", re.I)
_FIRST_WORDS = re.compile(r"(?:abstract[:.]|we |this (?:paper|work|article|study) |in this )", re.I)
_SENTENCE_BREAK = re.compile(r"[a-z0-9)\]][.!?][\"')\]]? +[A-Z(]")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBER = re.compile(r"\(?(\d{1,3})(?:[.):]{1,2}|\]) +(?=\S)")

_ENDED = re.compile(r"[.!?:][\"')\]”’]*$")

Block = tuple[int, str]  # its first line, its text


def sniff(source: Source) -> float:
    if _INVITATION.search(source.text):
        return 0.7
    if not source.text or structure(source):
        return 0.0
    kinds = [_kind(block) for _, block in _blocks(_without_headers(source.text))[0]]
    return 0.1 if any(pair in (("title", "abstract"), ("sentence", "abstract"))
                      for pair in zip(kinds, kinds[1:], strict=False)) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME, guessed=not _INVITATION.search(source.text))
    blocks, dropped = _blocks(_without_headers(source.text))
    if dropped:
        parsed.notes.append(f"{len(dropped)} lines without any letter were passed over: "
                            f"{', '.join(map(str, dropped[:10]))}{' …' if len(dropped) > 10 else ''}")
    _pair(_without_numbers(blocks), parsed)
    return parsed


def _without_headers(text: str) -> list[Block]:
    """Numbered, stripped lines; the page's header lines come back empty, wherever a page begins."""
    lines = [line.strip() for line in text.split("\n")]
    header, invited, out = True, False, []
    for number, line in enumerate(lines, 1):
        if not line:
            pass
        elif line.lower() == "new" and any(_INVITATION.fullmatch(after) for after in lines[number:number + 4]):
            header, line = True, ""
        elif _INVITATION.fullmatch(line):
            header, invited, line = True, True, ""
        elif header and line:
            if re.match(r"Subscribe(?=\S|$)" if invited else r"Subscribe(?=$|[^\sa-z])", line):
                line, invited = line[len("Subscribe"):], False
            line = _CREDIT.sub("", line, count=1).strip() if _CREDIT.match(line) else line
            if _DATE.fullmatch(line):
                line = ""
            elif line:
                header = False
        out.append((number, line))
    return out


def _blocks(lines: list[Block]) -> tuple[list[Block], list[int]]:
    """Paragraphs, and the numbers of lines without a letter.

    Lines stand alone unless blank lines set groups of wrapped lines apart.
    """
    groups: list[list[Block]] = [[]]
    dropped = []
    for number, line in lines:
        if not line:
            if groups[-1]:
                groups.append([])
        elif _LETTER.search(line) or normal_arxiv_id(line):
            groups[-1].append((number, line))
        else:
            dropped.append(number)
    if not groups[-1]:
        groups.pop()
    separated = len(groups) > 1
    blocks = []
    for group in groups:
        if len(group) == 1:
            blocks += group
            continue
        longest = max(len(line) for _, line in group)
        if separated and longest <= 120 and sum(len(line) for _, line in group) > 200:
            blocks.append((group[0][0], " ".join(line for _, line in group)))  # a hard-wrapped paragraph
        else:
            blocks += group
    return blocks, dropped


def _without_numbers(blocks: list[Block]) -> list[Block]:
    """A newsletter's "1)." before its titles taken off, where two or more count up from 1."""
    numbered = [(index, found) for index, (_, block) in enumerate(blocks)
                if len(block) <= 300 and (found := _NUMBER.match(block))]
    if len(numbered) < 2 or [int(found[1]) for _, found in numbered] != list(range(1, len(numbered) + 1)):
        return blocks
    blocks = list(blocks)
    for index, found in numbered:
        line, block = blocks[index]
        blocks[index] = line, block[found.end():]
    return blocks


def _kind(block: str) -> str:
    """title, abstract, address, or sentence for what could be a short abstract or a title with a full stop."""
    if normal_arxiv_id(block) or (block.startswith("http") and " " not in block and clean_url(block)):
        return "address"
    breaks = len(_SENTENCE_BREAK.findall(block))
    if len(block) > 300 or (len(block) > 200 and (breaks or block.endswith("."))) or breaks >= 2:
        return "abstract"
    if "http://" in block or "https://" in block or _FIRST_WORDS.match(block) \
            or (block.endswith(".") and not block.endswith("..") and len(block.split()) >= 3):
        return "sentence"
    return "title"


@dataclass(slots=True)
class _Entry:
    line: int
    title: str
    abstract: list[str] = field(default_factory=list)
    arxiv_id: str | None = None
    urls: list[str] = field(default_factory=list)

    def close(self, parsed: Parsed) -> None:
        if not self.abstract:
            parsed.notes.append(f"line {self.line}: a title without an abstract")
        parsed.add(line=self.line, title=self.title, abstract=" ".join(self.abstract), arxiv_id=self.arxiv_id,
                   urls=self.urls)

    def refer(self, address: str) -> None:
        """An identifier alone on its line is the paper's own, another address a link of it."""
        if normal_arxiv_id(address) and not self.arxiv_id:
            self.arxiv_id = address
        else:
            self.urls.append(address)


def _pair(blocks: list[Block], parsed: Parsed) -> None:
    entry: _Entry | None = None
    following = _kind(blocks[0][1]) if blocks else ""
    goes_on = False  # an abstract, behind an address in the middle of a sentence
    for index, (line, block) in enumerate(blocks):
        kind, following = following, _kind(blocks[index + 1][1]) if index + 1 < len(blocks) else ""
        if kind == "address" and entry:
            after = blocks[index + 1][1] if index + 1 < len(blocks) else ""
            goes_on = bool(entry.abstract and after[:1].islower() and not _ENDED.search(entry.abstract[-1]))
            if goes_on:
                entry.abstract.append(block)  # a line of it that holds nothing else
            else:
                entry.refer(block)
            continue
        if goes_on and entry:
            entry.abstract.append(block)
            goes_on = False
            continue
        if kind == "sentence":
            if following == "abstract" and "http" not in block:
                kind = "title"
            elif entry:
                entry.abstract.append(block)
                continue
        if kind == "title":
            if entry:
                entry.close(parsed)
            entry = _Entry(line, block)
        elif entry and not entry.abstract:
            entry.abstract.append(block)
        else:
            parsed.reject(line, "an address with no title before it" if kind == "address"
                          else "an abstract with no title before it", block)
    if entry:
        entry.close(parsed)
