"""The parsers: each format's fields, places and rejects."""

import gzip
import json
from datetime import date
from email.message import EmailMessage

import pytest

from papers.digests import unpacking
from papers.digests.reading import read_digest
from papers.digests.records import DigestError, clean_url, harvest_links, normal_arxiv_id, normal_doi
from papers.digests.titles import title_key
from tests.papers.digest_texts import ATOM, BIBTEX, BLANK_LAYOUT, DENSE_LAYOUT, LONG, OTHER


def read(text: str | bytes, name="digest.txt"):
    return read_digest(text.encode() if isinstance(text, str) else text, name)


@pytest.mark.parametrize(("text", "lines"), [(BLANK_LAYOUT, [11, 15]), (DENSE_LAYOUT, [3, 5])])
def test_trending_layouts(text, lines):
    parsed = read(text)
    assert parsed.format == "trending papers"
    assert [(r.title, r.abstract) for r in parsed.records] == [
        ("Layers That Sort Themselves", LONG), ("Turning Schedules: Slowing Down on Corners", OTHER)]
    assert [(r.position, r.line) for r in parsed.records] == list(zip([1, 2], lines, strict=True))
    assert parsed.records[1].urls == ("https://github.com/example/turning",)
    assert not parsed.rejects and not parsed.notes


@pytest.mark.parametrize("mangle", [
    lambda text: text.replace("\n", "\r\n"),
    lambda text: "\ufeff" + text,
    lambda text: text.replace("Sort Themselves", "Sort\x00 Themselves".replace("\x00", "\x08\u200b")),
    lambda text: text + "\n\n\n",
])
def test_line_ends_marks_and_controls_change_nothing(mangle):
    assert [r.title_key for r in read(mangle(BLANK_LAYOUT)).records] == \
        [r.title_key for r in read(BLANK_LAYOUT).records]


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig", "utf-32"])
def test_marked_encodings(codec):
    assert read(BLANK_LAYOUT.encode(codec)).records[0].title == "Layers That Sort Themselves"


def test_other_encoding_is_read_with_a_note():
    parsed = read(BLANK_LAYOUT.replace("Layers", "Säulen").encode("cp1252"))
    assert parsed.records[0].title == "Säulen That Sort Themselves"
    assert any("Windows-1252" in note and "line 11" in note for note in parsed.notes)


def test_missing_abstract_and_trailing_title():
    text = DENSE_LAYOUT.replace(LONG + "\n", "") + "\nA Last Title Alone"
    parsed = read(text)
    assert [(r.title, bool(r.abstract)) for r in parsed.records] == [
        ("Layers That Sort Themselves", False), ("Turning Schedules: Slowing Down on Corners", True),
        ("A Last Title Alone", False)]
    assert parsed.notes == ["line 3: a title without an abstract", "line 6: a title without an abstract"]


def test_missing_title_is_rejected_and_the_rest_kept():
    parsed = read(BLANK_LAYOUT.replace("Turning Schedules: Slowing Down on Corners\n\n", ""))
    assert [r.title for r in parsed.records] == ["Layers That Sort Themselves"]
    (reject,) = parsed.rejects
    assert reject.line == 15 and "no title" in reject.reason and OTHER.startswith(reject.excerpt[:50])


def test_short_abstracts_and_a_second_paragraph():
    text = BLANK_LAYOUT.replace(LONG, "We sort layers.\n\nCode: https://github.com/example/sort")
    first, second = read(text).records
    assert first.abstract == "We sort layers. Code: https://github.com/example/sort"
    assert second.title == "Turning Schedules: Slowing Down on Corners"


def test_hard_wrapped_paragraphs_are_joined():
    import textwrap
    wrapped = BLANK_LAYOUT.replace(LONG, textwrap.fill(LONG, 72)).replace(OTHER, textwrap.fill(OTHER, 72))
    assert [r.abstract for r in read(wrapped).records] == [LONG, OTHER]


def test_headers_inside_joined_digests_are_no_titles():
    assert [r.title[:6] for r in read(BLANK_LAYOUT + "\n\n" + BLANK_LAYOUT).records] == ["Layers", "Turnin"] * 2
    assert [r.title[:6] for r in read(DENSE_LAYOUT + "\n" + DENSE_LAYOUT).records] == ["Layers", "Turnin"] * 2


