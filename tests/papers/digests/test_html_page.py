"""HTML: arXiv's listings, pages of daily papers, lists as pages, pages of one paper, newsletters."""

from datetime import date
from email import message_from_bytes

import pytest

from papers.digests.reading import read_digest
from papers.digests.records import DigestError, NothingListed
from tests.papers.digests.test_cases import CASES


def read(text: str | bytes, name: str = "page.html"):
    return read_digest(text.encode() if isinstance(text, str) else text, name)


def page(body: str, head: str = "") -> str:
    return (
        f"<!DOCTYPE html>\n<html><head><title>A page</title>{head}</head>\n<body><nav><ul><li><a href='/login'>Log in "
        f"to this site</a></li></ul></nav>\n{body}<footer><a href='/about'>About</a></footer></body></html>"
    )


LISTING = """<dl id='articles'><h3>New submissions</h3>
<dt><a name='item1'>[1]</a> <a href ="/abs/2509.99001" title="Abstract" id="2509.99001">arXiv:2509.99001</a>
[<a href="/pdf/2509.99001">pdf</a>, <a href="/format/2509.99001">other</a>]</dt>
<dd><div class='meta'><div class='list-title mathjax'><span class='descriptor'>Title:</span>
 Calm Schedules for $L_2$ Gradients
</div><div class='list-authors'><a href="/?a=1">Ada Example</a>, <a href="/?a=2">Bo N&uacute;&ntilde;ez</a></div>
<div class='list-comments mathjax'><span class='descriptor'>Comments:</span> Code: https://github.com/example/calm</div>
<div class='list-subjects'><span class='descriptor'>Subjects:</span> Machine Learning (cs.LG)</div>
<p class='mathjax'>We study p &lt; 2 step sizes.</p></div></dd>
<dt><a name='item2'>[2]</a> <a href ="/abs/math/0309136" title="Abstract">arXiv:math/0309136</a></dt>
<dd><div class='meta'><div class='list-title mathjax'><span class='descriptor'>Title:</span> Margins</div>
<div class='list-authors'>Cy Placeholder, Di Fourth</div></div></dd></dl>"""


def test_arxivs_listing():
    parsed = read(page(LISTING))
    calm, margins = parsed.records
    assert (calm.title, calm.arxiv_id, calm.authors, calm.abstract, calm.urls, calm.line) == (
        "Calm Schedules for L_2 Gradients",
        "2509.99001",
        ("Ada Example", "Bo Núñez"),
        "We study p < 2 step sizes.",
        ("https://github.com/example/calm",),
        5,
    )
    assert (margins.title, margins.arxiv_id, margins.authors, margins.line) == (
        "Margins",
        "math/0309136",
        ("Cy Placeholder", "Di Fourth"),
        13,
    )
    assert not parsed.rejects


def test_daily_papers_as_a_page_and_by_its_data():
    cards = "".join(
        f"<article><h3><a href='/papers/2509.9900{number}'>{title}</a></h3><a href='/papers/2509.9900{number}"
        "#community'>12</a></article>"
        for number, title in enumerate(["Calm", "Margins"], 1)
    )
    assert [(record.title, record.arxiv_id) for record in read(page(cards)).records] == [
        ("Calm", "2509.99001"),
        ("Margins", "2509.99002"),
    ]
    data = (
        "<div data-props='{\"dailyPapers\":[{\"paper\":{\"id\":\"2509.99001\",\"title\":\"Calm\",\"summary\":\"We "
        "&lt;p> step.\",\"authors\":[{\"name\":\"Ada Example\"}]},\"title\":\"Calm\"}]}'></div>"
    )
    parsed = read(page(data + cards))
    assert [(record.title, record.arxiv_id, record.authors) for record in parsed.records] == [
        ("Calm", "2509.99001", ("Ada Example",))
    ]
    assert "for machines" in parsed.notes[-1]


CALM = {
    "title": "Calm",
    "authors": ("Ada Example", "Bo Sample"),
    "published_on": date(2025, 9, 18),
    "arxiv_id": "2509.99001",
    "abstract": "We study step sizes.",
    "doi": "10.5555/calm",
}
TAGS = "".join(
    f'<meta name="citation_{name}" content="{content}">'
    for name, content in (
        ("title", "Calm"),
        ("author", "Example, Ada"),
        ("author", "Sample, Bo"),
        ("date", "2025/09/18"),
        ("doi", "10.5555/calm"),
        ("arxiv_id", "2509.99001"),
        ("abstract", "We study step sizes."),
        ("reference", "citation_title=Other; x"),
    )
)
LD = """<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
{"@type": "WebSite", "name": "x"},
{"@type": ["ScholarlyArticle"], "headline": "Calm", "author": [{"@type": "Person", "name": "Ada Example"},
{"@type": "Person", "givenName": "Bo", "familyName": "Sample"}], "datePublished": "2025-09-18",
"abstract": "We study step sizes.", "sameAs": "https://doi.org/10.5555/calm", "url": "https://arxiv.org/abs/2509.99001"}]}</script>"""


