"""OAI-PMH: arXiv's formats and Dublin Core, and answers that are no list of papers."""

from datetime import date
from pathlib import Path

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError, NothingListed

CASES = Path(__file__).with_name("cases")


def read(inner: str, name="oai.xml"):
    return read_digest(("<?xml version='1.0'?>\n<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'>\n"
                        f"<responseDate>2025-09-18T09:05:29Z</responseDate>{inner}</OAI-PMH>").encode(), name)


def record(metadata: str, identifier="oai:example.org:1", verb="ListRecords"):
    parsed = read(f"<{verb}><record><header><identifier>{identifier}</identifier><datestamp>2025-01-01</datestamp>"
                  f"</header><metadata>{metadata}</metadata></record></{verb}>")
    assert parsed.format == "OAI-PMH" and not parsed.rejects
    (found,) = parsed.records
    return found


def test_arxivs_own_format():
    (found,) = read_digest((CASES / "A3_oai_pmh_record_read_as_lines.xml").read_bytes(), "a3").records
    assert (found.arxiv_id, found.authors, found.doi) == (
        "2509.99001", ("Ada Example", "Bo Sample"), "10.5555/example.1")
    assert found.published_on == date(2025, 9, 17) and found.line == 6
    assert found.abstract == "We study step sizes that shrink with the measured noise."


def test_arxiv_with_suffixes_collaborations_comments_and_withdrawal():
    found = record("<arXiv xmlns='http://arxiv.org/OAI/arXiv/'><id>math/0309136</id><created>2003-09-08</created>"
                   "<updated>2009-01-01</updated><authors><author><keyname>M\\\"uller</keyname>"
                   "<forenames>J.</forenames>"
                   "<suffix>Jr</suffix></author><author><keyname>Example Collaboration</keyname></author><author>"
                   "<keyname>:</keyname></author></authors><title>Sorting\n   Layers</title><comments>withdrawn "
                   "by the authors; "
                   "code at https://github.com/example/a</comments><abstract>We sort.</abstract></arXiv>",
                   verb="GetRecord")
    assert found.authors == ("J. Müller Jr", "Example Collaboration") and found.arxiv_id == "math/0309136"
    assert found.published_on == date(2003, 9, 8) and found.withdrawn
    assert found.urls == ("https://github.com/example/a",)


def test_arxivs_raw_format():
    found = record("<arXivRaw xmlns='http://arxiv.org/OAI/arXivRaw/'><id>0704.99001</id><version version='v2'>"
                   "<date>Tue, 1 May 2012 10:00:00 GMT</date></version><version version='v1'><date>Mon, 2 Apr "
                   "2007 19:18:42 "
                   "GMT</date></version><title>Sorting</title><authors>Ana Lima (1), Bo Chen (2) and J. "
                   "M\\'endez ((1) A, (2) B)"
                   "</authors><doi>10.5555/A.1</doi><abstract>We sort.</abstract></arXivRaw>")
    assert found.authors == ("Ana Lima", "Bo Chen", "J. Méndez") and found.doi == "10.5555/a.1"
    assert found.published_on == date(2007, 4, 2)


def dublin_core(inner: str, **others):
    return record("<oai_dc:dc xmlns:oai_dc='http://www.openarchives.org/OAI/2.0/oai_dc/' "
                  f"xmlns:dc='http://purl.org/dc/elements/1.1/'>{inner}</oai_dc:dc>", **others)


def test_dublin_core_of_arxiv():
    found = dublin_core(
        "<dc:title>Sorting</dc:title><dc:creator>Lima, Ana</dc:creator><dc:creator>Chen, Bo</dc:creator>"
        "<dc:subject>Computer Science</dc:subject><dc:description>We sort.</dc:description><dc:description>Comment: "
        "5 pages, https://github.com/example/a</dc:description><dc:date>2007-04-02</dc:date>"
        "<dc:date>2012-05-01</dc:date>"
        "<dc:type>text</dc:type><dc:identifier>http://arxiv.org/abs/0704.99001</dc:identifier>"
        "<dc:identifier>doi:10.5555/A.1</dc:identifier>")
    assert (found.arxiv_id, found.doi, found.authors) == ("0704.99001", "10.5555/a.1", ("Ana Lima", "Bo Chen"))
    assert (found.abstract, found.published_on) == ("We sort.", date(2007, 4, 2))
    assert found.urls == ("http://arxiv.org/abs/0704.99001", "https://github.com/example/a")


def test_dublin_core_of_a_repository():
    found = dublin_core(
        "<dc:title>Sortieren &amp; Ordnen</dc:title><dc:creator>The Example Team</dc:creator><dc:date>2019</dc:date>"
        "<dc:relation>info:eu-repo/semantics/altIdentifier/doi/10.5555/other</dc:relation>"
        "<dc:relation>10.5555/cited</dc:relation><dc:identifier>https://example.org/handle/1</dc:identifier>")
    assert (found.title, found.authors, found.year, found.published_on) == (
        "Sortieren & Ordnen", ("The Example Team",), 2019, None)
    assert found.doi == "10.5555/other" and found.urls == ("https://example.org/handle/1",)


def test_mods_inside():
    found = record("<mods xmlns='http://www.loc.gov/mods/v3'><titleInfo><title>Sorting</title></titleInfo></mods>")
    assert found.title == "Sorting"


GOOD = ("<record><header><identifier>oai:arXiv.org:2403.99001</identifier></header><metadata><dc><title>Sorting</title>"
        "</dc></metadata></record>")
DELETED = "<record>\n<header status='deleted'><identifier>oai:arXiv.org:2403.99002</identifier></header></record>"


def test_deleted_records_and_other_formats_are_named_and_a_part_says_so():
    parsed = read(f"<ListRecords>{GOOD}\n{DELETED}\n<record><header><identifier>oai:x:3</identifier></header><metadata>"
                  "<marcxml/></metadata></record><record><header><identifier>oai:x:4</identifier></header></record>"
                  "<resumptionToken completeListSize='900'>abc|1</resumptionToken></ListRecords>")
    assert [found.arxiv_id for found in parsed.records] == ["2403.99001"]
    assert [(reject.line, reject.excerpt) for reject in parsed.rejects] == [
        (4, "oai:arXiv.org:2403.99002"), (6, "oai:x:3"), (6, "oai:x:4")]
    assert "deleted" in parsed.rejects[0].reason and "marcxml" in parsed.rejects[1].reason
    assert parsed.rejects[2].reason == "a record without metadata"
    (note,) = parsed.notes
    assert "900 records" in note and "abc|1" in note
    assert not read(f"<ListRecords>{GOOD}<resumptionToken/></ListRecords>").notes  # the last part


@pytest.mark.parametrize(("answer", "words", "empty"), [
    ("<error code='noRecordsMatch'>No records on that day</error>", "No records on that day", True),
    ("<error code='noRecordsMatch'/>", "noRecordsMatch", True), ("<ListRecords/>", "no paper is listed", True),
    (f"<ListRecords>{DELETED}</ListRecords>", "only 1 deleted records", True),
    ("<error code='badResumptionToken'>It expired</error>", "answers with an error: It expired", False),
    ("<ListIdentifiers><header><identifier>oai:x:1</identifier></header></ListIdentifiers>", "lists no records", False),
    ("<ListSets><set><setSpec>cs</setSpec></set></ListSets>", "lists no records", False)])
def test_answers_without_papers_are_told_apart(answer, words, empty):
    with pytest.raises(DigestError, match=words) as caught:
        read(answer)
    assert isinstance(caught.value, NothingListed) == empty and str(caught.value).startswith("oai.xml: ")
