"""RIS of many exporters."""

import re
from datetime import date
from pathlib import Path

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError

CASES = Path(__file__).with_name("cases")


def read(text: str | bytes):
    return read_digest(text.encode() if isinstance(text, str) else text, "list.ris")


def one(*lines: str):
    parsed = read("\n".join(["TY  - JOUR", "TI  - A b", *lines, "ER  - "]))
    assert parsed.format == "RIS" and not parsed.rejects and not parsed.notes
    (record,) = parsed.records
    return record


OLD_TAGS = {"TI": "T1", "AU": "A1", "PY": "Y1", "AB": "N2"}
CASE = (CASES / "A2_ris_tags_become_titles.ris").read_text()


@pytest.mark.parametrize("change", [
    lambda text: text, lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("  - ", " - "), lambda text: text.replace("ER  - \n", ""),
    lambda text: text.rstrip().removesuffix("ER  -"), lambda text: text.replace("ER  - ", "ER  -"),
    lambda text: "\n".join(line[:2].lower() + line[2:] for line in text.split("\n")),
    lambda text: re.sub("^(TI|AU|PY|AB)(?=  -)", lambda tag: OLD_TAGS[tag[1]], text, flags=re.M),
    lambda text: text.replace("TY  - JOUR", "TY  - Journal Article"),
    lambda text: "\n".join("  " + line for line in text.split("\n")).replace("  - ", " - ")],
    ids=["as it is", "BOM", "CRLF", "one space", "no ER", "no last ER", "ER without space", "lower case", "old tags",
         "a type in words", "indented"])
def test_the_same_papers_however_they_are_written(change):
    parsed = read(change(CASE))
    assert parsed.format == "RIS" and not parsed.rejects
    first, second = parsed.records
    assert (first.title, first.authors) == ("Calm schedules for noisy gradients", ("Ada Example", "Bo Sample"))
    assert (first.year, first.doi, second.doi) == (2025, "10.5555/example.1", "10.5555/example.2")
    assert first.abstract == "We study step sizes that shrink with the measured noise."
    assert (second.title, second.authors, second.year) == ("Margins that know their class", ("Cy Placeholder",), 2023)
    assert first.urls == ("https://doi.org/10.5555/example.1",)


@pytest.mark.parametrize(("lines", "year", "day"), [
    (["PY  - 2025"], 2025, None), (["PY  - 2025/09/18/"], 2025, date(2025, 9, 18)), (["Y1  - 2025/09//"], 2025, None),
    (["PY  - 2025///"], 2025, None), (["PY  - 2025", "DA  - 2025/09/18"], 2025, date(2025, 9, 18)),
    (["PY  - 2025", "DA  - Sep 18"], 2025, date(2025, 9, 18)), (["DA  - 18 September 2025"], 2025, date(2025, 9, 18)),
    (["PY  - 2024", "DA  - 2025/01/02"], 2024, None),
    (["Y2  - 2025/09/18"], None, None), (["PY  - in press"], None, None),
    (["PY  - 2025/02/31"], 2025, None), (["Y1  - 2010/12/01/Winter"], 2010, date(2010, 12, 1))])
def test_dates(lines, year, day):
    record = one(*lines)
    assert (record.year, record.published_on) == (year, day)


@pytest.mark.parametrize(("line", "arxiv_id", "doi"), [
    ("UR  - https://arxiv.org/abs/2101.99001v2", "2101.99001", None),
    ("DO  - 10.48550/arXiv.2101.99001", "2101.99001", None),
    ("DO  - https://doi.org/10.5555/A.1", None, "10.5555/a.1"), ("DO  - doi:10.5555/A.1", None, "10.5555/a.1"),
    ("JO  - arXiv preprint arXiv:2101.99001", "2101.99001", None), ("VL  - abs/2101.99001", "2101.99001", None),
    ("AN  - arXiv:2101.99001", "2101.99001", None), ("M3  - doi: 10.5555/a.1", None, "10.5555/a.1"),
    ("M3  - 10.5555/a.1", None, "10.5555/a.1"), ("UR  - http://dx.doi.org/10.5555/a.1", None, "10.5555/a.1"),
    ("UR  - https://example.org/10.5555/a.1", None, None), ("AB  - As arXiv:2101.99001 shows.", None, None),
    ("SN  - 1234-5678", None, None)])
def test_identifiers_wherever_programs_put_them(line, arxiv_id, doi):
    record = one(line)
    assert (record.arxiv_id, record.doi) == (arxiv_id, doi)