@pytest.mark.parametrize("title", ["data2vec and Friends", "3D Layers", "“Quoted” Layers", "Éclair Layers"])
def test_subscribe_glued_to_any_first_letter(title):
    assert read(DENSE_LAYOUT.replace("Layers That Sort Themselves", title)).records[0].title == title


def test_an_identifier_in_the_abstract_is_a_link_not_the_papers_own():
    inside, alone = read(BLANK_LAYOUT.replace("three small tasks", "three tasks of arXiv:2101.00001")
                         .replace("on Corners\n\n", "on Corners\n\nhttps://arxiv.org/abs/2202.00002v3\n\n")).records
    assert inside.arxiv_id is None and inside.urls == ("https://arxiv.org/abs/2101.00001",)
    assert alone.arxiv_id == "2202.00002" and alone.year == 2022 and alone.abstract == OTHER


@pytest.mark.parametrize(("data", "words"), [
    (b"", "empty"), (b"  \n ", "empty"), (b"%PDF-1.7 ...", "a PDF"), (b"\x89PNG\r\n\x1a\n..", "PNG"),
    (b"abc\0def" * 50, "binary"), (bytes(range(1, 32)) * 20, "binary"), (b"<!doctype html><p>x", "HTML"),
    (b"just some words\nand more words\n", "plain text"), (b"[]", "no paper"), (b"{\"a\": 1}", "no title"),
    (gzip.compress(b"", mtime=0)[:-4], "cut off"), (b"\x1f\x8bnot gzip at all", "gzip"), (b"\xff\xfe\x00", "utf-16"),
    (b"<feed xmlns='http://www.w3.org/2005/Atom'></feed>", "no paper"),
])
def test_what_cannot_be_read_says_so_and_names_the_file(data, words):
    with pytest.raises(DigestError) as caught:
        read(data, "some-file.bin")
    assert str(caught.value).startswith("some-file.bin: ") and words in str(caught.value)


def test_gzip_of_any_format():
    parsed = read(gzip.compress(BLANK_LAYOUT.encode(), mtime=0))
    assert len(parsed.records) == 2 and "gzip" in parsed.notes[0]


@pytest.mark.parametrize("html", [False, True])
def test_mail(html):
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Päpers", "a@example.org", "b@example.org"
    if html:
        blocks = "".join(f"<p>{part}</p>" for part in BLANK_LAYOUT.split("\n\n"))
        message.set_content(f"<html><head><title>no</title><style>p {{}}</style></head>{blocks}</html>", "html")
    else:
        message.set_content(BLANK_LAYOUT)
    parsed = read(message.as_bytes(), "mail.eml")
    assert [r.title for r in parsed.records] == [
        "Layers That Sort Themselves", "Turning Schedules: Slowing Down on Corners"]
    assert parsed.records[0].abstract == LONG


ARXIV_ROW = {"id": "0704.0010", "authors": "Ana Lima, Bo Chen and J. M\\\"uller", "title": "Layers\n  That Sort",
             "abstract": " Sorted.\n", "doi": None, "update_date": "2008-01-01",
             "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
             "authors_parsed": [["Lima", "Ana", ""], ["Müller", "J.", ""]]}
DAILY_ROW = {"paper": {"id": "2403.01234", "title": "Layers That Sort", "summary": "Sorted.", "upvotes": 3,
                       "publishedAt": "2024-03-02T00:00:00.000Z", "authors": [{"name": "Ana Lima"}, {"name": "Bo"}],
                       "githubRepo": "https://github.com/example/sort"}, "title": "Layers That Sort", "numComments": 1}


def test_arxiv_listing_jsonl():
    parsed = read(json.dumps(ARXIV_ROW) + "\n\nnot json\n" + json.dumps({"id": "2403.01234", "title": "Other"}) + "\n")
    first, second = parsed.records
    assert parsed.format == "JSONL"
    assert (first.arxiv_id, first.title, first.abstract) == ("0704.0010", "Layers That Sort", "Sorted.")
    assert (first.published_on, first.year) == (date(2007, 4, 2), 2007)
    assert first.authors == ("Ana Lima", "J. Müller")
    assert (second.position, second.line, second.year) == (2, 4, 2024)
    assert [(r.line, r.excerpt) for r in parsed.rejects] == [(3, "not json")]


