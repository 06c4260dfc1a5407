"""Old Excel workbooks, OpenDocument spreadsheets, and tables whose headings a person has to explain."""

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest

from papers.digests.columns import UnknownHeadings, chosen_columns
from papers.digests.reading import read_digest
from papers.digests.records import DigestError

OLD = Path(__file__).parent / "cases" / "H1_old_excel_workbook.xls"
SPACES = ('xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument'
          ':xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
          'xmlns:xlink="http://www.w3.org/1999/xlink"')
ABSTRACT = "We study how things calm down when the days grow short. " * 6
DUTCH = "Naam;Schrijvers;Jaar;Samenvatting;Waar\r\n" + "".join(
    f'"Calm Schedules {part}";Ada Example, Bo Sample and Cy Test;20{part}5;"{ABSTRACT}";Nature\r\n' for part in "012")


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


def ods(*rows: str, lead: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", f'{lead}<office:document-content {SPACES}><office:body><office:spreadsheet>'
                         f'<table:table table:name="List">{"".join(rows)}</table:table>'
                         '</office:spreadsheet></office:body></office:document-content>')
    return file.getvalue()


EMPTY = '<table:table-cell table:number-columns-repeated="16384"/>'


def test_an_old_excel_workbook():
    parsed = read_digest(OLD.read_bytes(), "list.xls")
    first, second = parsed.records
    assert parsed.format == "XLS" and "sheets that were not read: Notes" in parsed.notes
    assert (first.title, first.authors, first.published_on, first.doi, first.venue, first.line) == (
        "Calm Schedules for Noisy Gradients", ("Ada Example", "Bo Núñez"), date(2025, 9, 18), "10.5555/example.1",
        "Journal of Examples", 2)
    assert (second.year, second.arxiv_id) == (2023, "2303.99002")


def test_a_damaged_old_workbook_is_refused_by_name():
    data = OLD.read_bytes()
    with pytest.raises(DigestError, match="old Excel workbook that cannot be read|an old Office document"):
        read_digest(data[:len(data) // 2], "list.xls")
    with pytest.raises(DigestError, match="an old Office document, which is not read"):
        read_digest(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"WordDocument" * 100, "letter.doc")


def test_an_opendocument_spreadsheet():
    parsed = read_digest(ods(
        row(cell("Title"), cell("Authors"), cell("Date"), cell("Link")),
        row(EMPTY, more='table:number-rows-repeated="2"'),
        row(cell("Calm <text:s/>Schedules &amp; more"), cell("Ada Example; Bo Sample"),
            cell("18.09.25", 'office:date-value="2025-09-18T00:00:00"'),
            cell('<text:a xlink:href="https://arxiv.org/abs/2509.99001">paper</text:a>')),
        row(cell("Margins"), '<table:table-cell/>', cell("2023", 'office:value="2023"')),
        row(EMPTY, more='table:number-rows-repeated="1048000"')), "list.ods")
    assert parsed.format == "ODS" and not parsed.rejects
    assert [(record.title, record.line, record.published_on, record.arxiv_id, record.year, record.authors)
            for record in parsed.records] == [
        ("Calm Schedules & more", 4, date(2025, 9, 18), "2509.99001", 2025, ("Ada Example", "Bo Sample")),
        ("Margins", 5, None, None, 2023, ())]


@pytest.mark.parametrize(("data", "why"), [
    (ods(row(cell("Title", 'table:number-columns-repeated="400"'), more='table:number-rows-repeated="1000000"')),
     "more than 3,000,000 cells"),
    (ods(row(cell("&x;")), lead='<!DOCTYPE a [<!ENTITY x "bomb">]>'), "cannot be read"),
    (ods(row(cell("Title")))[:-300], "OpenDocument spreadsheet|ZIP"),
    (b"PK\x03\x04" + b"xl/workbook.bin" * 20, "binary Excel workbook .XLSB., which is not read")])
def test_what_would_harm_is_refused(data, why):
    with pytest.raises(DigestError, match=why):
        read_digest(data, "list.ods")


def test_unusual_headings_are_guessed_from_what_is_below_them():
    with pytest.raises(UnknownHeadings, match="no column is headed as the papers' title; found: Naam") as caught:
        read_digest(DUTCH.encode(), "lijst.csv")
    assert caught.value.headings == ("Naam", "Schrijvers", "Jaar", "Samenvatting", "Waar")
    assert caught.value.guess == {"title": "Naam", "authors": "Schrijvers", "abstract": "Samenvatting", "year": "Jaar",
                                  "venue": "Waar"}
    first, *_ = read_digest(DUTCH.encode("utf-16"), "lijst.csv", caught.value.guess).records
    assert (first.title, first.year, first.venue, first.authors[2]) == ("Calm Schedules 0", 2005, "Nature", "Cy Test")
    assert first.abstract == ABSTRACT.strip() and not first.described


def test_venues_are_not_taken_for_titles():
    rows = "Was;Wo;Wann\n" + "".join(f"Calm Rivers {n};Advances in Neural Information Processing Systems 3{n};202{n}\n"
                                     for n in range(4))
    with pytest.raises(UnknownHeadings) as caught:
        read_digest(rows.encode(), "liste.csv")
    assert caught.value.guess == {"title": "Was", "venue": "Wo", "year": "Wann"}


def test_chosen_columns_go_before_what_the_headings_say():
    text = b"Title,Name,Link,Code\nignored,Calm Schedules,https://example.org/calm,https://github.com/e/calm\n"
    (record,) = read_digest(text, "a.csv", {"title": "name", "url": "Link"}).records
    assert record.title == "Calm Schedules"
    assert record.urls == ("https://example.org/calm", "https://github.com/e/calm")
    with pytest.raises(DigestError, match="no column is headed “Nom”"):
        read_digest(text, "a.csv", {"title": "Nom"})


def test_columns_in_words():
    assert chosen_columns("title=Naam, kort, year=Jaar") == {"title": "Naam, kort", "year": "Jaar"}
    for wrong in ("titel=Naam", "title=", "Naam", "year=Jaar"):
        with pytest.raises(DigestError, match="title=HEADING"):
            chosen_columns(wrong)
    assert chosen_columns("") == {}
