"""Markdown: tables of papers, awesome-lists, weekly and numbered lists, headings with links below."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from papers.digests.formats._blocks import blocks, numbered
from papers.digests.formats._page import read_page
from papers.digests.records import DigestError, Parsed
from papers.digests.source import Source

NAME = "Markdown"

_TABLE = re.compile(r"^[^\n|]*\|[^\n]*\n(?=[^\n]*-)[ \t|:-]+$", re.M)
_LINKED = re.compile(r"^[ \t]*(?:[-*+]|\d{1,4}[.)]|#{1,6})[ \t][^\n]{0,2000}?\]\(", re.M)
_ROW = re.compile(r"^[^\n|]*\|[^\n]*\]\(", re.M)
_BIBTEX = re.compile(r"^[ \t]*@[a-z]+[ \t]*\{", re.M | re.I)
_HEADING = re.compile(r"^#{1,6}[ \t]+\S", re.M)
_PAGE = re.compile(r"\s*(?:<\?xml|<!doctype|<html|<head|<body)", re.I)
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(?:[^\n]*\n){0,200}?---[ \t]*\n")
# Elements that, where nobody closes them, would take the rest of the page along.
_SWALLOWS = re.compile(r"<(?=/?(?:script|style|textarea|title|xmp|iframe|noembed|noframes|plaintext|template)\b)", re.I)


def sniff(source: Source) -> float:
    text = source.text[:200_000]
    if not text or _PAGE.match(text) or re.match(r"\s*[\[{]\s*[\"{\[]", text):
        return 0.0
    linked = len(_LINKED.findall(text)) + (len(_ROW.findall(text)) if _TABLE.search(text) else 0)
    if linked:  # beside more entries of BibTeX than that, these are what is listed; one or two say how to cite the list
        return 0.85 if linked > len(_BIBTEX.findall(text)) else 0.65
    if _TABLE.search(text):
        return 0.3
    return 0.2 if len(_HEADING.findall(text)) >= 2 and not text.lstrip().startswith(("#!", "# -*-")) else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME, guessed=True)
    text = _FRONT_MATTER.sub(lambda found: "\n" * found[0].count("\n"), source.text)
    text = _SWALLOWS.sub("&lt;", text)
    if (comment := text.rfind("<!--")) > text.rfind("-->"):
        parsed.reject(text.count("\n", 0, comment) + 1, "a comment that is never closed; what it hides is read",
                      text[comment:comment + 200])
        text = f"{text[:comment]}{text[comment + 4:]}"
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = markdown.parse(text)
    _number(tokens)
    try:
        found = blocks(markdown.renderer.render(tokens, markdown.options, {}))
    except ValueError as error:
        raise DigestError(f"{source.name}: {error}") from error
    read_page(found, parsed)
    if not parsed.records and not parsed.rejects:
        raise DigestError(f"{source.name}: Markdown without a list of papers that could be told: no links to papers, "
                          "no table with a column of titles")
    return parsed


def _number(tokens: list[Token]) -> None:
    """Each block's line onto its element."""
    for token in tokens:
        if token.type == "html_block":
            token.content = numbered(token.content, token.map[0] + 1 if token.map else 1)
        elif token.map and token.nesting == 1:
            token.attrSet("data-line", str(token.map[0] + 1))
