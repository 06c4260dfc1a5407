"""Atom: arXiv's API and feeds, and other sites'.

One feed, several one after the other, or entries alone. Entity tricks are refused; after a break in the XML it is read
again from the next entry on.
"""

import re
from collections.abc import Iterator
from html import unescape
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers.expat import XMLParserType

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from papers.digests.html import html_text
from papers.digests.kinds import xml_root
from papers.digests.names import split_names
from papers.digests.records import Parsed, normal_arxiv_id
from papers.digests.source import Source

NAME = "Atom"

_DECLARATION = re.compile(r"<\?xml\b[^<>]*\?>")
_OWN_ENTITIES = re.compile(r"<!(?:DOCTYPE|ENTITY)\b")
_AMPERSAND = re.compile(r"<!\[CDATA\[(?:.*?\]\]>|.*\Z)"
                        r"|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)(\w{1,31};)?", re.S)
_ROOT = re.compile(r"<(?:\w+:)?(?:feed|entry)\b[^<>]*>")
_ENTRY = re.compile(rb"<(?:\w+:)?(?:feed|entry)[\s>]")
_BROKEN_LIMIT = 500  # breaks in one file, after which it is given up
_PREFIXES = {"arxiv": "http://arxiv.org/schemas/atom", "dc": "http://purl.org/dc/elements/1.1/",
             "opensearch": "http://a9.com/-/spec/opensearch/1.1/", "media": "http://search.yahoo.com/mrss/",
             "content": "http://purl.org/rss/1.0/modules/content/", "thr": "http://purl.org/syndication/thread/1.0",
             "prism": "http://prismstandard.org/namespaces/basic/2.0/", "atom": "http://www.w3.org/2005/Atom"}


def sniff(source: Source) -> float:
    return 0.9 if xml_root(source.head) in ("feed", "entry") else 0.0


def parse(source: Source) -> Parsed:
    parsed = Parsed(NAME)
    text = _DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), source.text)
    root = _ROOT.search(text)
    tricks = _OWN_ENTITIES.search(text, 0, root.start() if root else len(text))
    if tricks:
        parsed.reject(text.count("\n", 0, tricks.start()) + 1, "refused, XML with its own entities or DTD",
                      text[tricks.start():tricks.start() + 200])
        return parsed
    text = _AMPERSAND.sub(_spelled_out, text)
    # One document element around all; it declares the prefixes that an entry read alone would miss.
    declared = dict(_PREFIXES)
    declared.update(re.findall(r"""\sxmlns:(\w+)\s*=\s*["']([^"'<&]*)["']""", root[0][:5000] if root else ""))
    opening = "<all " + " ".join(f'xmlns:{prefix}="{address}"' for prefix, address in declared.items()) + ">"
    _read(text.encode("utf-8", errors="replace"), opening.encode(), parsed)
    return parsed


def _read(data: bytes, opening: bytes, parsed: Parsed) -> None:
    start, line = 0, 0
    for breaks_left in range(_BROKEN_LIMIT, -1, -1):
        builder = _EntryBuilder(parsed, line)
        parser = DefusedXMLParser(target=builder, encoding="utf-8", forbid_dtd=True)
        builder.parser = expat = parser.parser
        try:
            parser.feed(opening)
            parser.feed(data[start:] if start else data)
            parser.feed(b"</all>")
            parser.close()
            return
        except DefusedXmlException as error:
            parsed.reject(line + expat.CurrentLineNumber, f"refused, XML with its own entities or DTD: {error}")
            return
        except ParseError as error:
            place = min(start + max(expat.ErrorByteIndex - len(opening), 1), len(data))
            error_line = line + expat.ErrorLineNumber
            resume = _ENTRY.search(data, place) if breaks_left else None
            reason = re.sub(r": line \d+, column \d+", "", str(error))
            shown = data[max(data.rfind(b"\n", 0, place) + 1, place - 80):place + 80].decode("utf-8", errors="replace")
            parsed.reject(builder.line if builder.depth else error_line,
                          f"broken XML at line {error_line}: {reason}; "
                          + ("read again from the next entry on" if resume else "nothing is read from there on"),
                          f"{builder.title()} … {shown}" if builder.depth else shown)
            if not resume:
                return
            line += data.count(b"\n", start, resume.start())
            start = resume.start()


