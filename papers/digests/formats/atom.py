"""Atom, as arXiv's API and feeds serve it. Entity tricks are refused, entries before a break are kept."""

import re
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers.expat import XMLParserType

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from papers.digests.records import Parsed, normal_arxiv_id
from papers.digests.source import Source

NAME = "Atom"

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"


def sniff(source: Source) -> float:
    head = source.head
    return 0.9 if head.startswith("<") and re.search(r"<(?:\w+:)?(?:feed|entry)[\s>]", head) else 0.0


def parse(source: Source) -> Parsed:
    text = source.text
    parsed = Parsed(NAME)
    # The text is decoded already: a declaration of another encoding would only mislead the parser.
    text = re.sub(r"^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*(['\"])[^'\"]*\2", r"\1", text, count=1)
    lead = len(text) - len(text.lstrip())
    builder = _EntryBuilder(parsed, text.count("\n", 0, lead))
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    builder.parser = parser.parser
    try:
        parser.feed(text[lead:])
        parser.close()
    except ParseError as error:
        line = error.position[0] + builder.offset
        parsed.reject(line, f"broken XML from here on: {error}", text.split("\n")[line - 1])
    except DefusedXmlException as error:
        parsed.reject(parser.parser.CurrentLineNumber, f"refused, XML with its own entities or DTD: {error}")
    return parsed


class _EntryBuilder(TreeBuilder):
    """Hands over each entry as it closes, with the line it began on, and forgets it."""

    def __init__(self, parsed: Parsed, offset: int):
        super().__init__()
        self.parsed, self.offset, self.line = parsed, offset, 0
        self.parser: XMLParserType | None = None  # known once it was given this builder

    def start(self, tag, attributes):
        if tag == f"{_ATOM}entry" and self.parser:
            self.line = self.parser.CurrentLineNumber + self.offset
        return super().start(tag, attributes)

    def end(self, tag):
        element = super().end(tag)
        if tag == f"{_ATOM}entry":
            _add(element, self.line, self.parsed)
            element.clear()
        return element


def _add(entry: Element, line: int, parsed: Parsed) -> None:
    def text(name: str) -> str:
        return (entry.findtext(name) or "").strip()

    links = [link.get("href") for link in entry.iterfind(f"{_ATOM}link")]
    summary = text(f"{_ATOM}summary") or text(f"{_ATOM}content")
    parsed.add(
        line=line, title=text(f"{_ATOM}title"), excerpt=text(f"{_ATOM}id"),
        abstract=re.sub(r"^arXiv:\S+ Announce Type: \S+\s+Abstract:\s*", "", summary),
        arxiv_id=next(filter(None, map(normal_arxiv_id, [text(f"{_ATOM}id"), *links])), None),
        doi=text(f"{_ARXIV}doi") or None, published_on=text(f"{_ATOM}published") or text(f"{_ATOM}updated"),
        authors=[(author.findtext(f"{_ATOM}name") or "") for author in entry.iterfind(f"{_ATOM}author")],
        urls=[*filter(None, links), *re.findall(r"https?://\S+", text(f"{_ARXIV}comment"))])
