"""HTML as a reader sees it: what is hidden left out, the addresses behind links kept."""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser

from papers.digests.records import clean_url, normal_arxiv_id

DEPTH_LIMIT = 1000  # open elements; a parser's time grows with the square of them

_UNSEEN = ('script,style,template,noscript,head,title,[hidden],[style*="display:none" i],[style*="display: none" i],'
           '[style*="visibility:hidden" i],[style*="visibility: hidden" i]')
_BLOCKS = set("p div h1 h2 h3 h4 h5 h6 li ul ol dl dt dd tr td th table article section header footer main aside nav "
              "br hr blockquote pre center form figure figcaption".split())
DOCTYPE = re.compile(r"\A\s*<!doctype[^>]*>", re.I)
_TAG = re.compile(r"<(?:!--.*?--|(/?)([a-z][^\s/>]*)((?:\s+[^\s=>\"]+(?:=\"[^\"]*\")?)*)\s*/?)>", re.S)
_HREF = re.compile(r"\shref=\"([^\"]*)\"")
_NESTED = re.compile(r"<(/?)(?!(?:p|li|t[rdh]|d[td]|option|t(?:body|head|foot)|colgroup|col|br|hr|img|input|meta|link|"
                     r"wbr|area|base|source|embed)\b)[a-z]", re.I)
_LINK = re.compile("\1([^\1\2]*)\2([^\1\2]*)\2")  # the words, the address
_LABELS = re.compile(r"\W*(?:(?:the |read |full |view |see )*(?:paper|pdf|arxiv|abs|abstract|link|article|preprint|"
                     r"html|more|here|code|github|repo|project(?: page)?|website|data|demo|tweet|post|source))?\W*",
                     re.I)
CHROME = re.compile(r"unsubscribe|manage.?preferences|view.?(?:in|this).?(?:browser|email)|mailto:", re.I)


def html_text(html: str) -> str:
    """The visible text, a blank line between blocks. Raises ValueError where elements are nested absurdly deep.

    An address stands behind the words it is linked from; behind its block, on a line of its own, where these are the
    whole block or a mere label such as "paper".
    """
    check_depth(html)
    tree = LexborHTMLParser(html)
    for node in tree.css(_UNSEEN):
        node.decompose()
    return "\n\n".join(_lines(_marked(DOCTYPE.sub("", tree.html or "", count=1))))


_MENTION = re.compile(
    r"\b(?:in|by|from|of|with|to|on|like|and|than|following|extends?|us(?:es?|ing)|unlike|called|via|improves?|"
    r"outperforms?) (?:(?:this|that|an?|the|their|another|earlier|previous|prior|recent|original|related) )*+$", re.I)


def is_mention(before: str, after: str) -> bool:
    """Whether a link called "paper" or the like stands in the middle of a sentence, and so leads to another paper.

    >>> is_mention("We build on this", ", which calms down."), is_mention("Read the", "or the code")
    (True, False)
    """
    return bool(_MENTION.search(f"{before[-60:].rstrip()} ")) and bool(re.match(r"\s*(?:[,;)]\s*)?[a-z]|\s*,", after))


def check_depth(html: str) -> None:
    """Raise ValueError where more than DEPTH_LIMIT elements seem to be open at once."""
    depth = 0
    for tag in _NESTED.finditer(html):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > DEPTH_LIMIT:
            raise ValueError(f"HTML with more than {DEPTH_LIMIT:,} elements inside one another")


def _marked(html: str) -> str:
    """The text of well-formed HTML: \\0 at the edges of blocks, \\1 before a link's words, \\2 around its address."""
    parts: list[str] = []
    address: str | None = None
    at = 0
    for tag in _TAG.finditer(html):
        if at < tag.start():
            parts.append(unescape(re.sub("[\0\1\2]", "", html[at:tag.start()])))
        at = tag.end()
        if tag[2] in _BLOCKS:
            parts.append("\0")
        elif tag[2] == "a":
            if tag[1]:
                parts.append(f"\2{address}\2" if address else "")
                address = None
            elif (href := _HREF.search(tag[3])) and (address := clean_url(unescape(href[1][:2000]))):
                parts.append("\1")
    parts.append(unescape(html[at:]))
    return "".join(parts)


def _lines(text: str):
    for block in filter(str.strip, text.split("\0")):
        words = _plain(block)
        after: list[str] = []

        def link(found: re.Match, words=words, after=after, block=block) -> str:
            linked, address = _plain(found[1]), found[2]
            if CHROME.search(linked) or CHROME.search(address) or address in linked:
                return found[1]
            if linked in (words, re.sub(r"^\W*\d{1,3}\W+", "", words)) or normal_arxiv_id(linked) \
                    or _LABELS.fullmatch(linked[:60]) and not is_mention(
                        _plain(block[max(0, found.start() - 200):found.start()]), _plain(block[found.end():][:60])):
                after.append(address)
                return found[1]
            return f"{found[1]} ({address})"

        if line := _plain(_LINK.sub(link, block)):
            yield line
        yield from dict.fromkeys(after)


def _plain(block: str) -> str:
    return " ".join(_LINK.sub(r"\1", block).replace("\1", "").split())