def _spelled_out(found: re.Match) -> str:
    """A named character of HTML, which XML does not know, as itself, and a bare & as what XML wants."""
    if found[0].startswith("<"):
        return found[0]
    letter = unescape(found[0]) if found[1] else found[0]
    return letter if letter != found[0] and letter not in "<&" else "&amp;" + (found[1] or "")


class _EntryBuilder:
    """What the parser reports to: hands over each entry as it closes, with the line it began on, and keeps nothing."""

    def __init__(self, parsed: Parsed, offset: int):
        self.parsed, self.offset, self.line, self.depth = parsed, offset, 0, 0
        self.tree = TreeBuilder()
        self.so_far: list[str] = []
        self.parser: XMLParserType | None = None  # known once it was given this builder

    def start(self, tag, attributes):
        if not self.depth:
            if _local(tag) != "entry":
                return
            self.tree, self.so_far = TreeBuilder(), []
            self.line = self.offset + (self.parser.CurrentLineNumber if self.parser else 0)
        self.depth += 1
        self.tree.start(tag, attributes)

    def data(self, data):
        if self.depth:
            self.tree.data(data)
            if len(self.so_far) < 20:
                self.so_far.append(data[:80])

    def end(self, tag):
        if self.depth:
            self.depth -= 1
            element = self.tree.end(tag)
            if not self.depth:
                _add(element, self.line, self.parsed)

    def close(self):
        return None

    def title(self) -> str:
        """What an entry that is not closed calls itself, so far."""
        return " ".join("".join(self.so_far).split())[:80]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def _add(entry: Element, line: int, parsed: Parsed) -> None:
    found: dict[str, list[Element]] = {}
    for element in entry:
        found.setdefault(_local(element.tag), []).append(element)

    def text(*names: str) -> str:
        return next(filter(None, (_words(element) for name in names for element in found.get(name, ()))), "")

    identifier = text("id")
    links = [href for link in found.get("link", ()) if (href := link.get("href"))]
    title, summary = text("title"), text("summary", "content", "description", "abstract")
    if any("arxiv.org/api/errors" in address for address in (identifier, *links)):
        parsed.reject(line, f"arXiv answers with an error: {summary or title}", identifier)
        return
    # A replacement is announced years after the paper appeared.
    announced_again = text("announce_type").startswith(("replace", "cross"))
    parsed.add(
        line=line, title=title, excerpt=identifier,
        abstract=re.sub(r"^arXiv:\S+\s+Announce Type: \S+\s+Abstract:\s*", "", summary),
        arxiv_id=next(filter(None, map(normal_arxiv_id, [identifier, *links])), None),
        doi=next(filter(None, (_words(element) for element in entry.iter() if _local(element.tag) == "doi")), None),
        published_on=None if announced_again else text("published", "issued", "updated"),
        authors=list(_authors(entry)), urls=links, comment=text("comment"))


def _authors(entry: Element) -> Iterator[str]:
    people = [element for element in entry.iter() if _local(element.tag) == "author"]
    for person in people:
        parts = {_local(part.tag): (part.text or "").strip() for part in person}
        yield parts.get("name") or " ".join(filter(None, (
            parts.get("given_name"), parts.get("middle_name"), parts.get("last_name") or parts.get("family_name")))) \
            or (person.text or "")
    creators = [element.text or "" for element in entry.iter() if _local(element.tag) == "creator"]
    if not people:
        yield from split_names(creators[0]) if len(creators) == 1 else creators


def _words(element: Element) -> str:
    """The element's text; HTML, by its type or by its look, without tags."""
    text = "".join(element.itertext()).strip()
    if element.get("type") in ("html", "text/html") and "<" in text or re.match(r"<(?:p|div)\b", text):
        try:
            return html_text(text).replace("\n\n", " ")
        except ValueError:
            return text
    return text if element.get("type") not in ("html", "text/html") else unescape(text)
