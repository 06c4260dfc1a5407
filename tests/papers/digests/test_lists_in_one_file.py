"""Several lists in one file, lists amid other text, and damage: all is read or named by its line."""

import gzip
import json
from email.message import EmailMessage

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import ENTRIES_LIMIT, DigestError, NothingListed
from tests.papers.digest_texts import ATOM, BIBTEX, BLANK_LAYOUT, LONG
from tests.papers.digests.test_cases import CASES


def read(text: str | bytes, name: str = "input"):
    return read_digest(text.encode() if isinstance(text, str) else text, name)


def titles(text) -> list[str]:
    return [record.title for record in read(text).records]


@pytest.mark.parametrize(("text", "lines"), [
    ('[{"title":"A"}]\n[{"title":"B"},\n{"title":"C"}]', [1, 2, 3]),
    ('{"papers":[{"title":"A"}],\n"results":[{"title":"B"}, {"title":"C"}]}', [1, 2, 2]),
    ('{"title":"A"}\n[{"title":"B"}]\n{"papers":[{"title":"C"}]}', [1, 2, 3]),
    ('{"papers":[{"title":"A"}],"papers":[{"title":"B"}]} {"title":"C"}', [1, 1, 1]),
    ('{"a":{"title":"A","doi":"10.1/x"},\n"b":{"title":"B"},\n"c":{"title":"C"}}', [1, 2, 3]),
    ('{"message":{"items":[{"title":["A"]},\n{"title":["B"]}]},"next":{"more":[{"title":"C"}]}}', [1, 2, 2]),
    ('{"title":"My list","papers":[{"title":"A"},{"title":"B"},{"title":"C"}]}', [1, 1, 1]),
])
def test_every_list_of_a_json_file(text, lines):
    parsed = read(text)
    assert [record.title for record in parsed.records] == ["A", "B", "C"] and not parsed.rejects
    assert [record.line for record in parsed.records] == lines


@pytest.mark.parametrize(("text", "read_titles", "reject_lines"), [
    ('[{"title":"A"},\n{"title":"B" "year":1},\n{"title":"C"}]', ["A", "C"], [2]),
    ('{"title":"A"}\n{"title":"B\n{"title":"C"}\n', ["A", "C"], [2]),
    ('{"papers":[{"title":"A"},\n{"title":"B"},\n{"title":"C', ["A", "B"], [3]),
    ('{"title":"A"}\n# and now\n{"title":"B"}', ["A", "B"], [2]),
    ('[{"title":"A","title":"B"}]', ["B"], [1]),
    ('{"papers":[{"name":"X"}],\n"results":[{"title":"A"}]}', ["A"], [1]),
    ('[{"title":"A"}, 7, {"name":"no title"}]', ["A"], [1, 1]),
])
def test_damaged_json_is_read_on(text, read_titles, reject_lines):
    parsed = read(text)
    assert [record.title for record in parsed.records] == read_titles
    assert [reject.line for reject in parsed.rejects] == reject_lines


def test_feeds_one_after_the_other_and_a_break_in_the_first():
    assert len(read(ATOM + "\n" + ATOM).records) == 2
    broken = read(ATOM.replace("<name>Bo Chen</name>", "<name>Bo Chen") + ATOM)
    assert len(broken.records) == 1 and broken.records[0].line > 20
    assert broken.rejects[0].line == 4 and "broken XML" in broken.rejects[0].reason
    assert "Layers That Sort" in broken.rejects[0].excerpt


def test_entities_of_html_and_bare_ampersands_do_not_break_a_feed():
    assert titles(ATOM.replace("Layers That", "R&D of caf&eacute;s &amp; Layers That")) == [
        "R&D of cafés & Layers That Sort Themselves"]


@pytest.mark.parametrize(("kind", "title"), [
    ("text", "Layers p < 2"), ("html", "&lt;i&gt;Layers&lt;/i&gt; p &amp;lt; 2"),
    ("xhtml", "<div xmlns='http://www.w3.org/1999/xhtml'><i>Layers</i> p &lt; 2</div>")])
def test_kinds_of_atom_titles(kind, title):
    title = title.replace("p < 2", "p &lt; 2") if kind == "text" else title
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='{kind}'>{title}</title></entry></feed>"
    assert titles(feed) == ["Layers p < 2"]


def test_bibtex_after_prose_says_what_was_not_read():
    parsed = read("Please cite these two.\n\n" + BIBTEX.replace("@comment", "% note\n@comment"))
    assert len(parsed.records) == 2 and parsed.rejects[0].line == 1 and "Please cite" in parsed.rejects[0].excerpt


@pytest.mark.parametrize(("entry", "count", "reason"), [
    ("@a{k, title={A}}\n@a{k, title={B}}", 2, None), ("@a{k, title={A}, year=1, year=2}", 1, None),
    ("@a{k, title={A}, title={B}}", 1, "second title"), ("@a{k, title={A} year={1}}", 1, "missing"),
    ("@a{k, title={A}, year=x = {1}}", 1, "does not parse"), ("@a{k title={A}}\n@b{k, title={B}}", 1, "does not parse"),
    ("@a(k, title={A})\n", 1, None), ("@a{k,\n title={A", 0, "never closed"),
    ("@a{k}\n@b{l,title={B}}", 1, "without fields"),
    ('@string{x = "A"}\n@a{k, title = x # " of " # {B}}', 1, None), ("@a{k, title={A}} @b{l, title={B}}", 2, None)])
