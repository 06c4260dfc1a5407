"""Tables, Markdown, HTML, workbooks and archives: any input, every title, time in proportion to size."""

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papers.digests.reading import read_digest
from papers.digests.records import DigestError
from papers.digests.titles import title_key
from tests.papers.digests.test_cases import CASES
from tests.papers.digests.test_html_page import LD, LISTING, TAGS, newsletter, page
from tests.papers.digests.test_markdown import README
from tests.papers.digests.test_properties import bounded, reading
from tests.papers.digests.test_separated import WOS, ZOTERO
from tests.papers.digests.test_zip_archive import BIBTEX, CSV, packed, workbook

WORDS = st.text("abcdefghijklmnoprstuvwyzäéßñ", min_size=3, max_size=9)
TITLES = st.lists(
    st.lists(WORDS, min_size=3, max_size=6).map(lambda words: " ".join(words).capitalize()),
    min_size=2,
    max_size=6,
    unique_by=title_key,
)


def address(number: int) -> str:
    return f"https://arxiv.org/abs/2403.{number:05}"


WRITERS = {
    "CSV": lambda titles: "Title,Link\n" + "".join(f'"{title}",{address(at)}\n' for at, title in enumerate(titles)),
    "TSV": lambda titles: "Link\tPaper\n" + "".join(f"{address(at)}\t{title}\n" for at, title in enumerate(titles)),
    "table": lambda titles: (
        "|Date|Title|PDF|\n|-|:-:|-|\n"
        + "".join(f"|2024-03-0{at + 1}|**{title}**|[link]({address(at)})|\n" for at, title in enumerate(titles))
    ),
    "awesome": lambda titles: (
        "# Papers\n\n"
        + "".join(
            f"- [{title}]({address(at)}) - Ada Example et al. [[code](https://github.com/a/b)]\n"
            for at, title in enumerate(titles)
        )
    ),
    "labels": lambda titles: (
        "# Papers\n\n"
        + "".join(
            f"{at + 1}. {title}. *Ada Example, Bo Sample.* [[paper]({address(at)})]\n"
            for at, title in enumerate(titles)
        )
    ),
    "weekly": lambda titles: (
        "# Week\n\n"
        + "".join(
            f"{at + 1}) **{title}** - a description of it. [Paper]({address(at)})\n" for at, title in enumerate(titles)
        )
    ),
    "list": lambda titles: page(
        "<ul>"
        + "".join(f"<li><a href='{address(at)}'>{escape(title)}</a></li>" for at, title in enumerate(titles))
        + "</ul>"
    ),
    "headings": lambda titles: page(
        "".join(
            f"<h2>{at + 1}. {escape(title)}</h2><p>What it says. (<a href='{address(at)}'>paper</a>)</p>"
            for at, title in enumerate(titles)
        )
    ),
    "listing": lambda titles: page(
        "<dl>"
        + "".join(
            f"<dt><a href='/abs/2403.{at:05}'>x</a></dt><dd><div class='list-title'>Title: {escape(title)}</div></dd>"
            for at, title in enumerate(titles)
        )
        + "</dl>"
    ),
}


@pytest.mark.parametrize("name", WRITERS)
@given(titles=TITLES)
@bounded
def test_every_title_comes_out_with_its_identifier(name, titles):
    parsed = read_digest(WRITERS[name](titles).encode(), "input")
    assert [(record.title, record.arxiv_id) for record in parsed.records] == [
        (title, f"2403.{at:05}") for at, title in enumerate(titles)
    ]
    assert not parsed.rejects


@given(titles=TITLES)
@bounded
def test_an_archive_holds_what_its_files_hold(titles):
    files = {f"{name}.txt": write([f"{title} {name}" for title in titles]) for name, write in WRITERS.items()}
    parsed = read_digest(packed(files), "input")
    assert [record.title for record in parsed.records] == [f"{title} {name}" for name in WRITERS for title in titles]


SAMPLES = [
    README.encode(),
    page(LISTING, TAGS).encode(),
    page("<div hidden><p>x</p></div>", LD).encode(),
    newsletter(),
    ZOTERO.encode(),
    WOS.encode(),
    packed({"a.bib": BIBTEX, "b.csv": CSV}, 0),
    packed({"a.bib": BIBTEX, "b.csv": CSV}),
    workbook(),
    *(path.read_bytes() for path in sorted(CASES.glob("A[56]_*"))),
]
SIGNS = [
    b"<",
    b">",
    b"|",
    b"[",
    b"](",
    b")",
    b"**",
    b"\n",
    b'"',
    b",",
    b";",
    b"\t",
    b"<li>",
    b"</li>",
    b"<td>",
    b"<table>",
    b"</table>",
    b"<a href='",
    b"- ",
    b"1) ",
    b"# ",
    b"```",
    b"<!--",
    b"\0",
    b"\xff",
    b"http://a.bc",
    b"<dd>",
    b"<dt>",
    b"<h2>",
    b"&",
    b"<svg>",
    b"<div hidden>",
    b"</div>",
    b"<script>",
    b"<template>",
    b"\r",
    b"$",
    b"\\",
    b"sep=;\n",
]


@given(
    sample=st.sampled_from(SAMPLES),
    changes=st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 60), st.sampled_from(SIGNS) | st.binary(max_size=3), st.integers(0, 4)
        ),
        min_size=1,
        max_size=8,
    ),
)
@settings(bounded, max_examples=400)
def test_any_damage(sample, changes):
    data = bytearray(sample)
    for place, cut, put, times in changes:
        at = int(place * len(data))
        data[at : at + cut] = put * times
    try:
        read_digest(bytes(data), "input")
    except DigestError as error:  # of an archive's file: "a.bib in input: …"
        assert "fault of the reader" not in str(error) and "input: " in str(error)


@given(
    pieces=st.lists(
        st.sampled_from(
            [sign.decode("latin-1") for sign in SIGNS]
            + [
                "Title",
                "Paper",
                "Year",
                "<ul>",
                "</ul>",
                "<tr>",
                "<th>",
                "<b>",
                "</b>",
                "<br>",
                "<p>",
                "|-|-|\n",
                "- [A b c](https://a.bc/d)",
                "[paper](https://arxiv.org/abs/2403.00001)",
                "Ada Example, Bo Sample",
                "ICLR 2020",
                "**",
                "et al.",
                "<base href='http://[' >",
                "<a href='//[x'>y</a>",
                "arXiv:2403.00002",
                "---\n",
                "  - ",
                "> ",
                "<nav>",
                "<h1>",
                "<article>",
                "(2020)",
                "“",
                "”",
                ": ",
            ]
        ),
        max_size=40,
    )
)
@settings(bounded, max_examples=300)
def test_any_pieces(pieces):
    reading("".join(pieces).encode())
    reading(page("".join(pieces)).encode())
