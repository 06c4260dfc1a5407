"""Excel workbooks of before 2007 (XLS), by xlrd, their links included."""

import io
from collections.abc import Iterator
from functools import partial

import xlrd

from papers.digests.formats._sheets import Links, Sheet, read_sheets, texts
from papers.digests.records import DigestError, Full, Parsed
from papers.digests.source import Source

NAME = "XLS"

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))  # what tells it from an old Word document
_BARE = (b"\x09\x08\x10\0\0\x06\x05\0", b"\x09\x08\x08\0\0\x05\x05\0")  # without the compound file around it


def sniff(source: Source) -> float:
    compound = source.data.startswith(_COMPOUND) and any(stream in source.data for stream in _STREAMS)
    return 0.9 if compound or source.data.startswith(_BARE) else 0.0


def parse(source: Source) -> Parsed:
    """The rows of the sheet. Raises DigestError where it cannot be opened or has no known headings."""
    try:
        book = xlrd.open_workbook(file_contents=source.data, logfile=io.StringIO(), ragged_rows=True)
        return read_sheets(source, NAME, [
            Sheet(sheet.name, partial(_rows, sheet, book.datemode), partial(_links, sheet)) for sheet in book.sheets()])
    except (DigestError, Full):
        raise
    except Exception as error:  # the library trips over damaged workbooks in ways of its own
        raise DigestError(f"{source.name}: an old Excel workbook that cannot be read: {type(error).__name__}: "
                          f"{str(error)[:200]}") from error


def _rows(sheet: xlrd.sheet.Sheet, datemode: int, width: int) -> Iterator[list[str]]:
    for number in range(sheet.nrows):
        yield texts(_value(cell, datemode) for cell in sheet.row(number)[:width])


def _value(cell: xlrd.sheet.Cell, datemode: int):
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except (ValueError, OverflowError):
            return str(cell.value)
    return None if cell.ctype in (xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else cell.value


def _links(sheet: xlrd.sheet.Sheet) -> Links:
    return {(link.frowx + 1, link.fcolx + 1): (address, "") for link in sheet.hyperlink_list
            if isinstance(address := link.url_or_path, str) and link.frowx == link.lrowx}