def test_bibtex_keeps_the_good_and_names_the_bad(entry, count, reason):
    parsed = read(entry + "\n@misc{z, title={Z}}")
    assert len(parsed.records) == count + 1 and parsed.records[-1].title == "Z"
    assert [reason in reject.reason for reject in parsed.rejects] == [True] if reason else not parsed.rejects


@pytest.mark.parametrize(("author", "names"), [
    ("von Hicks, III, Michael", ["Michael von Hicks III"]), ("{The Example Team} and King, Jr., Martin Luther",
                                                            ["The Example Team", "Martin Luther King Jr."]),
    ("Oord, A{\\\"a}ron van den and others", ["Aäron van den Oord"]),
    ("Ada Example, Bo Sample, Cy Third, Di Fourth", ["Ada Example", "Bo Sample", "Cy Third", "Di Fourth"])])
def test_bibtex_names(author, names):
    (record,) = read(f"@a{{k, title={{A}}, author={{{author}}}}}").records
    assert list(record.authors) == names


def test_a_mails_attachment_is_read_too():
    message = EmailMessage()
    message["Subject"], message["From"] = "Papers", "a@example.org"
    message.set_content(BLANK_LAYOUT)
    message.add_attachment(gzip.compress(BIBTEX.encode(), mtime=0), maintype="application", subtype="gzip",
                           filename="more.bib.gz")
    parsed = read(message.as_bytes(), "mail.eml")
    assert len(parsed.records) == 4 and [record.position for record in parsed.records] == [1, 2, 3, 4]
    assert any("more.bib.gz in mail.eml" in reject.reason for reject in parsed.rejects)


@pytest.mark.parametrize(("name", "words"), [
    ("A1", "RSS"), ("A2", "RIS"), ("A3", "OAI-PMH"), ("A5", "CSV"), ("A6", "a Markdown table")])
def test_other_formats_give_no_false_papers(name, words):
    """Read by a format of their own or refused by name; never lines taken for titles."""
    (path,) = CASES.glob(f"{name}_*")
    try:
        assert len(read(path.read_bytes(), path.name).records) <= 2
    except DigestError as error:
        assert f"looks like {words}, which is not read. What is read: " in str(error) and "BibTeX" in str(error)


@pytest.mark.parametrize(("data", "words"), [
    (b"%PDF-1.7\n%\xe2\xe3\n", "this is a PDF"), (b"PK\x03\x04....xl/workbook.xml", "an Excel workbook"),
    (b"PK\x03\x04....word/document.xml", "a Word document"), (b"\x89PNG\r\n\x1a\n....", "a PNG image"),
    (b"<!DOCTYPE html>\n<p>x", "an HTML page"), (b"<?xml version='1.0'?><!-- <feed> --><opml/>", "OPML"),
    (b"{\\rtf1 x}", "RTF"), (b"\\documentclass{article}\n", "a LaTeX document"), (b'["A", "B"]', "JSON"),
    (b"# Papers\n\n- [A](https://example.org)\n- [B](https://example.org)\n", "Markdown"),
    (b"Just a thought.\nAnd another.\n", "plain text without a title followed by an abstract")])
def test_what_no_format_claims_is_named(data, words):
    with pytest.raises(DigestError, match="What is read: .*Atom") as caught:
        read(data, "a-file")
    assert words in str(caught.value) and str(caught.value).startswith("a-file: ")


def test_text_that_is_mostly_bare_lines_is_refused():
    text = f"Menu\n\nAbout us\n\nOur products\n\nCareers\n\nA long word on our work\n\n{LONG}"
    with pytest.raises(DigestError, match="4 of 5 entries have only a title"):
        read(text)
    assert len(read(json.dumps([{"title": f"Title {number}"} for number in range(9)])).records) == 9  # JSON says so


def test_an_empty_day_is_told_from_a_broken_file():
    for text in ("<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title></feed>", "[]", '{"papers": []}'):
        with pytest.raises(NothingListed):
            read(text)


def test_too_many_entries_are_cut_with_a_word():
    parsed = read('{"title":"A"}\n' * (ENTRIES_LIMIT + 5))
    assert len(parsed.records) == ENTRIES_LIMIT
    assert parsed.rejects[0].line == ENTRIES_LIMIT + 1 and "split the file" in parsed.rejects[0].reason


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16", "utf-8-sig", "cp1252"])
def test_encodings(codec):
    assert titles("@misc{k, title={Säulen für alle}}".encode(codec)) == ["Säulen für alle"]


def test_lines_in_two_encodings():
    text = "@misc{k, title={Säule}}\n".encode() + "@misc{l, title={Größe}}".encode("cp1252")
    assert titles(text) == ["Säule", "Größe"]
