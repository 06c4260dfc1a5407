"""RSS in its versions, and what its announcements say of a paper."""

from datetime import date
from pathlib import Path

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError, NothingListed

CASES = Path(__file__).with_name("cases")


def read(text: str | bytes, name="feed.xml"):
    return read_digest(text.encode() if isinstance(text, str) else text, name)


def item(inner: str, attributes: str = "") -> str:
    return (f"<rss version='2.0' {attributes}><channel><title>News</title><image><title>News</title></image>"
            f"<item>{inner}</item></channel></rss>")


def one(inner: str, attributes: str = ""):
    parsed = read(item(inner, attributes))
    assert parsed.format == "RSS" and not parsed.rejects
    (record,) = parsed.records
    return record


def test_arxivs_feed():
    first, second = read((CASES / "A1_arxiv_rss2_item_read_as_lines.xml").read_bytes()).records
    assert (first.title, first.arxiv_id, first.authors) == (
        "Calm Schedules for Noisy Gradients", "2509.99001", ("Ada Example", "Bo Sample"))
    assert first.abstract.startswith("We study step sizes") and first.published_on == date(2025, 9, 18)
    assert (second.arxiv_id, second.doi, second.authors) == ("2303.99002", "10.5555/example.257", ("Cy Placeholder",))
    assert (second.year, second.published_on, second.line) == (2023, None, 27)  # announced again in 2025
    assert "https://github.com/example/margins" in second.urls
    assert not first.described and not second.described


def test_arxivs_feed_until_2024():
    parsed = read("""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="http://arxiv.org/"><title>cs.LG updates</title>
 <items><rdf:Seq><rdf:li rdf:resource="http://arxiv.org/abs/2101.99001"/></rdf:Seq></items></channel>
<item rdf:about="http://arxiv.org/abs/2101.99001">
<title>Calm Schedules. (arXiv:2101.99001v2 [cs.LG] UPDATED)</title>
<link>http://arxiv.org/abs/2101.99001</link>
<description rdf:parseType="Literal">&lt;p&gt;We study step sizes with p &amp;lt; 2.&lt;/p&gt;</description>
<dc:creator> &lt;a href="http://arxiv.org/find/cs/1/au:+E/0/1/0/all/0/1"&gt;Ada Example&lt;/a&gt;, &lt;a
href="http://arxiv.org/find/2"&gt;Bo Sample&lt;/a&gt;</dc:creator>
</item></rdf:RDF>""")
    (record,) = parsed.records
    assert (record.title, record.arxiv_id, record.year) == ("Calm Schedules.", "2101.99001", 2021)
    assert record.authors == ("Ada Example", "Bo Sample") and record.abstract == "We study step sizes with p < 2."


def test_a_journals_feed():
    record = one(
        "<title>Calm &lt;i&gt;Schedules&lt;/i&gt; for H&lt;sub&gt;2&lt;/sub&gt;O</title><link>https://example.org/a</link>"
        "<description><![CDATA[<p>We study <b>steps</b>.</p>]]></description><dc:creator>Example, Ada</dc:creator>"
        "<dc:creator>Sample, Bo, Jr.</dc:creator><prism:publicationDate>2025-03-04</prism:publicationDate>"
        "<pubDate>Thu, 18 Sep 2025 00:00:00 GMT</pubDate><dc:identifier>doi:10.5555/Example.1</dc:identifier>")
    assert record.title == "Calm Schedules for H2O" and record.abstract == "We study steps."
    assert record.authors == ("Ada Example", "Bo Sample Jr.") and record.doi == "10.5555/example.1"
    assert record.published_on == date(2025, 3, 4) and not record.described


@pytest.mark.parametrize(("link", "doi"), [
    ("https://doi.org/10.5555/a.1?utm=x", "10.5555/a.1"), ("https://example.org/doi/full/10.5555/a.1#b", "10.5555/a.1"),
    ("https://example.org/10.5555/a.1", None), ("https://example.org/?p=12", None)])
def test_addresses_that_are_dois(link, doi):
    assert one(f"<title>A b</title><link>{link.replace('&', '&amp;')}</link>").doi == doi