def test_links_notes_and_several_addresses():
    record = one("UR  - https://a.example.org/1; https://b.example.org/2", "L1  - https://c.example.org/a.pdf",
                 "L1  - file:///home/a.pdf", "N1  - Code: https://github.com/example/a")
    assert record.urls == ("https://a.example.org/1", "https://b.example.org/2", "https://c.example.org/a.pdf",
                           "https://github.com/example/a")


@pytest.mark.parametrize(("lines", "authors"), [
    (["AU  - Example, Ada B.", "AU  - van den Sample, Bo"], ("Ada B. Example", "Bo van den Sample")),
    (["AU  - King, Martin Luther, Jr."], ("Martin Luther King Jr.",)),
    (["AU  - King, Jr., Martin"], ("Martin King Jr.",)),
    (["AU  - Example, I."], ("I. Example",)), (["AU  - Example, MD"], ("MD Example",)),
    (["AU  - The Example Team"], ("The Example Team",)),
    (["AU  - The Example Team,"], ("The Example Team",)),
    (["AU  - Example, A.; Sample, B."], ("A. Example", "B. Sample")), (["AU  - M&uuml;ller, J."], ("J. Müller",)),
    (["AU  - Wang Xiaoming"], ("Wang Xiaoming",)), (["AU  - Sample Labs, Inc."], ("Sample Labs, Inc.",)),
    (["AU  - Núñez,María"], ("María Núñez",)), (["A1  - Example, A.", "AU  - Example, A."], ("A. Example",)),
    (["ED  - Editor, Di"], ("Di Editor",)), (["AU  - Example, A.", "ED  - Editor, Di"], ("A. Example",))])
def test_people(lines, authors):
    assert one(*lines).authors == authors


def test_lines_that_go_on_and_prose_that_looks_like_tags():
    record = one("AB  - We study an", "ad - hoc rule in two lines,", "UR-shaped and more.", "", "A last paragraph.",
                 "KW  - one", "two")
    assert record.abstract == "We study an ad - hoc rule in two lines, UR-shaped and more. A last paragraph."


@pytest.mark.parametrize(("text", "plain"), [
    ("<p>If x<y &amp; p &lt; 2</p><p>then H<sub>2</sub>O</p>", "If x<y & p < 2 then H2O"), ("AT&T; R&D", "AT&T; R&D"),
    ("<jats:title>Abstract</jats:title><jats:p>We sort.</jats:p>", "Abstract We sort.")])
def test_what_exporters_leave_of_html(text, plain):
    assert one(f"AB  - {text}").abstract == plain


def test_what_stands_before_and_between():
    parsed = read("Scopus\nEXPORT DATE: 18 September 2025\n\n1.\n" + CASE.replace("\nTY  - CONF", "\n2.\nTY  - CONF")
                  + "\nSome words\nand more\nTY  - JOUR\nAU  - Example, Ada\nER  - \nTI  - No beginning\nER  - \n")
    assert [record.title for record in parsed.records][2:] == ["No beginning"] and len(parsed.records) == 3
    assert [(reject.line, reject.reason.partition(",")[0]) for reject in parsed.rejects] == [
        (25, "text outside any record (lines 25 to 26)"), (27, "no title")]
    assert parsed.notes == ["lines 1 to 2, before the first record, passed over: Scopus"]


def test_what_only_quotes_ris_is_not_taken_for_it():
    quoted = "AB  - x\nTY  - JOUR\nTI  - Not this one\nER  - \n"
    for text, name in ((f"%0 Book\n%T A b\n%X {quoted}", "EndNote (refer)"),
                       (f'[{{"title": "A b"}}]\n{quoted}', "JSONL"),
                       (f"@misc{{a, title={{A b}}, abstract={{{quoted}}}}}", "BibTeX")):
        assert read(text).format == name and read(text).records[0].title == "A b"


def test_a_lost_beginning_is_named():
    parsed = read("TY  - JOUR\nTI  - One a\nAU  - Example, Ada\nTI  - Two b\nER  - \n"
                  "TY  - JOUR\nT1  - Three c TI  - Four d\n")
    assert [record.title for record in parsed.records] == ["One a", "Three c TI - Four d"]
    assert [(reject.line, reject.excerpt) for reject in parsed.rejects] == [(4, "Two b"), (7, "TI - Four d")]


def test_a_list_of_nothing_but_empty_records():
    with pytest.raises(DigestError, match=r"taken for RIS\): line 1: no title"):
        read("TY  - JOUR\nER  - \n")
