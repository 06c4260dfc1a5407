"""Tables, Markdown and HTML are read in time in proportion to their size, the worst of them too."""

import pytest

from tests.linear import assert_linear
from tests.papers.digests.test_properties import reading

LIST, BODY, COLUMNS = "- [A b](http://a.bc/d)\n", "<html><body>", "Title,Authors,Year\n"
WORST = {
    "rows": (COLUMNS, "a,b,2020\n"),
    "quotes": (COLUMNS, '"'),
    "open quotes": (COLUMNS, '"a,b\n,"c'),
    "tabs": ("Title\tYear\n", "\t"),
    "cells with links": (COLUMNS, "[a](http://b.cd/(x) "),
    "brackets": (COLUMNS, "["),
    "anchors": (COLUMNS, "<a href='http://b.c'>"),
    "separators": ("", "sep=;\n"),
    "authors": ("Title,Authors\na,", "b c et al; "),
    "items": (BODY, "<li>a b c</li>"),
    "nested": (BODY, "<ul><li>a b"),
    "one item": (BODY + "<li>", "a b. C d, "),
    "bold": (BODY + "<li>", "<b>ab</b> c "),
    "labels": (BODY + "<li>", "<a href='http://a.bc/d'>paper</a> "),
    "italics": (BODY + "<li>", "<i>a</i> b "),
    "long names": (LIST, "- **T b c** " + "A" * 58 + "!, B C\n"),
    "breaks": (BODY + "<li>", "a b<br>"),
    "tables": (BODY, "<table>"),
    "small tables": (BODY, "<table><tr><td>a</table>"),
    "cells": (BODY + "<table><tr>", "<td>a "),
    "sections": (BODY, "<h2>a b</h2><p>c <a href='http://arxiv.org/abs/2401.00001'>paper</a></p>"),
    "paragraphs": (BODY + "<h2>a</h2>", "<p>c d <a href='http://arxiv.org/abs/2401.00001'>paper</a>"),
    "terms": (BODY + "<dl>", "<dt><a href='/abs/2401.00001'>x</a>"),
    "menus": (BODY, "<nav>"),
    "attributes": (BODY + "<p ", " a='b'"),
    "comments": (BODY, "<!--"),
    "scripts": (BODY, "<script>"),
    "tags": (BODY, "<meta name='citation_title' content='a b'>"),
    "JSON-LD": (BODY + "<script type='application/ld+json'>", "["),
    "links in Markdown": (LIST + "- ", "[a](http://b.cd) "),
    "open brackets": (LIST + "- ", "["),
    "stars": (LIST + "- ", "**a "),
    "small Markdown tables": (LIST, "|a|b|\n|-|-|\n"),
    "bars": (LIST, "|"),
    "rules": ("a|b\n", "-"),
    "front matter": ("---\n", "a: b\n"),
    "quotations": (LIST, "> "),
    "sentences": (LIST + "- ", "a. A b "),
    "tags before a title": (LIST + "- ", "(a) [b] 2020 "),
    "dashes": (LIST + "- a b", " - "),
    "names": (LIST + "- **T b c** ", "A B, "),
    "capitals": (LIST + "- **T b c** ", "A "),
    "by": (LIST + "- a b", " by A"),
    "definitions": (LIST, "[a]: http://b.cd\n"),
    "open images": (LIST, "!["),
    "spaces": (LIST, " "),
}


@pytest.mark.parametrize("case", WORST)
def test_time_is_in_proportion_to_size(case):
    head, piece = WORST[case]
    small, large = ((head + piece * (size // len(piece))).encode() for size in (5_000, 40_000))
    reading(small[:2000])  # the first time compiles patterns
    assert_linear(reading, small, large)
