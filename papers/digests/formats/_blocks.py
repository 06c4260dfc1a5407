"""A page as the blocks a reader sees, in one pass: headings, list items, tables and paragraphs, with their links."""

import re
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise

from selectolax.lexbor import LexborHTMLParser

from papers.digests.html import DOCTYPE, check_depth

_TAG = re.compile(r"<(?:!--.*?--|(/?)([a-z][^\s/>]*)((?:\s+[^\s=>\"]+(?:=\"[^\"]*\")?)*)\s*/?)>", re.S)
_ATTRIBUTE = re.compile(r"\s([^\s=>\"]+)=\"([^\"]*)\"")
_HIDDEN = re.compile(r"\shidden(?:[\s=]|$)|\saria-hidden=\"true\"|"
                     r"\sstyle=\"[^\"]*(?:display:\s*none|visibility:\s*hidden)", re.I)
_NUMBERED = re.compile(r"<(li|t[rdh]|d[td]|p|h[1-6]|article|section|div)(?=[\s>/])", re.I)
_VOID = set("area base br col embed hr img input link meta param source track wbr".split())
_RAW = set("script style xmp iframe noembed noframes plaintext noscript".split())  # serialised as they are
_UNSEEN = _RAW | set("head template title nav footer aside textarea select button svg math pre form dialog".split())
_BLOCKS = set("p div ul ol dl dd section header main article blockquote center figure figcaption details summary hr "
              "td th tr table tbody thead caption address".split())
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_CELLS = {"td", "th"}


@dataclass(slots=True)
class Run:
    """Words in one style: the address they are linked to, "b" or "i". A line break is a run of its own."""

    text: str
    href: str = ""
    style: str = ""


