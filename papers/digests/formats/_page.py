"""The papers that a page lists: in tables with headings, items, arXiv's definition lists, headings with words below."""

import re
from collections.abc import Iterator

from papers.digests.formats import _columns
from papers.digests.formats._blocks import Block, Run, words
from papers.digests.formats._columns import Cell
from papers.digests.formats._entries import absolute, read_entry
from papers.digests.names import split_names
from papers.digests.records import Parsed, normal_arxiv_id

_ARXIV_PARTS = {"list-title": "title", "list-authors": "authors", "list-comments": "comment",
                "list-journal-ref": "journal", "list-subjects": "subjects", "mathjax": "abstract"}
_DESCRIPTOR = re.compile(r"^\s*(?:Title|Authors?|Comments|Journal-ref|Subjects|Abstract)\s*:\s*", re.I)
_PROSE = 60  # characters from which words outside an entry are worth a reject


def read_page(blocks: list[Block], parsed: Parsed, base: str = "") -> None:
    """Add what the blocks list; what looks like an entry or like text and is none becomes a reject."""
    page = _Page(parsed, base)
    at = 0
    while at < len(blocks):
        at = page.read(blocks, at)
    if page.items:
        for item in page.menu:
            parsed.reject(item.line, "an item among papers whose link leads to none", item.text)
        page.passed -= len(page.menu)
    if page.titles:
        for heading in page.groups:  # of the same kind as those that were papers' titles
            if heading.level in page.titles and len(heading.text.split()) >= 3:
                parsed.reject(heading.line, "a heading like those of papers, without a link to a paper below",
                              heading.text)
    if page.passed:
        parsed.notes.append(f"{page.passed} menu items, links within the page and short lines were passed over")


