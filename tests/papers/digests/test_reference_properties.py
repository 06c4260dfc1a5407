"""What holds for any feed or reference list: titles come out, damage is named, nothing escapes, time is linear."""

import pytest
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from papers.digests.reading import all_formats, read_digest
from papers.digests.records import DigestError, Full, Parsed
from papers.digests.source import open_source
from papers.digests.titles import title_key
from tests.linear import assert_linear
from tests.papers.digests.reference_lists import WRITERS, rss, wos_tabs

WORDS = st.text("abcdefghijklmnoprstuvwyzäéßñ", min_size=3, max_size=9)
TITLES = st.lists(st.lists(WORDS, min_size=2, max_size=6).map(lambda words: " ".join(words).capitalize()),
                  min_size=2, max_size=6, unique_by=title_key)
bounded = bounds(derandomize=True, max_examples=40, deadline=None, database=None)
every_format = pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)

# What means something in one of the formats, and what nobody expects anywhere.
PIECES = ["<", ">", "&", "]]>", "<![CDATA[", "<!--", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "</record>", "</item>", "<item>",
          "<record>", "<mods>", "<title>", "&nbsp;", "&#0;", "<a:b>", "xmlns:x=''", "xmlns='a'", "\n", "\n\n", "\t",
          "TY  - JOUR\n", "ER  - \n", "ER\n", "EF\n", "TI  - ", "TI - ", "PMID- 1\n", "%0 Book\n", "%T ", "RT Book\n",
          "T1 ", "PT J\n", "\\\\\n", "arXiv:2403.00001\n", "Title: ", "-" * 78 + "\n", "(" * 40, ",,,", "; ", " and ",
          "10.5555/a", "[doi]", "doi:10.5555/", "2024-99-99", "31 Feb 2024", "99999999", "é", "\u202e", "\x00", "\\'{",
          "$x$", "<div>" * 30, "https://arxiv.org/abs/2403.00001", "Announce Type: replace\nAbstract: "]


def reading(data: bytes) -> Parsed | None:
    """What is read; None where it is refused. A fault of a reader, though caught, fails the test."""
    try:
        return read_digest(data, "input")
    except DigestError as error:
        assert "fault of the reader" not in str(error)
        assert str(error).startswith("input"), str(error)
        return None


@every_format
@given(titles=TITLES)
@bounded
def test_every_title_comes_out_with_its_place(write, titles):
    parsed = read_digest(write(titles), "input")
    assert [record.title for record in parsed.records] == titles
    assert not parsed.rejects and not parsed.notes
    lines = [record.line for record in parsed.records]
    assert lines == sorted(set(lines)) and lines[0] >= 1


@every_format
@given(titles=TITLES, cut=st.floats(0, 1), piece=st.sampled_from(PIECES), gone=st.integers(0, 12))
@bounded
def test_a_title_of_a_damaged_list_is_read_or_named(write, titles, cut, piece, gone):
    data = write(titles)
    text = data.decode("utf-16" if write is wos_tabs else "utf-8-sig")
    at = int(cut * len(text))
    parsed = reading((text[:at] + piece + text[at + gone:]).encode())
    if parsed and len(parsed.records) < len(titles):
        assert parsed.rejects or parsed.notes


@every_format
@given(titles=TITLES, edits=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 300)),
                                     min_size=2, max_size=12))
@bounded
def test_no_reader_raises_anything_else_on_any_damage(write, titles, edits):
    text = write(titles).decode("utf-16" if write is wos_tabs else "utf-8-sig")
    for cut, piece, gone in edits:
        at = int(cut * len(text))
        text = text[:at] + piece + text[at + gone:]
    reading(text.encode())


@given(edits=st.lists(st.sampled_from(PIECES), max_size=30))
@bounded
def test_readers_asked_for_what_is_not_theirs(edits):
    """Whatever sniffing says: parse is told to raise nothing but DigestError."""
    text = "".join(edits)
    if not text.strip():
        return
    source, _ = open_source(text.encode(), "input")
    for module in all_formats():
        assert 0 <= module.sniff(source) <= 1
        if hasattr(module, "parse"):
            try:
                module.parse(source)
            except (DigestError, Full):
                pass