def test_a_blogs_feed():
    record = one(
        "<media:title>A picture</media:title><title>Five Papers We Liked &amp;amp; Why</title>"
        "<link>https://blog.example.org/five</link><author>editor@example.org (Ada Example)</author>"
        "<guid isPermaLink='false'>12</guid><pubDate>Thu, 18 Sep 2025 10:00:00 +0200</pubDate>"
        "<description>We liked &lt;a href='https://arxiv.org/abs/2509.99001'&gt;this one&lt;/a&gt;.</description>"
        "<content:encoded><![CDATA[<p>Long text with <a href='https://github.com/example/calm'>code</a></p>]]>"
        "</content:encoded><enclosure url='https://blog.example.org/five.mp3'/>",
        "xmlns:media='http://search.yahoo.com/mrss/'")
    assert record.title == "Five Papers We Liked & Why" and record.authors == ("Ada Example",)
    assert record.described and record.published_on == date(2025, 9, 18) and record.arxiv_id is None
    assert set(record.urls) == {"https://blog.example.org/five", "https://blog.example.org/five.mp3",
                                "https://arxiv.org/abs/2509.99001", "https://github.com/example/calm"}


@pytest.mark.parametrize(("inner", "authors"), [
    ("<author>editor@example.org</author>", ()), ("<author>Ada Example</author>", ("Ada Example",)),
    ("<author>Example, A.; Sample, B.</author>", ("A. Example", "B. Sample")),
    ("<dc:creator>Ada Example and Bo Sample</dc:creator>", ("Ada Example", "Bo Sample")),
    ("<dc:creator>Example, A., Sample, B. C., Three, D.</dc:creator>", ("A. Example", "B. C. Sample", "D. Three")),
    ("<description>&lt;p&gt;Author(s): Ada Example, Bo Sample&lt;/p&gt;</description>", ("Ada Example", "Bo Sample")),
    ("<dc:title>A &lt;i&gt;b&lt;/i&gt;</dc:title><dc:creator/>", ())])
def test_people(inner, authors):
    assert one(f"<title>A b</title>{inner}").authors == authors


def test_a_day_months_after_the_number_is_no_papers_day():
    inner = "<title>A b</title><link>https://huggingface.co/papers/2401.99001</link><pubDate>{}</pubDate>"
    assert one(inner.format("Thu, 18 Sep 2025 10:00:00 GMT")).published_on is None
    assert one(inner.format("Thu, 1 Feb 2024 10:00:00 GMT")).published_on == date(2024, 2, 1)
    assert one(inner.format("Fri, 29 Dec 2023 10:00:00 GMT")).published_on == date(2023, 12, 29)


def test_an_item_without_a_title_is_named_with_its_line():
    parsed = read("<rss><channel>\n<item><title>A b</title></item>\n<item>\n<description>Words</description></item>\n"
                  "</channel></rss>")
    assert [record.title for record in parsed.records] == ["A b"]
    assert [(reject.line, reject.reason, reject.excerpt) for reject in parsed.rejects] == [(3, "no title", "Words")]


def test_a_day_without_announcements_is_no_broken_file():
    with pytest.raises(NothingListed, match="no paper is listed"):
        read("<rss version='2.0'><channel><title>cs.LG updates</title><skipDays><day>Sunday</day></skipDays>"
             "</channel></rss>")


@pytest.mark.parametrize("prologue", ['<!DOCTYPE rss [<!ENTITY a "b">]>',
                                      '<!DOCTYPE rss [<!ENTITY % h SYSTEM "x"> %h;]>',
                                      '<!DOCTYPE html SYSTEM "x">'])
def test_entities_of_its_own_are_refused(prologue):
    with pytest.raises(DigestError, match="refused, XML with its own entities|HTML"):
        read(prologue + item("<title>A &a; b</title>"))


def test_the_document_type_of_old_rss_and_names_of_html_are_read():
    parsed = read('<?xml version="1.0"?>\n<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"\n'
                  '"http://example.org/rss-0.91.dtd">\n' + item("<title>Caf&eacute; &nbsp; R&D</title>"))
    assert [(record.title, record.line) for record in parsed.records] == [("Café R&D", 4)]


@pytest.mark.parametrize("codec", ["iso-8859-2", "windows-1251", "shift_jis", "gbk"])
def test_the_encoding_that_the_xml_names(codec):
    word = {"iso-8859-2": "Bańka", "windows-1251": "Градиенты", "shift_jis": "勾配", "gbk": "梯度"}[codec]
    text = f"<?xml version='1.0' encoding='{codec}'?>" + item(f"<title>{word} and more</title>")
    assert read(text.encode(codec)).records[0].title == f"{word} and more"
    assert read(text.encode()).records[0].title == f"{word} and more"  # saved anew, as UTF-8, with the old words


def test_rdf_that_is_no_feed_is_not_taken_for_one():
    with pytest.raises(DigestError, match="not like a list of papers"):
        read("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description>a</rdf:Description>"
             "</rdf:RDF>")