class _Page:
    def __init__(self, parsed: Parsed, base: str):
        self.parsed, self.base, self.passed = parsed, base, 0
        self.items = 0  # that are papers
        self.menu: list[Block] = []  # items that would be, but for their link
        self.titles: set[int] = set()  # the levels of headings that are titles
        self.groups: list[Block] = []  # headings that are none

    def read(self, blocks: list[Block], at: int) -> int:
        """Read what begins with a block; the place of the next thing."""
        block = blocks[at]
        if block.kind == "table":
            self._table(block)
        elif block.kind == "term":
            return self._term(blocks, at)
        elif block.kind == "item":
            end = at + 1
            while end < len(blocks) and blocks[end].kind == "item" and blocks[end].level > block.level:
                end += 1
            self._item(block, blocks[at + 1:end])
            return end
        elif block.kind == "heading":
            return self._section(blocks, at)
        else:
            self._text(block)
        return at + 1

    def _table(self, table: Block) -> None:
        rows = [(line, cells) for line, cells in table.rows if any(map(words, cells))]
        heads = ((start, _columns.columns(list(map(words, cells)))) for start, (_, cells) in enumerate(rows[:3]))
        start, head = next(((start, head) for start, head in heads if head), (0, None))
        if head and (head.known >= 2 or table.classes):
            for line, cells in rows[start + 1:]:
                self._row(head, cells, line)
            return
        links = any(run.href for _, cells in rows for cell in cells for run in cell)
        if table.classes and links:
            self.parsed.reject(rows[0][0], "a table: " + _columns.unknown(map(words, rows[0][1])),
                               " | ".join(map(words, rows[0][1])))
            return
        for line, cells in rows:  # without headings: each row is an entry, or the table only lays the page out
            self._text(Block("text", line, [run for cell in cells for run in (*cell, Run("\n"))]))

    def _row(self, head: _columns.Columns, cells: list[list[Run]], line: int | None) -> None:
        plain = [Cell(words(cell), [link for run in cell if (link := absolute(run.href, self.base))]) for cell in cells]
        place = head.places["title"][0]
        styles = {(run.style, run.href) for run in cells[place] if run.text.strip()} if place < len(cells) else set()
        if len(styles) > 1 and not _columns.LABEL.fullmatch(plain[place].text[:80]):
            entry = read_entry(cells[place], self.base)  # "1) **Title** - a description"
            if entry:
                inside = entry.fields
                fields = _columns.row_fields(head, plain)
                fields["title"] = inside["title"]
                if not fields["abstract"] and inside["abstract"]:
                    fields.update(abstract=inside["abstract"], described=True)
                for name in ("authors", "year", "published_on", "doi", "arxiv_id"):
                    fields[name] = fields[name] or inside[name]
                self.parsed.add(line=line, excerpt=" | ".join(cell.text for cell in plain)[:400], **fields)
                return
        _columns.add_row(self.parsed, head, plain, line)

    def _item(self, item: Block, inner: list[Block]) -> None:
        """An item with those below it: details of one entry, entries of a group, or both."""
        own = read_entry(item.runs, self.base)
        read = [(block, read_entry(block.runs, self.base)) for block in inner]
        entries = [entry and entry.sure and _has_title(block, entry.fields["title"]) for block, entry in read]
        if own and not any(entries):
            joined = [*item.runs, *(run for block in inner for run in (Run("\n"), *block.runs))]
            if inner and (whole := read_entry(joined, self.base)):
                if (own.sure or own.linked or whole.sure) and len(whole.fields["title"]) > 1:
                    self._add(whole, item, words(joined))
                    return
            elif not inner:
                self._entry(own, item)
                return
        if own and (own.sure or own.linked):
            kept = [run for (block, _), entry in zip(read, entries, strict=True) if not entry
                    for run in (Run("\n"), *block.runs)]
            self._entry(read_entry([*item.runs, *kept], self.base), item)
            read = [pair for pair, entry in zip(read, entries, strict=True) if entry]
        elif not inner:
            self._pass(item)
        else:
            self.passed += 1  # the name of a group
        for block, entry in read:
            self._entry(entry, block)

    def _entry(self, entry, block: Block) -> None:
        if entry and (entry.sure or entry.linked):
            self._add(entry, block, block.text)
        else:
            self._pass(block)

    def _add(self, entry, block: Block, excerpt: str) -> None:
        self.items += block.kind == "item"
        self.parsed.add(line=block.line, excerpt=excerpt, **entry.fields)

    def _pass(self, block: Block) -> None:
        """What is no entry: a reject where it says something, and where it is no menu."""
        text = block.text
        outside = [link for run in block.runs if (link := absolute(run.href, self.base))]
        if len(text.split()) < 3 or (not outside and any(run.href for run in block.runs)):
            self.passed += bool(text)
            if block.kind == "item" and len(text.split()) >= 5 and not any(
                    re.match(r"#|/|mailto:|\.", run.href) for run in block.runs if run.href):
                self.menu.append(block)
        elif outside:
            self.parsed.reject(block.line, "its links lead to no paper", text)
        elif block.kind == "item" or len(text) >= _PROSE:
            self.parsed.reject(block.line, "words without a link to a paper", text)
        else:
            self.passed += 1

    def _text(self, block: Block) -> None:
        entry = read_entry(block.runs, self.base)
        if entry and entry.sure and len(entry.fields["title"]) <= 300:
            self._add(entry, block, block.text)
        else:
            self._pass(block)

    def _section(self, blocks: list[Block], at: int) -> int:
        """A heading that is a title, with the words below it; or that of a group, passed over."""
        heading = blocks[at]
        end = at + 1
        while end < len(blocks) and blocks[end].kind == "text":
            end += 1
        below = blocks[at + 1:end]
        own = read_entry(heading.runs, self.base) if any(run.href for run in heading.runs) else None
        parts = [read_entry(block.runs, self.base, title="x") for block in below]
        sure = bool(own and (own.sure or own.linked))
        ids = {part.fields["arxiv_id"] for part in parts if part and part.fields["arxiv_id"]}
        listed = end < len(blocks) and blocks[end].kind in ("item", "table", "term")
        labels = any(part and part.sure for part in parts)
        titled = any(part and part.sure and _has_title(block, entry.fields["title"], least=1000)
                     for block, part in zip(below, parts, strict=True) if (entry := read_entry(block.runs, self.base)))
        if not (sure or (labels and not titled and len(ids) <= 1 and not listed)):
            self.groups += [] if listed or titled else [heading]
            return at + 1  # its name is no paper; what is below speaks for itself
        runs: list[Run] = [run for run in heading.runs if not own or run.href] if own else []
        prose, left = False, []
        for block in below:
            is_prose = len(_prose(block)) >= _PROSE
            if is_prose and prose:
                left.append(block)
                continue
            prose = prose or is_prose
            runs += [Run("\n"), *block.runs]
        title = own.fields["title"] if own else re.sub(r"^[\[(]?\d{1,3}(?:[.):]{1,2}|\])[.\s]+", "", heading.text)
        entry = read_entry(runs, self.base, title=title)
        if own and entry:
            _without_title(entry.fields, title)
        if entry:
            self.titles.add(heading.level)
            self._add(entry, heading, heading.text)
        for block in left:
            self._text(block)
        return end

    def _term(self, blocks: list[Block], at: int) -> int:
        """arXiv's listing: the id in <dt>, title, authors and the rest in <dd>."""
        term = blocks[at]
        end = at + 1
        while end < len(blocks) and blocks[end].kind == "text":
            end += 1
        links = [link for run in term.runs if (link := absolute(run.href, self.base))]
        arxiv_id = next(filter(None, map(normal_arxiv_id, links)), None)
        parts = dict(_arxiv_parts(blocks[at + 1:end]))
        if "title" not in parts:
            runs = [*term.runs, *(run for block in blocks[at + 1:end] for run in (Run("\n"), *block.runs))]
            self._entry(read_entry(runs, self.base), Block("item", term.line, runs))
            return end
        authors = parts.get("authors")
        names = [run.text for run in authors.runs if run.href and run.text.strip()] if authors else []
        texts = {name: _DESCRIPTOR.sub("", block.text) for name, block in parts.items()}
        self.parsed.add(line=term.line, title=texts["title"], abstract=texts.get("abstract", ""), arxiv_id=arxiv_id,
                        authors=names or split_names(texts.get("authors", "")), comment=texts.get("comment", ""),
                        venue=texts.get("journal", ""),
                        excerpt=term.text)
        return end


def _arxiv_parts(blocks: list[Block]) -> Iterator[tuple[str, Block]]:
    for block in blocks:
        name = next((part for sign, part in _ARXIV_PARTS.items() if sign in block.classes), None)
        if name:
            yield name, block


def _has_title(block: Block, title: str, least: int = 3) -> bool:
    """Whether the title is a link's words or in bold, or has at least so many words."""
    return len(title.split()) >= least or any(
        (run.href or run.style == "b") and len(text := words([run])) > 3 and text.strip(" .:") in title
        and not _columns.LABEL.fullmatch(text[:80]) for run in block.runs)


def _prose(block: Block) -> str:
    return "".join(run.text for run in block.runs if not run.href).strip()


def _without_title(fields: dict, title: str) -> None:
    """The heading's own words, which are in front of those below it."""
    if fields["abstract"].startswith(title):
        fields["abstract"] = fields["abstract"][len(title):].strip(" .,;:")