@pytest.mark.parametrize("head", [TAGS, LD])
def test_what_a_page_says_for_machines_comes_first(head):
    (record,) = read(
        page("<ul><li><a href='https://arxiv.org/abs/2301.00001'>A related one</a></li></ul>", head)
    ).records
    assert {name: getattr(record, name) for name in CALM} == CALM


def test_broken_json_ld_is_named_and_the_page_read():
    parsed = read(
        page(
            "<ul><li><a href='https://arxiv.org/abs/2301.00001'>Calm</a></li></ul>",
            '<script type="application/ld+json">{"@type": </script>',
        )
    )
    assert [record.title for record in parsed.records] == ["Calm"]
    assert "JSON-LD" in parsed.rejects[0].reason


def test_lists_tables_and_what_is_hidden():
    parsed = read(
        page(
            "<ul>\n<li><a href='posts/calm'>Calm Schedules for Gradients</a> by Ada Example and Bo Sample</li>\n"
            "<li><a href='https://arxiv.org/abs/2509.99002'>Margins</a></li><li><a href='/jobs'>Jobs</a></li></ul>\n"
            "<div style='display: none'><ul><li><a href='https://arxiv.org/abs/2509.99009'>Hidden</a></li></ul></div>\n"
            "<table><tr><th>Title<th>Authors<th>PDF</tr>\n<tr><td>Buffers<td>Cy Placeholder; Di Fourth<td>"
            "<a href='https://arxiv.org/pdf/2509.99003v2'>pdf</a></table>",
            "<base href='https://blog.example.org/'>",
        )
    )
    assert [(record.title, record.arxiv_id, record.authors, record.urls) for record in parsed.records] == [
        ("Calm Schedules for Gradients", None, ("Ada Example", "Bo Sample"), ("https://blog.example.org/posts/calm",)),
        ("Margins", "2509.99002", (), ()),
        ("Buffers", "2509.99003", ("Cy Placeholder", "Di Fourth"), ()),
    ]
    assert not parsed.rejects and [record.line for record in parsed.records] == [5, 6, 9]


def newsletter() -> bytes:
    (path,) = CASES.glob("F1_*")
    return path.read_bytes()


def test_a_newsletter_as_a_page_and_as_a_mail_is_the_same():
    as_page = read(message_from_bytes(newsletter()).get_payload(decode=True))
    as_mail = read(newsletter(), "mail.eml")
    assert as_page.records == as_mail.records and as_page.rejects == as_mail.rejects
    assert [(record.title, record.arxiv_id, record.urls) for record in as_page.records] == [
        ("Calm Schedules for Noisy Gradients", "2509.99001", ("https://x.com/example/status/1",)),
        ("Margins That Know Their Class", "2303.99002", ()),
    ]
    assert as_page.records[0].abstract.startswith("We liked this one – step sizes shrink")


def test_a_newsletter_of_which_one_paper_is_linked():
    about = (
        "It is studied on three small tasks with fixed budgets, and one rule costs a pass. It needs no labels at all. "
    )
    text = "".join(
        f"<h2>{title}</h2><p>{about * 3}{link}</p>"
        for title, link in (
            ("Calm", ""),
            ("Margins", "<a href='https://arxiv.org/abs/2509.99002'>paper</a>"),
            ("Buffers", ""),
        )
    )
    assert [record.title for record in read(page(text)).records] == ["Calm", "Margins", "Buffers"]


def test_a_mail_with_a_list_of_links():
    mail = (
        "From: a@example.org\nSubject: Papers\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\nHello,"
        "<ol><li><a href='https://arxiv.org/abs/2509.99001'>Calm</a></li><li><b>Margins</b> "
        "<a href='https://arxiv.org/abs/2509.99002'>[pdf]</a></li></ol>"
    )
    assert [(record.title, record.arxiv_id) for record in read(mail, "m.eml").records] == [
        ("Calm", "2509.99001"),
        ("Margins", "2509.99002"),
    ]


def test_layout_tables_of_mails():
    body = (
        "<table><tr><td><table><tr><td><h2><a href='https://arxiv.org/abs/2509.99001'>Calm Schedules</a></h2>"
        "<p>Step sizes shrink with the noise.</p></td></tr></table></td></tr></table>"
    )
    (record,) = read(page(body)).records
    assert (record.title, record.arxiv_id, record.abstract) == (
        "Calm Schedules",
        "2509.99001",
        "Step sizes shrink with the noise.",
    )


@pytest.mark.parametrize("text", ["<!DOCTYPE html>\n<p>x", page("<p>Welcome to our shop.</p>"), "<div>" * 1500])
def test_pages_without_papers(text):
    with pytest.raises(DigestError, match="page.html: ") as caught:
        read(text)
    assert not isinstance(caught.value, NothingListed)  # a page to log in is no empty day
