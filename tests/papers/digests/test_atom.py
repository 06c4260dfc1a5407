"""Atom that is not the plain answer of arXiv's API: its feed, other sites', errors."""

from datetime import date

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError, NothingListed

HEAD = ("<?xml version='1.0'?>\n<feed xmlns='http://www.w3.org/2005/Atom' xmlns:arxiv='http://arxiv.org/schemas/atom' "
        "xmlns:dc='http://purl.org/dc/elements/1.1/'>")


def read(*entries: str):
    text = HEAD + "".join(f"\n<entry>{entry}</entry>" for entry in entries) + "</feed>"
    return read_digest(text.encode(), "a.atom")


def test_a_journals_feed_with_people_and_identifiers_of_its_own():
    (record,) = read(
        "<id>tag:example.org,2005:Paper/1</id><published>2019-06-30T00:45:42Z</published>"
        "<link rel='self' href='https://example.org/papers.atom'/><link rel='license' href='https://example.org/by'/>"
        "<link rel='alternate' href='https://example.org/papers/1'/><title>Calm Schedules</title>"
        "<authors><author sequence='first'><given_name>Ada</given_name><middle_name>B.</middle_name>"
        "<last_name>Example</last_name></author><author><given_name>Bo</given_name><last_name>Sample</last_name>"
        "</author></authors><doi>10.5555/joss.1</doi><archive_doi>10.5555/zenodo.2</archive_doi>").records
    assert record.authors == ("Ada B. Example", "Bo Sample") and record.doi == "10.5555/joss.1"
    assert record.published_on == date(2019, 6, 30) and record.urls == ("https://example.org/papers/1",)


@pytest.mark.parametrize(("title", "read_as"), [
    ("<title type='html'>&lt;i&gt;p&lt;/i&gt; &amp;lt; 2 &amp;amp; more</title>", "p < 2 & more"),
    ("<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><i>p</i> &lt; 2</div></title>", "p < 2"),
    ("<title type='text'>On &lt;b&gt; in HTML</title>", "On <b> in HTML"), ("<title>AT&amp;T</title>", "AT&T")])
def test_kinds_of_titles(title, read_as):
    assert read(f"<id>x</id>{title}").records[0].title == read_as


def test_links_in_xhtml_are_kept():
    (record,) = read("<id>x</id><title>A b</title><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>"
                     "<p>We bound it.</p><p>See <a href='https://github.com/example/a'>our code for it</a>.</p></div>"
                     "</content>").records
    assert record.abstract == "We bound it. See our code for it (https://github.com/example/a)."
    assert record.urls == ("https://github.com/example/a",)


def test_an_error_beside_papers_is_a_reject():
    error = ("<id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title>"
             "<summary>incorrect id format for abc</summary>")
    parsed = read("<id>http://arxiv.org/abs/2401.99001v1</id><title>A b</title>", error)
    assert [record.title for record in parsed.records] == ["A b"]
    assert [(reject.line, reject.reason) for reject in parsed.rejects] == [
        (4, "arXiv answers with an error: incorrect id format for abc")]
    with pytest.raises(DigestError, match="^a.atom: arXiv answers with an error: incorrect id format") as caught:
        read(error)
    assert not isinstance(caught.value, NothingListed)
    with pytest.raises(NothingListed):
        read()


def test_the_apis_day_is_the_first_versions_whatever_the_number_says():
    (record,) = read("<id>http://arxiv.org/abs/2401.99001v2</id><title>A b</title>"
                     "<published>2023-10-28T08:00:00Z</published>").records
    assert record.published_on == date(2023, 10, 28)


def test_an_entry_nested_absurdly_is_named():
    parsed = read("<id>x</id><title>A b</title>" + "<a>" * 5000 + "</a>" * 5000, "<id>y</id><title>C d</title>")
    assert [record.title for record in parsed.records] == ["C d"]
    assert [reject.line for reject in parsed.rejects] == [3] and "inside one another" in parsed.rejects[0].reason