WORST = {
    "items": ("<rss><channel>", "<item><title>A b</title></item>\n"), "open items": ("<rss><channel>", "<item>\n"),
    "items in one line": ("<rss><channel>", "<item><title>A<b</title></item>"), "feeds": ("", "<rss><channel>"),
    "elements": ("<rss><item>", "<a>"), "descriptions": ("<rss><item><title>A b</title><description>", "&lt;p&gt;"),
    "links": ("<rss><item><title>A b</title>", "<link>https://a.bc</link>"),
    "records": ("<OAI-PMH>", "<record><metadata><dc><title>A b</title></dc></metadata></record>"),
    "deleted": ("<OAI-PMH>", "<record><header status='deleted'/></record>"),
    "errors": ("<OAI-PMH>", "<error>a</error>"),
    "brackets": ("<OAI-PMH><record><metadata><arXivRaw><title>A b</title><authors>", "("),
    "RIS": ("", "TY  - JOUR\nTI  - A b\n"), "RIS without ends": ("TY  - JOUR\n", "TI  - A b\n"),
    "RIS authors": ("TY  - JOUR\nTI  - A b\n", "AU  - a, b\n"),
    "RIS lines": ("TY  - JOUR\nTI  - A b\nAB  - x\n", "y\n"),
    "RIS addresses": ("TY  - JOUR\nTI  - A b\nUR  - ", "; "), "RIS DOIs": ("TY  - JOUR\nTI  - A b\nM3  - ", "10.5555/"),
    "outside": ("TY  - JOUR\nTI  - A b\nER  -\n", "x\n"), "refer": ("", "%0 A\n%T A b\n"),
    "refer dates": ("%0 A\n%T A b\n%8 ", "1 jan "), "MEDLINE": ("", "PMID- 1\nTI  - A b\n"),
    "MEDLINE lines": ("OWN - A\n", "A\n"), "RefWorks": ("", "RT A\nT1 A b\nID 1\n"), "WoS": ("", "PT J\nTI A b\n"),
    "WoS breaks": ("FN A\n", "\n"), "WoS cells": ("PT\tAU\tTI\tSO\tAB\tDI\tUT\tPY\n", "J\tA\tA b\n"),
    "mail": ("", "\\\\\narXiv:2403.00001\nTitle: A b\n\\\\\n  x\n\\\\ (a)\n"), "mail marks": ("", "\\\\\narXiv:\n"),
    "mail brackets": ("\\\\\narXiv:2403.00001\nTitle: A b\nAuthors: ", "(a "), "mail quotes": ("", "> > \\\\\n"),
    "EndNote": ("<xml><records>", "<record><titles><title>A b</title></titles></record>"),
    "MODS": ("<modsCollection>", "<mods><titleInfo><title>A b</title></titleInfo></mods>"),
    "PubMed": ("<PubmedArticleSet>", "<PubmedArticle><MedlineCitation><Article><ArticleTitle>A b</ArticleTitle>"
               "</Article></MedlineCitation></PubmedArticle>")}


@pytest.mark.parametrize("case", WORST)
def test_time_is_in_proportion_to_size(case):
    head, piece = WORST[case]
    small, large = ((head + piece * (size // len(piece))).encode() for size in (10_000, 80_000))
    reading(small[:2000])  # the first time compiles patterns
    assert_linear(reading, small, large)


def test_a_break_in_the_middle_costs_one_entry():
    text = rss(["One a", "Two b", "Three c", "Four d"]).decode().replace("<title>Two b", "<title>Two <b")
    parsed = read_digest(text.encode(), "input")
    assert [record.title for record in parsed.records] == ["One a", "Three c", "Four d"]
    assert [reject.line for reject in parsed.rejects] == [6] and "broken XML at line 7" in parsed.rejects[0].reason