def test_arxiv_id_written_as_a_number_keeps_its_zeros():
    assert read('[{"title": "Sorting", "arxiv_id": 2403.01230}]').records[0].arxiv_id == "2403.01230"


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"date": "x", "papers": rows}, lambda rows: rows[0]])
def test_daily_papers_json(wrap):
    record = read(json.dumps(wrap([DAILY_ROW]), indent=1)).records[0]
    assert record.arxiv_id == "2403.01234" and record.abstract == "Sorted." and record.authors == ("Ana Lima", "Bo")
    assert record.published_on == date(2024, 3, 2) and record.urls == ("https://github.com/example/sort",)


def test_json_list_keeps_the_good_part():
    text = '[\n {"title": "One"},\n 7,\n {"abstract": "untitled"},\n {"title": "Two"},\n {"title": "Thr'
    parsed = read(text)
    assert [(r.title, r.line, r.position) for r in parsed.records] == [("One", 2, 1), ("Two", 5, 2)]
    assert [r.line for r in parsed.rejects] == [3, 4, 6]
    assert "int" in parsed.rejects[0].reason and "no title" in parsed.rejects[1].reason


def test_numbers_no_calendar_holds_are_no_date():
    (record,) = read('[{"title": "A", "date": "Mon, 2 Apr 2007 99999999999999999999:18:42 GMT", "year": 1e99}]').records
    assert record.published_on is None and record.year is None


def test_json_nested_too_deeply_is_refused():
    with pytest.raises(DigestError, match="no paper"):
        read('[{"title": ' + "[" * 200_000)


def test_a_description_is_no_abstract():
    described, real = read('[{"title": "A", "description": "Ours."}, {"title": "B", "abstract": "Its own."}]').records
    assert (described.abstract, described.described, real.described) == ("Ours.", True, False)


def test_atom():
    parsed = read(ATOM)
    (record,) = parsed.records
    assert (record.title, record.abstract, record.line) == ("Layers That Sort Themselves", "Sorted.", 4)
    assert (record.arxiv_id, record.doi) == ("2403.01234", "10.1000/xyz.1")
    assert record.published_on == date(2024, 3, 2) and record.authors == ("Ana Lima", "Bo Chen")
    assert [(r.line, r.reason) for r in parsed.rejects] == [(15, "no title")]


def test_cut_off_atom_keeps_what_was_whole():
    parsed = read(ATOM[:ATOM.index("<summary>No title")])
    assert len(parsed.records) == 1 and "broken XML" in parsed.rejects[0].reason and parsed.rejects[0].line == 15
    assert "line 17" in parsed.rejects[0].reason