@dataclass(slots=True)
class Block:
    """`kind`: heading, item, term (dt), text or table. `rows`: a table's cells; `level`: how deep an item is nested."""

    kind: str
    line: int | None
    runs: list[Run] = field(default_factory=list)
    level: int = 0
    classes: str = ""
    rows: list[tuple[int | None, list[list[Run]]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return words(self.runs)


def words(runs: list[Run]) -> str:
    return " ".join("".join(run.text for run in runs).split())


def numbered(html: str, first: int = 1) -> str:
    """The HTML with the number of its line on each element that may begin a block."""
    at, line = 0, first

    def mark(found: re.Match) -> str:
        nonlocal at, line
        line += html.count("\n", at, found.start())
        at = found.start()
        return f'<{found[1]} data-line="{line}"'

    return _NUMBERED.sub(mark, html)


def blocks(html: str) -> list[Block]:
    """The visible blocks in their order. Raises ValueError where elements are nested absurdly deep."""
    check_depth(html)
    return _Reader(DOCTYPE.sub("", LexborHTMLParser(html).html or "", count=1)).blocks


class _Reader:
    """One pass over well-formed HTML. `open` holds the items and terms that words belong to."""

    def __init__(self, html: str):
        self.html, self.blocks = html, []  # type: str, list[Block]
        self.open: list[Block] = []
        self.current: Block | None = None  # the heading or paragraph that words belong to outside an item
        self.cell: list[Run] | None = None
        self.line: int | None = None
        self.classes = self.href = ""
        self.styles = {"b": 0, "i": 0}
        self.unseen = 0  # open elements since what is not shown began
        self.table: Block | None = None
        self.leaves = _leaf_tables(html)
        at = 0
        while tag := _TAG.search(html, at):
            if at < tag.start() and not self.unseen:
                self._words(html[at:tag.start()])
            at = tag.end()
            name = tag[2]
            if name in _RAW and not tag[1]:
                end = html.find(f"</{name}", at)
                if end < 0:
                    return
                at = end
            if name:
                self._tag(tag, name)
        self._words(html[at:])

    def _tag(self, tag: re.Match, name: str) -> None:
        closing = bool(tag[1])
        if name in _VOID:
            if name == "br" and not self.unseen:
                self._put(Run("\n"))
            elif name == "hr" and not self.unseen and not self.open:
                self.current = None
            return
        if self.unseen:
            self.unseen += -1 if closing else 1
            return
        if not closing and (name in _UNSEEN or _HIDDEN.search(tag[3])):
            self.unseen = 1
            return
        if closing:
            self._close(name)
        else:
            self._open(name, tag)

    def _open(self, name: str, tag: re.Match) -> None:
        attributes = dict(_ATTRIBUTE.findall(tag[3])) if tag[3] else {}
        if attributes.get("data-line", "").isdigit():
            self.line = int(attributes["data-line"][:9])
        if name == "a":
            self.href = unescape(attributes.get("href", "")[:2000]).strip()
            if self.href:
                self._put(Run("", self.href))
        elif name in ("b", "strong"):
            self.styles["b"] += 1
        elif name in ("i", "em"):
            self.styles["i"] += 1
        elif name == "table":
            if tag.start() in self.leaves and self.table is None:
                self.table = Block("table", self.line)
        elif name == "tr" and self.table is not None:
            self.table.rows.append((self.line, []))
        elif name in _CELLS and self.table is not None:
            self.cell = []
            if not self.table.rows:
                self.table.rows.append((self.line, []))
            self.table.rows[-1][1].append(self.cell)
            if name == "th":
                self.table.classes = "headed"
        elif name in ("li", "dt"):
            self.current = None
            block = Block("item" if name == "li" else "term", self.line, level=len(self.open))
            if self.cell is None:
                self.blocks.append(block)
                self.open.append(block)
        elif name in _HEADINGS:
            if self._inside():
                self._put(Run("\n"))
                self.styles["b"] += 1
            else:
                self.current = Block("heading", self.line, level=int(name[1]))
                self.blocks.append(self.current)
        elif name in _BLOCKS:
            self._edge(attributes.get("class", "")[:100])

    def _close(self, name: str) -> None:
        if name == "a":
            self.href = ""
        elif name in ("b", "strong", "i", "em"):
            style = "b" if name in ("b", "strong") else "i"
            self.styles[style] = max(0, self.styles[style] - 1)
        elif name == "table" and self.table is not None:
            self.cell = None
            table, self.table = self.table, None
            table.kind = "table"
            self.current = None
            self.blocks.append(table)
        elif name in _CELLS and self.table is not None:
            self.cell = None
        elif name in ("li", "dt"):
            if self.cell is None and self.open:
                self.open.pop()
            self.current = None
        elif name in _HEADINGS:
            if self._inside():
                self.styles["b"] = max(0, self.styles["b"] - 1)
                self._put(Run("\n"))
            self.current = None
        elif name in _BLOCKS:
            self._edge("")

    def _inside(self) -> bool:
        return bool(self.open) or self.cell is not None

    def _edge(self, classes: str) -> None:
        if self._inside():
            self._put(Run("\n"))
        else:
            self.current = None
            self.classes = classes

    def _words(self, html: str) -> None:
        if self.unseen:
            return
        text = re.sub(r"\s+", " ", unescape(html) if "&" in html else html)
        if text.strip() or (text and (self._inside() or self.current)):
            self._put(Run(text, self.href, next((style for style, count in self.styles.items() if count), "")))

    def _put(self, run: Run) -> None:
        if self.cell is not None:
            self.cell.append(run)
        elif self.open:
            self.open[-1].runs.append(run)
        else:
            if self.current is None:
                if run.text == "\n":
                    return
                self.current = Block("text", self.line, classes=self.classes)
                self.blocks.append(self.current)
            self.current.runs.append(run)


def _leaf_tables(html: str) -> set[int]:
    """Where tables begin that hold no other table: those around others only lay a page out."""
    tags = [(found.start(), bool(found[1])) for found in re.finditer(r"<(/?)table[\s>]", html)]
    return {start for (start, closing), (_, next_closing) in pairwise(tags) if not closing and next_closing}
