"""What reference managers, catalogues and Web of Science export: each with what a reader must get from it."""

from datetime import date

import pytest

from papers.digests.reading import read_digest

TITLE, ABSTRACT = "Calm schedules for noisy gradients", "We study step sizes that shrink."


def read(text: str | bytes):
    return read_digest(text.encode() if isinstance(text, str) else text, "list")


REFWORKS = """Refworks Export Tagged Format
Exported from Example on 18 September 2025

<Start Here>

RT Journal Article
SR Electronic(1)
ID 12
A1 Example,Ada B.
A1 Sample,Bo
T1 Calm schedules for noisy gradients
JF Journal of Examples
YR 2025
FD September 18
AB We study step sizes that shrink.
DO 10.5555/Example.1
UL https://example.org/1
ER\x20

RT Book, Whole
ID 13
A2 Placeholder,Cy
T1 Margins that know their class
YR 2023
NO see https://github.com/example/margins
"""
REFER = """%0 Journal Article
%A Example, Ada B.
%A Bo Sample
%T Calm schedules for
noisy gradients
%J Journal of Examples
%D 2025
%8 September 18, 2025
%X We study step sizes

that shrink.
%R 10.5555/Example.1
%U https://example.org/1

%0 Edited Book
%E Placeholder, Cy
%T Margins that know their class
%D 2023
%Z see https://github.com/example/margins
"""
WOS = """FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Example, AB
   Sample, B
AF Example, Ada B.
   Sample, Bo (b@example.org)
TI Calm schedules for
   noisy gradients
SO JOURNAL OF EXAMPLES
AB We study step sizes
   that shrink.
PD SEP 18
PY 2025
DI 10.5555/Example.1
DL https://example.org/1
UT WOS:000000000000001
ER

PT S
BE Placeholder, Cy
TI Margins that know their class
PY 2023
DT Retracted Publication
UT WOS:000000000000002
ER

EF
"""
WOS_TABS = """PT\tAU\tAF\tBE\tTI\tSO\tAB\tPD\tPY\tDI\tDL\tDT\tUT
J\tExample, AB; Sample, B\tExample, Ada B.; Sample, Bo\t\tCalm schedules for noisy gradients\tJOURNAL\t\
We study step sizes that shrink.\tSEP 18\t2025\t10.5555/Example.1\thttps://example.org/1\tArticle\tWOS:1
S\t\t\tPlaceholder, Cy\tMargins that know their class\t\t\t\t2023\t\t\tRetracted Publication\tWOS:2
"""
ENDNOTE = """<?xml version="1.0" encoding="UTF-8"?><xml><records>
<record><database name="x.enl">x.enl</database><rec-number>1</rec-number><ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style face="normal">Example, Ada B.</style></author><author>Bo Sample</author></authors>
</contributors><titles><title><style face="normal">Calm schedules for </style><style face="italic">noisy</style>
<style face="normal"> gradients</style></title><secondary-title>Journal of Examples</secondary-title></titles>
<dates><year><style>2025</style></year><pub-dates><date>18 Sep</date></pub-dates></dates>
<abstract>We study step sizes that shrink.</abstract><urls><related-urls><url>https://example.org/1</url></related-urls>
<pdf-urls><url>internal-pdf://a.pdf</url></pdf-urls></urls>
<electronic-resource-num>10.5555/Example.1</electronic-resource-num>
</record>
<record><contributors><secondary-authors><author>Placeholder, Cy</author></secondary-authors></contributors>
<titles><title>Margins that know their class</title></titles><dates><year>2023</year></dates>
<notes>see https://github.com/example/margins</notes></record></records></xml>
"""
MODS = """<?xml version="1.0"?><modsCollection xmlns="http://www.loc.gov/mods/v3">
<mods><titleInfo type="abbreviated"><title>Calm</title></titleInfo><titleInfo><title>Calm schedules for noisy gradients
</title></titleInfo><relatedItem type="host"><titleInfo><title>Journal of Examples</title></titleInfo><name
type="personal"><namePart>Editor, Di</namePart></name><part><date>2025-09-18</date></part><identifier type="doi"
>10.5555/journal</identifier></relatedItem>
<name type="personal"><namePart type="given">Ada B.</namePart><namePart type="family">Example</namePart><role>
<roleTerm type="code">aut</roleTerm></role></name><name type="personal"><namePart>Sample, Bo</namePart><role>
<roleTerm>author</roleTerm></role></name><name><namePart>Editor, Di</namePart><role><roleTerm>editor</roleTerm>
</role></name>
<abstract>We study step sizes that shrink.</abstract><identifier type="doi">10.5555/Example.1</identifier>
<location><url>https://example.org/1</url></location></mods>
<mods><titleInfo><nonSort>The</nonSort><title>margins</title><subTitle>that know their class</subTitle></titleInfo>
<name type="corporate"><namePart>Placeholder, Inc.</namePart></name><originInfo><dateIssued>[2023?]</dateIssued>
</originInfo><note>see https://github.com/example/margins</note></mods></modsCollection>
"""