@pytest.mark.parametrize("prologue", [
    '<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    '<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE feed SYSTEM "http://example.org/x.dtd">'])
def test_xml_with_entities_is_refused(prologue):
    with pytest.raises(DigestError, match="refused"):
        read(ATOM.replace("<feed", prologue + "<feed"))


def test_bibtex():
    parsed = read(BIBTEX)
    first, second = parsed.records
    assert first.title == "Layers That Sort Élan with β-VAEs"
    assert first.authors == ("Ana Lima", "Jörg Müller", "The Sorting Group")
    assert (first.arxiv_id, first.year, first.line) == ("2403.01234", 2024, 3)
    assert first.urls == ("https://example.org/layers",)
    assert (second.title, second.doi, second.line) == ("Turning Schedules", "10.1000/abc", 13)
    assert [(r.line, r.excerpt[:16]) for r in parsed.rejects] == [(11, "@article{broken,")]


@pytest.mark.parametrize(("one", "other"), [
    ("Pre-Training  of X", "pre training of x"), ("“Smart” Quotes: A Test", '"Smart" quotes - a test'),
    ("Sabiá Models", "SABIA models"), (r"$\beta$-VAE", "β-VAE"), (r"\textbf{Bold} Nets", "Bold Nets"),
    (r"Schr\"odinger Nets", "Schrödinger nets"), ("ﬁne tuning", "fine tuning"),
    ("Are We There Yet?", "are we there yet"),
])
def test_spellings_of_one_title(one, other):
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(("one", "other"), [
    ("Nets 3.0", "Nets 3.0 Titan"), ("DINO", "DINO++"), ("C", "C++"), ("C", "C#"), ("A Nets", "A* Nets"),
    ("Sorting Layers", "Sorting Layer"), ("Part I", "Part II"), ("1B Models", "10B Models"), ("がく", "かく"),
    ("x" * 500 + "a", "x" * 500 + "b"),
])
def test_near_titles_stay_apart(one, other):
    assert title_key(one) != title_key(other)
    assert len(title_key(one)) <= 400


@pytest.mark.parametrize(("text", "expected"), [
    ("2403.01234", "2403.01234"), ("2403.01234v12", "2403.01234"), ("arXiv:2403.01234v2 [cs.LG]", "2403.01234"),
    ("https://arxiv.org/pdf/2403.01234v1.pdf", "2403.01234"), ("http://arxiv.org/abs/hep-th/9901001v1",
                                                              "hep-th/9901001"),
    ("https://huggingface.co/papers/2403.01234", "2403.01234"), ("10.48550/arXiv.2403.01234", "2403.01234"),
    ("math.GT/0309136", "math/0309136"), ("2413.01234", None), ("1", None), ("12.5", None), (None, None),
    ("see 2403.01234 for more", None)])
def test_arxiv_ids(text, expected):
    assert normal_arxiv_id(text) == expected


def test_dois_and_links():
    assert normal_doi("https://doi.org/10.1000/ABC.") == "10.1000/abc"
    assert normal_doi("10.48550/arXiv.2403.01234") is None
    assert clean_url("javascript:alert(1)") is None and clean_url("http://localhost") is None
    assert harvest_links("at https://a.org/x_(y)). See (github.com/q/r), https: //b.org/z; arXiv:2403.01234v1, "
                         r"\url{https://c.org/d}.") == [
        "https://a.org/x_(y)", "https://github.com/q/r", "https://b.org/z", "https://arxiv.org/abs/2403.01234",
        "https://c.org/d"]


def test_the_five_digests(digest_files):
    records = [record for path in digest_files for record in read(path.read_bytes(), path.name).records]
    assert len(records) == 735
    assert len({record.title_key for record in records}) == 668
    assert all(len(record.abstract) > 500 for record in records)
    assert not any(record.title.startswith("Subscribe") for record in records)


def test_what_unpacks_too_large_is_refused_and_never_held(monkeypatch):
    import tracemalloc
    bomb = gzip.compress(b"0" * (24 << 20), mtime=0)
    monkeypatch.setattr(unpacking, "UNPACKED_LIMIT", 16 << 20)
    tracemalloc.start()
    with pytest.raises(DigestError, match="bomb.gz: unpacks to more than 16 MB"):
        read(bomb, "bomb.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(bomb) < 1 << 16 and peak < 8 << 20
    halves = gzip.compress(b"0" * (12 << 20), mtime=0) * 2  # each within the limit
    with pytest.raises(DigestError, match="unpacks to more than 16 MB"):
        read(halves, "joined.gz")


def test_archives_inside_an_archive_are_refused():
    for inner in (gzip.compress(BLANK_LAYOUT.encode(), mtime=0), b"PK\x03\x04 a zip file"):
        with pytest.raises(DigestError, match="an archive inside an archive"):
            read(gzip.compress(inner, mtime=0))
    with pytest.raises(DigestError, match="a ZIP archive or office document"):
        read(b"PK\x03\x04 a zip file or a spreadsheet")


def test_what_follows_a_gzip_file_in_it_is_passed_over_and_noted():
    whole = gzip.compress(BLANK_LAYOUT.encode(), mtime=0)
    parsed = read(whole + b"some tail")
    assert len(parsed.records) == 2 and "passed over" in parsed.notes[1]
    with pytest.raises(DigestError, match="CRC"):
        read(whole[:-8] + b"\0\0\0\0" + whole[-4:])
