"""MEDLINE text and PubMed XML, which say the same of a paper."""

from datetime import date

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError

NBIB = """
PMID- 39000001
OWN - NLM
STAT- MEDLINE
DP  - 2025 Sep 18
TI  - Calm schedules for noisy gradients: a title that is broken over
      two lines.
LID - 10.5555/Example.1 [doi]
LID - S0000-0000(25)00001-2 [pii]
AB  - BACKGROUND: Steps are noisy. METHODS: We study step sizes
      that shrink.
FAU - Example, Ada B
AU  - Example AB
AD  - University of Examples, 1 Road -
      Town.
FAU - Sample, Bo Jr
AU  - Sample B Jr
CN  - The Example Team
PT  - Journal Article
PT  - Retracted Publication
PMC - PMC9900001
JT  - Journal of examples
SO  - J Ex. 2025 Sep 18;3(1):1-9. doi: 10.5555/example.1.

PMID- 39000002
DP  - 2024 Winter
TI  - [Margins that know their class].
AU  - Placeholder C
SO  - J Ex. 2024;2(1):1-9. doi: 10.5555/example.2.
"""

XML = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://example.org/pubmed.dtd">
<PubmedArticleSet>
<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">39000001</PMID><Article>
<Journal><JournalIssue><PubDate><Year>2025</Year><Month>Sep</Month><Day>18</Day></PubDate></JournalIssue>
<Title>Journal of examples</Title></Journal>
<ArticleTitle>Calm schedules for noisy gradients: a title that is broken over two <i>lines</i>.</ArticleTitle>
<ELocationID EIdType="pii">S0000</ELocationID><ELocationID EIdType="doi">10.5555/Example.1</ELocationID>
<Abstract><AbstractText Label="BACKGROUND">Steps are noisy.</AbstractText>
<AbstractText Label="METHODS">We study step sizes that shrink.</AbstractText></Abstract>
<AuthorList><Author><LastName>Example</LastName><ForeName>Ada B</ForeName><Initials>AB</Initials></Author>
<Author><LastName>Sample</LastName><ForeName>Bo</ForeName><Suffix>Jr</Suffix></Author>
<Author><CollectiveName>The Example Team</CollectiveName></Author></AuthorList>
<PublicationTypeList><PublicationType>Retracted Publication</PublicationType></PublicationTypeList>
</Article></MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType="pmc">PMC9900001</ArticleId></ArticleIdList>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.5555/cited</ArticleId></ArticleIdList></Reference>
</ReferenceList></PubmedData></PubmedArticle>
<PubmedArticle><MedlineCitation><PMID>39000002</PMID><Article><Journal><JournalIssue><PubDate>
<MedlineDate>2024 Winter</MedlineDate></PubDate></JournalIssue></Journal>
<ArticleTitle>[Margins that know their class].</ArticleTitle><AuthorList><Author><LastName>Placeholder</LastName>
<Initials>C</Initials></Author></AuthorList></Article></MedlineCitation><PubmedData><ArticleIdList>
<ArticleId IdType="doi">10.5555/example.2</ArticleId></ArticleIdList></PubmedData></PubmedArticle>
<DeleteCitation><PMID>39000003</PMID></DeleteCitation>
</PubmedArticleSet>"""


def read(text: str):
    return read_digest(text.encode(), "list.nbib")


@pytest.mark.parametrize(("text", "name"), [(NBIB, "MEDLINE"), (NBIB.replace("\n", "\r\n"), "MEDLINE"),
                                            (XML, "PubMed XML")])
def test_the_same_papers_in_both(text, name):
    parsed = read(text)
    assert parsed.format == name
    first, second = parsed.records
    assert first.title == "Calm schedules for noisy gradients: a title that is broken over two lines"
    assert (first.doi, first.published_on, first.withdrawn) == ("10.5555/example.1", date(2025, 9, 18), True)
    assert first.authors[0] == "Ada B Example" and first.authors[2] == "The Example Team"
    assert first.abstract.lower() == "background: steps are noisy. methods: we study step sizes that shrink."
    assert first.urls == ("https://pubmed.ncbi.nlm.nih.gov/39000001/",
                          "https://pmc.ncbi.nlm.nih.gov/articles/PMC9900001/")
    assert (second.title, second.authors) == ("Margins that know their class", ("C Placeholder",))
    assert (second.doi, second.year, second.published_on, second.withdrawn) == ("10.5555/example.2", 2024, None, False)


def test_lines_and_deleted_records():
    assert [record.line for record in read(NBIB).records] == [2, NBIB.split("\n").index("PMID- 39000002") + 1]
    parsed = read(XML)
    lines = XML.split("\n")
    assert [record.line for record in parsed.records] == [
        number for number, line in enumerate(lines, 1) if line.startswith("<PubmedArticle>")]
    assert [(reject.line, reject.excerpt) for reject in parsed.rejects] == [
        (lines.index("<DeleteCitation><PMID>39000003</PMID></DeleteCitation>") + 1, "39000003")]


def test_eric_writes_it_without_numbers():
    parsed = read("\nOWN - ERIC\nTI  - One a\nFAU - Example, Ada\nDP  - 2020\n\nOWN - ERIC\nTI  - Two b\n")
    assert parsed.format == "MEDLINE"
    assert [(record.title, record.authors) for record in parsed.records] == [("One a", ("Ada Example",)), ("Two b", ())]


def test_a_book():
    (record,) = read("<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID>1</PMID><Book>"
                     "<BookTitle>Layers</BookTitle><PubDate><Year>2019</Year></PubDate><AuthorList><Author>"
                     "<LastName>Example</LastName>"
                     "<ForeName>Ada</ForeName></Author></AuthorList></Book><Abstract><AbstractText>We "
                     "sort.</AbstractText></Abstract>"
                     "</BookDocument></PubmedBookArticle></PubmedArticleSet>").records
    assert (record.title, record.year, record.authors, record.abstract) == (
        "Layers", 2019, ("Ada Example",), "We sort.")


def test_an_error_of_pubmed_is_repeated():
    with pytest.raises(DigestError, match="PubMed answers with an error: cannot get document"):
        read("<eFetchResult><ERROR>cannot get document summary</ERROR></eFetchResult>")