@pytest.mark.parametrize(("text", "name", "lines"), [
    (REFWORKS, "RefWorks", [6, 20]), (REFER, "EndNote (refer)", [1, 15]), (WOS, "Web of Science", [3, 20]),
    (WOS_TABS, "Web of Science", [2, 3]), (WOS_TABS.encode("utf-16"), "Web of Science", [2, 3]),
    (ENDNOTE, "EndNote XML", [2, 11]), (MODS, "MODS", [2, 12])])
def test_the_same_two_papers(text, name, lines):
    parsed = read(text)
    assert parsed.format == name and not parsed.rejects
    first, second = parsed.records
    assert [record.line for record in parsed.records] == lines
    assert (first.title, first.abstract) == (TITLE, ABSTRACT)
    assert first.authors == ("Ada B. Example", "Bo Sample")
    assert (first.doi, first.year, first.published_on) == ("10.5555/example.1", 2025, date(2025, 9, 18))
    assert first.urls == ("https://example.org/1",) and not first.withdrawn
    assert second.title in ("Margins that know their class", "The margins: that know their class")
    assert second.authors in (("Cy Placeholder",), ("Placeholder, Inc.",)) and second.year == 2023
    linked = ((), True) if name == "Web of Science" else (("https://github.com/example/margins",), False)
    assert (second.urls, second.withdrawn) == linked


def test_web_of_science_without_its_indentation():
    text = "\n".join(line.strip() for line in WOS.split("\n"))
    first, second = read(text).records
    assert (first.title, first.authors, second.year) == (TITLE, ("Ada B. Example", "Bo Sample"), 2023)


def test_only_refworks_head_is_passed_over():
    assert read(REFWORKS).notes == ["lines 1 to 4, before the first record, passed over: Refworks Export Tagged Format"]
    assert not any(read(text).notes for text in (REFER, WOS, WOS_TABS, ENDNOTE, MODS))


def test_refer_without_types_is_parted_by_blank_lines():
    parsed = read("%A Ada Example\n%T One a\n%D 2001\n%O arXiv:2101.99001\n\n%A Bo Sample\n%T Two b\n")
    assert [(record.title, record.authors, record.arxiv_id) for record in parsed.records] == [
        ("One a", ("Ada Example",), "2101.99001"), ("Two b", ("Bo Sample",), None)]


def test_comments_of_bibtex_are_no_refer():
    assert read("%T A comment\n%A here\n@article{a, title={A b}, year=2024}\n").format == "BibTeX"


def test_a_row_with_cells_missing_is_named():
    parsed = read(WOS_TABS + "J\tExample, A\tTitle in the wrong place\n")
    assert len(parsed.records) == 2
    assert [(reject.line, reject.reason) for reject in parsed.rejects] == [
        (4, "a row of 3 cells where the header has 13")]


def test_several_authors_in_one_element_of_endnote():
    text = ENDNOTE.replace("<author>Bo Sample</author>", "<author>Sample, Bo\nTeam, The Example,</author>")
    assert read(text).records[0].authors == ("Ada B. Example", "Bo Sample", "The Example Team")


@pytest.mark.parametrize(("day", "year", "on"), [
    ("2025-09-18", 2025, date(2025, 9, 18)), ("20250918", 2025, date(2025, 9, 18)), ("c1987", 1987, None),
    ("1987-1990", 1987, None), ("[19--?]", None, None), ("September 2025", 2025, None)])
def test_dates_of_mods(day, year, on):
    (record,) = read(f"<mods><titleInfo><title>A b</title></titleInfo><originInfo><dateIssued>{day}</dateIssued>"
                     "</originInfo></mods>").records
    assert (record.year, record.published_on) == (year, on)
