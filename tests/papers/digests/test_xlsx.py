"""Excel workbooks: values, links, sheets, and files made to harm."""

import io
import time
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from papers.digests.reading import read_digest
from papers.digests.records import DigestError

ROWS = [
    ["Title", "Authors", "Year", "arXiv ID", "Date", "Link"],
    ["Calm Schedules", "Ada Example; Bo Sample", 2025.0, 2509.9, datetime(2025, 9, 18), "pdf"],
    ['=HYPERLINK("https://arxiv.org/abs/2303.99002","Margins ""so""")', "Placeholder, Cy", 2023],
    [],
    ["Third One", None, "2021"],
    [None, "No Title"],
]


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.fixture(scope="module")
def workbook() -> bytes:
    book = Workbook()
    book.active.title = "About"
    book.active.append(["some words on the list"])
    sheet = book.create_sheet("Papers")
    for row in ROWS:
        sheet.append(row)
    sheet["F2"].hyperlink = "https://github.com/example/calm"
    sheet["A5"].hyperlink = "https://doi.org/10.5555/third"
    book.create_sheet("Also papers").append(["Title", "Year"])
    return saved(book)


def test_values_and_links_of_the_first_sheet_with_headings(workbook):
    parsed = read_digest(workbook, "list.xlsx")
    calm, margins, third = parsed.records
    assert (calm.title, calm.authors, calm.year, calm.arxiv_id, calm.published_on, calm.urls, calm.line) == (
        "Calm Schedules",
        ("Ada Example", "Bo Sample"),
        2025,
        "2509.90000",
        date(2025, 9, 18),
        ("https://github.com/example/calm",),
        2,
    )
    assert (margins.title, margins.arxiv_id, margins.authors) == ('Margins "so"', "2303.99002", ("Cy Placeholder",))
    assert (third.title, third.doi, third.year, third.line) == ("Third One", "10.5555/third", 2021, 5)
    assert [(reject.line, reject.reason) for reject in parsed.rejects] == [(6, "no title")]
    assert parsed.format == "XLSX" and parsed.notes == [
        "read from the sheet “Papers”",
        "sheets that were not read: About, Also papers",
    ]


def test_no_sheet_with_headings():
    book = Workbook()
    book.active.append(["Model", "Speed"])
    with pytest.raises(DigestError, match="list.xlsx: no column is headed .* found: Model, Speed; known are Title"):
        read_digest(saved(book), "list.xlsx")


HEAD = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Title</t></is></c><c r="B1" t="inlineStr"><is><t>Year</t></is></c></row>'
)
ROW = (
    '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>Calm</t></is></c>'
    '<c r="XFD{0}" t="inlineStr"><is><t>x</t></is></c></row>'
)


def with_sheet(workbook: bytes, xml: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            is_sheet = info.filename == "xl/worksheets/sheet2.xml"
            new.writestr(info.filename, xml if is_sheet else old.read(info))
    return file.getvalue()


NAMESPACE = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'


@pytest.mark.parametrize(
    "body",
    [
        f'<dimension ref="A1:XFD1048576"/><sheetData>{HEAD}{ROW.format(2)}</sheetData>'
        '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        f"<sheetData>{HEAD}{ROW.format(1048576)}</sheetData>",
        f"<sheetData>{HEAD}{''.join(ROW.format(number) for number in range(2, 500))}</sheetData>",
    ],
)
def test_a_sheet_that_says_it_is_huge_costs_what_is_in_it(workbook, body):
    data = with_sheet(workbook, f"{NAMESPACE}{body}</worksheet>")
    began = time.process_time()
    assert {record.title for record in read_digest(data, "list.xlsx").records} == {"Calm"}
    assert time.process_time() - began < 20  # a merged sheet, believed, is 17 thousand million cells


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<sheetData>" + "<c/>" * 4_000_000 + "</sheetData>", "times its size"),
        (f"<!DOCTYPE a [<!ENTITY b 'c'>]>{NAMESPACE}</worksheet>", "own entities"),
        ("<worksheet", "cannot be read"),
    ],
)
def test_bombs_and_damage_are_refused(workbook, body, reason):
    with pytest.raises(DigestError, match=reason):
        read_digest(with_sheet(workbook, body), "list.xlsx")


def test_too_many_cells(workbook, monkeypatch):
    monkeypatch.setattr("papers.digests.formats.xlsx.TAGS_LIMIT", 100)
    with pytest.raises(DigestError, match="save the sheet as CSV"):
        read_digest(workbook, "list.xlsx")


def test_a_cut_workbook(workbook):
    with pytest.raises(DigestError, match="list.xlsx: an Excel workbook that cannot be read"):
        read_digest(workbook[:-100], "list.xlsx")
