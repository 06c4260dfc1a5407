"""CSV and its kin, as programs and sites export them."""

from datetime import date

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError, NothingListed
from tests.papers.digests.test_cases import CASES


def read(text: str | bytes):
    return read_digest(text.encode() if isinstance(text, str) else text, "list.csv")


def test_a_weekly_list_with_descriptions_and_abstracts():
    (path,) = CASES.glob("A5_*")
    parsed = read(path.read_bytes())
    assert [(record.title, record.arxiv_id, record.line) for record in parsed.records] == [
        ("Calm schedules", "2509.99001", 2),
        ("Margins", "2303.99002", 3),
    ]
    assert parsed.records[0].abstract.startswith("We study step sizes") and not parsed.records[0].described


ZOTERO = (
    '"Key","Item Type","Publication Year","Author","Title","Publication Title","DOI","Url","Abstract Note","Date",'
    '"Extra"\n"AB","preprint","2025","Example, Ada; Sample, Bo","Calm, ""quiet"" Schedules","arXiv",'
    '"10.5555/Example.1","http://arxiv.org/abs/2509.99001","We study\nstep sizes.","2025-09-18","arXiv:2509.99001"\n'
)
SCOPUS = (
    "Authors,Author full names,Author(s) ID,Title,Year,Source title,DOI,Link,Abstract\n"
    '"Example A.; Sample B.","Example, Ada (57190000001); Sample, Bo (57190000002)","1; 2","Calm, ""quiet"" Schedules",'
    '2025,"Journal of Examples",10.5555/example.1,"https://www.scopus.com/inward/record.uri?eid=1",'
    '"We study step sizes."\n'
)
WOS = (
    "Publication Type\tAuthors\tAuthor Full Names\tArticle Title\tSource Title\tAbstract\tDOI\tPublication Year\n"
    'J\tExample, A; Sample, B\tExample, Ada; Sample, Bo\tCalm, "quiet" Schedules\tExamples\tWe study step sizes.\t'
    "10.5555/example.1\t2025\n"
)


@pytest.mark.parametrize("text", [ZOTERO, "\ufeff" + ZOTERO, ZOTERO.replace("\n", "\r\n"), SCOPUS, WOS])
def test_exports_of_library_programs(text):
    (record,) = read(text).records
    assert record.title == 'Calm, "quiet" Schedules' and record.authors == ("Ada Example", "Bo Sample")
    assert (record.year, record.doi, record.abstract) == (2025, "10.5555/example.1", "We study step sizes.")
    if "arXiv:" in text:
        assert record.arxiv_id == "2509.99001" and record.published_on == date(2025, 9, 18)


def test_a_sheet_with_words_above_semicolons_and_a_separator_line():
    parsed = read(
        'sep=;\nMy reading list;;\n\nPaper;Authors;Link;Read?\n'
        '"Calm\nSchedules";Ada Example, Bo Sample;https://arxiv.org/pdf/2509.99001v2;x\n'
        'Margins;"Placeholder, Cy";[paper](https://example.org/a_(b)), github.com/example/margins;\n;;;\n'
    )
    assert [
        (record.line, record.title, record.authors, record.arxiv_id, record.doi, record.urls)
        for record in parsed.records
    ] == [
        (5, "Calm Schedules", ("Ada Example", "Bo Sample"), "2509.99001", None, ()),
        (
            7,
            "Margins",
            ("Cy Placeholder",),
            None,
            None,
            ("https://example.org/a_(b)", "https://github.com/example/margins"),
        ),
    ]
    assert [(reject.line, reject.reason) for reject in parsed.rejects] == [(2, "above the headings")]
    assert "columns that are not read: Read?" in parsed.notes


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2303.1", "2303.10000"),
        ("0704.5", "0704.5000"),
        ("arXiv:2303.00001v2", "2303.00001"),
        ("math.GT/0309136", "math/0309136"),
        ("17", None),
        ("nan", None),
    ],
)
def test_arxiv_ids_as_spreadsheets_leave_them(cell, expected):
    assert read(f"arXiv ID|Title\n{cell}|Calm\n").records[0].arxiv_id == expected


@pytest.mark.parametrize(
    ("cell", "day", "year"),
    [
        ("2026-06-26", date(2026, 6, 26), 2026),
        ("June 5, 2026", date(2026, 6, 5), 2026),
        ("5 Jun 2026", date(2026, 6, 5), 2026),
        ("2026.06.26", date(2026, 6, 26), 2026),
        ("2026-06", None, 2026),
        ("6/5/2026", None, 2026),
        ("soon", None, None),
    ],
)
def test_days(cell, day, year):
    (record,) = read(f'Title\tDate\nCalm\t"{cell}"\n').records
    assert (record.published_on, record.year) == (day, year)


@pytest.mark.parametrize(
    ("text", "titles", "rejects"),
    [
        ('Title,Year\n"open,1\nMargins,2\n', ["Margins"], [(2, "never closed")]),
        ("Title,Year\nCalm, quiet,2020\nMargins,2021\n", ["Margins"], [(2, "3 cells under 2 headings")]),
        ("Title,Year\nCalm,2020\nTitle,Year\n,2021\nMargins\n", ["Calm", "Margins"], [(4, "no title")]),
        ("Paper,Year\nLink,2020\nMargins,2021\n", ["Margins"], [(2, "says only “Link”")]),
        ('Title,Year\n"' + "a\n" * 600 + "Margins,2021\n", ["Margins"], [(2, "never closed")]),
    ],
)
def test_the_good_rows_are_kept_and_the_bad_named(text, titles, rejects):
    parsed = read(text)
    assert [record.title for record in parsed.records][-len(titles) :] == titles
    for line, reason in rejects:
        assert any(reject.line == line and reason in reject.reason for reject in parsed.rejects), parsed.rejects


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Name of model,Age,City\nBo,3,Rome\nAl,5,Oslo\nCy,7,Bonn\n", "Name of model, Age, City"),
        ("Author;Year;Journal\nA B;2020;X\nC D;2021;Y\nE F;2022;Z\n", "Author, Year, Journal"),
        ("sep=;\n", "sep="),
    ],
)
def test_unknown_headings_are_named_with_the_known(text, found):
    with pytest.raises(DigestError, match="list.csv: line 1: no column is headed as the papers' title") as caught:
        read(text)
    assert f"found: {found}" in str(caught.value) and "known are Title, Authors" in str(caught.value)


def test_headings_alone_are_an_empty_list():
    with pytest.raises(NothingListed):
        read("Title,Authors,Year\n")
