"""OpenDocument spreadsheets (ODS), as LibreOffice and Google Sheets write them, their links included."""

import io
import zipfile
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from papers.digests.formats._sheets import WIDTH, Links, Sheet, read_sheets, texts
from papers.digests.formats._xml import local
from papers.digests.formats.zip_archive import check_sizes, member_names
from papers.digests.records import DigestError, Parsed
from papers.digests.source import Source

NAME = "ODS"
CELLS_LIMIT = 3_000_000  # with repetitions, which a few bytes may ask for
TAGS_LIMIT = 12_000_000

_KIND = b"application/vnd.oasis.opendocument.spreadsheet"
_ROWS = 1_048_576  # LibreOffice's own limit


def sniff(source: Source) -> float:
    if not (source.data.startswith(b"PK\x03\x04") and _KIND in source.data[:1000]):
        return 0.0
    return 0.95 if "content.xml" in (member_names(source.data) or []) else 0.0


def parse(source: Source) -> Parsed:
    """The rows of the sheet. Raises DigestError where it cannot be opened, is too large or has no known headings."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            check_sizes(archive.infolist(), len(source.data), source.name)
            content = archive.read("content.xml")
        if content.count(b"<") > TAGS_LIMIT:
            raise DigestError(f"{source.name}: a spreadsheet of more than about {TAGS_LIMIT // 4:,} cells; save the "
                              "sheet as CSV, or split it")
        sheets = list(_sheets(content, source.name))
    except (zipfile.BadZipFile, ParseError, DefusedXmlException, EOFError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, DigestError):
            raise
        raise DigestError(f"{source.name}: an OpenDocument spreadsheet that cannot be read: {type(error).__name__}: "
                          f"{str(error)[:200]}") from error
    return read_sheets(source, NAME, sheets)


def _sheets(content: bytes, name: str) -> Iterator[Sheet]:
    title, rows, links, cells = "", [], {}, 0  # type: str, list[list[str]], Links, int
    empty = 0  # rows since the last with words
    inside = 0  # open rows, as a cell may hold a table
    for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
        kind = local(element.tag)
        if kind == "table-row":
            inside += 1 if event == "start" else -1
        if event == "start":
            if kind == "table" and not inside:
                title, rows, links, empty = _said(element, "name"), [], {}, 0
            continue
        if kind == "table-row" and not inside:
            row, found = _row(element)
            repeated = _times(element, "number-rows-repeated", _ROWS)
            if any(row) or found:
                cells += len(row) * repeated + empty
                if cells > CELLS_LIMIT or len(rows) + empty + repeated > _ROWS:
                    raise DigestError(f"{name}: a spreadsheet of more than {CELLS_LIMIT:,} cells")
                rows += [[]] * empty
                links |= {(len(rows) + 1, column): link for column, link in found.items()}
                rows += [row] * repeated
                empty = 0
            else:
                empty += repeated
            element.clear()
        elif kind == "table" and not inside:
            yield Sheet(title, _rows_of(rows), _links_of(links))
            element.clear()


def _rows_of(rows: list[list[str]]) -> Callable[[int], Iterator[list[str]]]:
    return lambda width: (row[:width] for row in rows)


def _links_of(links: Links) -> Callable[[], Links]:
    return lambda: links


def _row(element: Element) -> tuple[list[str], dict[int, tuple[str, str]]]:
    """The texts of a row, and its links by column."""
    row: list[str] = []
    links: dict[int, tuple[str, str]] = {}
    for cell in element:
        if local(cell.tag) not in ("table-cell", "covered-table-cell") or len(row) >= WIDTH:
            continue
        text = " ".join(filter(None, map(_words, (part for part in cell if local(part.tag) in ("p", "h")))))
        text = _said(cell, "date-value")[:10] or text or _said(cell, "value")
        for link in cell.iter():
            if local(link.tag) == "a" and (address := _said(link, "href")).startswith("http"):
                links.setdefault(len(row) + 1, (address, text))
        row += [text] * min(_times(cell, "number-columns-repeated", WIDTH), WIDTH - len(row))
    return texts(row), links


def _words(paragraph: Element) -> str:
    """The text of a paragraph; several spaces and line breaks are elements of their own."""
    parts = [paragraph.text or ""]
    for part in paragraph:
        if local(part.tag) in ("s", "tab", "line-break"):
            parts.append(" ")
        elif local(part.tag) != "annotation":
            parts.append(_words(part) if len(part) < 1000 else "".join(part.itertext()))
        parts.append(part.tail or "")
    return " ".join("".join(parts).split())


def _said(element: Element, name: str) -> str:
    return next((value for key, value in element.items() if local(key) == name), "")


def _times(element: Element, name: str, most: int) -> int:
    said = _said(element, name)
    return max(1, min(int(said), most)) if said.isascii() and said.isdigit() and len(said) < 10 else 1
