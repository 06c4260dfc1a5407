"""Excel workbooks (XLSX): the first sheet with a line of known headings, its links included."""

import io
import re
import zipfile
from collections.abc import Iterator
from functools import partial

from openpyxl import load_workbook
from openpyxl.packaging.relationship import get_dependents, get_rels_path
from openpyxl.utils.cell import range_boundaries

from papers.digests.formats._sheets import WIDTH, Links, Sheet, read_sheets, texts
from papers.digests.formats.zip_archive import check_sizes, member_names
from papers.digests.kinds import structure
from papers.digests.records import DigestError, Full, Parsed
from papers.digests.source import Source

NAME = "XLSX"
TAGS_LIMIT = 12_000_000  # of XML in all its parts: about three million cells

_ROWS = 1_048_576  # Excel's own limit
_FORMULA = re.compile(r'=\s*HYPERLINK\(\s*"(https?://[^"]+)"\s*(?:[,;]\s*"((?:[^"]|"")*)"\s*)?\)', re.I)
_OWN_ENTITIES = re.compile(rb"<!(?:DOCTYPE|ENTITY)|<\0!\0(?:D|E)\0|\0<\0!\0(?:D|E)")


def sniff(source: Source) -> float:
    if not source.data.startswith(b"PK\x03\x04"):
        return 0.0
    names = member_names(source.data)
    if names is None:  # damaged, which is to be said
        return 0.95 if structure(source) == "an Excel workbook (XLSX)" else 0.0
    return 0.95 if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names) \
        and "xl/workbook.bin" not in names else 0.0


def parse(source: Source) -> Parsed:
    """The rows of the sheet. Raises DigestError where it cannot be opened, is too large or has no known headings."""
    try:
        formulas = _check(source)
        return _read(source, formulas)
    except (DigestError, Full):
        raise
    except Exception as error:  # the library trips over damaged workbooks in ways of its own
        raise DigestError(f"{source.name}: an Excel workbook that cannot be read: {type(error).__name__}: "
                          f"{str(error)[:200]}") from error


def _check(source: Source) -> bool:
    """Whether links are written as formulas. Raises DigestError over what would take too much, before it does."""
    with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        members = archive.infolist()
        check_sizes(members, len(source.data), source.name)
        tags, formulas = 0, False
        for info in members:
            if not info.filename.lower().endswith((".xml", ".rels")):
                continue
            part = archive.read(info)
            if _OWN_ENTITIES.search(part):
                raise DigestError(f"{source.name}: refused, a workbook whose XML has its own entities or DTD")
            tags += part.count(b"<")
            formulas = formulas or b"HYPERLINK(" in part
        if tags > TAGS_LIMIT:
            raise DigestError(f"{source.name}: a workbook of more than about {TAGS_LIMIT // 4:,} cells; "
                              "save the sheet as CSV, or split it")
    return formulas


def _read(source: Source, formulas: bool) -> Parsed:
    book = load_workbook(io.BytesIO(source.data), read_only=True, data_only=True, keep_links=False)

    def links(sheet) -> Links:
        found = _links(source, sheet)
        if formulas:
            found.update(_formula_links(source, sheet.title))
        return found

    return read_sheets(source, NAME, [
        Sheet(sheet.title, partial(_values, sheet, _ROWS), partial(links, sheet)) for sheet in book.worksheets])


def _values(sheet, rows: int, width: int = WIDTH) -> Iterator[list[str]]:
    """The rows as text. What a sheet says of its own size is not believed."""
    sheet.reset_dimensions()
    for row in sheet.iter_rows(max_row=rows, max_col=width, values_only=True):
        yield texts(row) if any(row) else []


def _links(source: Source, sheet) -> Links:
    """The address of each cell that is a link, by row and column; its words are in the cell."""
    path = sheet._worksheet_path  # which the library keeps to itself, as it does the links of a sheet read this way
    found: Links = {}
    with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        part = archive.read(path)
        marks = re.findall(rb"<(?:\w+:)?hyperlink\s[^<>]*>", part)
        rels = get_rels_path(path)
        if not marks or rels not in archive.namelist():
            return found
        targets = {relation.Id: relation.Target for relation in get_dependents(archive, rels)}
    for mark in marks:
        reference = re.search(rb'\sref="([A-Z]{1,3}\d{1,7})(?::[A-Z]{1,3}\d{1,7})?"', mark)
        identifier = re.search(rb'\s\w+:id="([^"]{1,50})"', mark)
        target = targets.get(identifier[1].decode(errors="replace")) if identifier else None
        if reference and target:
            column, row, _, _ = range_boundaries(reference[1].decode())
            if column and row:
                found[row, column] = target, ""
    return found


def _formula_links(source: Source, title: str) -> Links:
    """Address and words of each cell that is a link by formula."""
    book = load_workbook(io.BytesIO(source.data), read_only=True, keep_links=False)
    found = {}
    for number, row in enumerate(_values(book[title], _ROWS), 1):
        for column, text in enumerate(row, 1):
            if formula := _FORMULA.match(text):
                found[number, column] = formula[1], (formula[2] or "").replace('""', '"')
    return found
