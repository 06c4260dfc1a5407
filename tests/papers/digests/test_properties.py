"""What holds for any input: no exception but DigestError, no title lost without a word, time in proportion to size."""

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.digests.latex import has_latex, latex_to_text
from papers.digests.reading import all_formats, read_digest
from papers.digests.records import DigestError, Parsed
from papers.digests.titles import title_key
from tests.linear import assert_linear
from tests.papers.digests import lists

WORDS = st.text("abcdefghijklmnoprstuvwyzäéßñ", min_size=3, max_size=9)
TITLES = st.lists(st.lists(WORDS, min_size=2, max_size=6).map(lambda words: " ".join(words).capitalize()),
                  min_size=2, max_size=6, unique_by=title_key)
bounded = settings(derandomize=True, max_examples=40, deadline=None, database=None)


def reading(data: bytes) -> Parsed | None:
    """What is read; None where it is refused. A fault of a reader, though caught, fails the test."""
    try:
        return read_digest(data, "input")
    except DigestError as error:
        assert "fault of the reader" not in str(error)
        assert str(error).startswith("input"), str(error)
        return None


@pytest.mark.parametrize("write", lists.WRITERS, ids=lambda write: write.__name__)
@given(titles=TITLES)
@bounded
def test_every_title_comes_out(write, titles):
    parsed = read_digest(write(titles), "input")
    assert [record.title for record in parsed.records] == titles
    assert len(parsed.rejects) == (write is lists.mail_with_attachment)  # whose own text is no list


@pytest.mark.parametrize("write", [lists.json_list, lists.json_lines, lists.json_several_lists, lists.atom,
                                   lists.bibtex, lists.bibtex_in_one_line], ids=lambda write: write.__name__)
@given(titles=TITLES, cut=st.floats(0, 1), mark=st.sampled_from("{}\"<&\\[],=\n"))
@bounded
def test_a_title_of_a_damaged_list_is_read_or_named(write, titles, cut, mark):
    text = write(titles).decode()
    at = int(cut * len(text))
    parsed = reading((text[:at] + mark + text[at:]).encode())
    if parsed and len(parsed.records) < len(titles):
        assert parsed.rejects or any("not closed" in note for note in parsed.notes)


@given(data=st.binary(max_size=300))
@bounded
def test_any_bytes(data):
    reading(data)


PIECES = st.lists(st.sampled_from([
    "@article{", "@n{8,t=", "{" * 95, "}", "title", "=", ",", '"', "\\'", "$", "#", "@string{a=", "\n", "[", "]",
    '{"title":', '"papers":[', "null", "1" * 5000, "1e999", "NaN", '"\\ud800"', "<feed>", "<entry>", "</entry>",
    "<title type='html'>", "&lt;b", "<![CDATA[", "]]>", "<![foo]>", "<?xml", "<!--", "&nbsp;", "&#0;", "&#xfffff;",
    "<!DOCTYPE", "Subject: x\n", "From: a\n", "Content-Type: text/html; charset=nosuch\n", "\n\n--a\n",
    "Content-Type: multipart/mixed; boundary=a\n", "Content-Type: multipart/mixed; a*0=b; a*1=c; a*=d\n",
    "=?utf-8?b?", "Get trending papers in your email inbox!\n", "Subscribe", "A title\n\n", lists.ABSTRACT, "\\frac{",
    "https://arxiv.org/abs/2403.01234\n", "(1) ", "\x00", "\u202e", "and ", "author={a, b, c, d}",
    "2024-99-99"]), max_size=40)


@given(pieces=PIECES)
@settings(bounded, max_examples=250)
def test_any_pieces_of_the_formats(pieces):
    reading("".join(pieces).encode("utf-8", errors="surrogatepass"))


@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
                          lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                              st.sampled_from(["title", "paper", "authors", "abstract", "date", "year", "id", "links",
                                               "versions", "authors_parsed", "issued", "date-parts", "doi", "papers",
                                               "abstract_inverted_index", "externalIds", "content", "value", "url"]),
                              inner, max_size=5), max_leaves=25))
@settings(bounded, max_examples=120)
def test_any_json(value):
    reading(json.dumps([value, {"title": "A real one"}]).encode())


@given(text=st.text(st.characters(codec="utf-8"), max_size=60) | st.lists(st.sampled_from(
    ["\\'", "\\c", "{", "}", "$", "e", "\\i", "\\frac", " ", "\\foo", "\\href", "[", "]", "~", "\\verb|", "\\\\", "--"])
).map("".join))
@settings(bounded, max_examples=300)
def test_any_latex(text):
    plain = latex_to_text(text)
    if not has_latex(text) and not any(sign in text for sign in "{}~`-"):
        assert title_key(plain) == title_key(text)


HEAD = "Get trending papers in your email inbox!\n"
MAIL = "From: a\nSubject: b\nContent-Type: text/html\n\n"
WORST = {
    "entries never closed": ("", "\n@article{"), "braces": ("@n{8,t=", "{"), "small entries": ("", "\n@a{b,title={A}}"),
    "fields": ("@a{b,", "f={x},"), "entries in one line": ("", "@a{b,title={A}} "), "accents": ("@a{b,title={", "\\'{"),
    "lists": ("", "["), "lists, a line each": ("", "[\n"), "objects": ("", '{"a":'), 
    "broken lines": ("", '{"title":"a\n'),
    "records": ("", '{"title":"a"}\n'), "no JSON": ("{}\n", "x\n"), "holders": ("", '{"papers":[{"title":"A"},'),
    "elements": ("<feed>", "<a>"), "declarations": ("<feed/>", "<?xml "), "entries": ("<feed>", "<entry a='"),
    "feeds": ("", "<feed "), "ampersands": ("<feed>", "&"), "CDATA": ("<feed>", "<![CDATA["), "divs": (MAIL, "<div>"),
    "paragraphs": (MAIL, "<p>"), "signs": (MAIL, "<"), "links": (MAIL, "<a href='http://a.bc'>x</a>"),
    "parameters": ("From: a\nSubject: b\nContent-Type: text/plain", "; a*0=b"), "words": ("", "abc "),
    "parts": ("From: a\nSubject: b\n", 'Content-Type: multipart/mixed; boundary="a"\n\n--a\n'),
    "flat parts": ('From: a\nSubject: b\nContent-Type: multipart/mixed; boundary="a"\n', "\n--a\n\nx\n"),
    "titles": (HEAD, "a\n\n"), "sentences": (HEAD + "Title\n", "We do it. http\n"), "new": ("", "new\n"),
    "brackets": (HEAD + "Title\n\nhttps://a.bc/", ")"), "marks": (HEAD + "a", "\u0301"), "types": ("", "<!doctype ")}


@pytest.mark.parametrize("case", WORST)
def test_time_is_in_proportion_to_size(case):
    head, piece = WORST[case]
    small, large = ((head + piece * (size // len(piece))).encode() for size in (10_000, 80_000))
    reading(small[:2000])  # the first time compiles patterns
    assert_linear(reading, small, large)



def test_an_unexpected_exception_is_a_message_and_is_logged(monkeypatch, caplog):
    def fail(source):
        raise RecursionError("too deep")

    module = next(module for module in all_formats() if module.NAME == "JSON")
    monkeypatch.setattr(module, "parse", fail)
    with caplog.at_level(logging.ERROR), pytest.raises(DigestError, match="input: the reader for JSON failed"):
        read_digest(b'[{"title": "A"}]', "input")
    assert "RecursionError" in caplog.text
