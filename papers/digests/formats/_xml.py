"""XML as the formats built on it read it: one record after the other, with its line, and on after a break.

Entity tricks are refused. Nothing but the record at hand is kept, so a large file costs no more than a small one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from html import unescape
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring
from xml.parsers.expat import XMLParserType

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from papers.digests.html import html_text
from papers.digests.records import Parsed, without_controls
from papers.digests.source import Source

CHUNK = 1 << 14  # bytes
DEPTH_LIMIT = 150  # elements inside one another in one record

_DECLARATION = re.compile(r"<\?xml\b[^<>]*\?>")
_ENCODING = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""")
_DOCTYPE = re.compile(r"<!DOCTYPE\s+(?:rss|rdf:RDF|Pubmed\w+|Medline\w+)\b[^<>\[\]]*>", re.I)  # formats that have one
_OWN_ENTITIES = re.compile(r"<!(?:DOCTYPE|ENTITY)\b")
_AMPERSAND = re.compile(r"<!\[CDATA\[(?:.*?\]\]>|.*\Z)"
                        r"|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)(\w{1,31};)?", re.S)
_CLOSINGS = re.compile(rb"\s*(?:</[^<>]*>\s*)*")
_HTML = re.compile(r"</(?:p|div|a|b|i|em|strong|span|su[bp]|ul|ol|li|h\d|code|pre|table|tr|td|blockquote|figure)\s*>"
                   r"|<(?:br|p|hr|img)\b[^<>]*>", re.I)
_PREFIXES = {"arxiv": "http://arxiv.org/schemas/atom", "dc": "http://purl.org/dc/elements/1.1/",
             "opensearch": "http://a9.com/-/spec/opensearch/1.1/", "media": "http://search.yahoo.com/mrss/",
             "content": "http://purl.org/rss/1.0/modules/content/", "thr": "http://purl.org/syndication/thread/1.0",
             "prism": "http://prismstandard.org/namespaces/basic/2.0/", "atom": "http://www.w3.org/2005/Atom",
             "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "dcterms": "http://purl.org/dc/terms/",
             "xsi": "http://www.w3.org/2001/XMLSchema-instance", "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
             "xlink": "http://www.w3.org/1999/xlink", "mods": "http://www.loc.gov/mods/v3",
             "mml": "http://www.w3.org/1998/Math/MathML"}


def read_elements(source: Source, parsed: Parsed, names: Iterable[str], roots: Iterable[str],
                  add: Callable[[Element, int], None]) -> None:
    """Hand each outermost element called one of `names` (lower case, without prefix) and its line to `add`.

    `roots` are the elements around them. What is broken becomes a reject, and reading goes on at the next of either.
    """
    text = _DECLARATION.sub(_line_breaks, _text(source))
    tags = "|".join([*names, *roots])
    root = re.search(rf"<(?:[\w.-]+:)?(?:{tags})\b[^<>]*>", text, re.I)
    before_root = root.start() if root else len(text)
    text = _DOCTYPE.sub(_line_breaks, text[:before_root]) + text[before_root:]
    tricks = _OWN_ENTITIES.search(text, 0, before_root)
    if tricks:
        parsed.reject(text.count("\n", 0, tricks.start()) + 1, "refused, XML with its own entities or DTD",
                      text[tricks.start():tricks.start() + 200])
        return
    # One document element around all; it declares the prefixes that an entry read alone would miss.
    declared = dict(_PREFIXES)
    declared.update(re.findall(r"""\sxmlns:(\w+)\s*=\s*["']([^"'<&]+)["']""", root[0][:5000] if root else ""))
    for taken in ("xml", "xmlns"):
        declared.pop(taken, None)
    opening = "<all " + " ".join(f'xmlns:{prefix}="{address}"' for prefix, address in declared.items()) + ">"
    _feed(_AMPERSAND.sub(_spelled_out, text).encode("utf-8", errors="replace"), opening.encode(), parsed,
          frozenset(names), re.compile(rf"<(?:[\w.-]+:)?(?:{tags})[\s>]".encode(), re.I), add)


def _text(source: Source) -> str:
    """The source's text, in the encoding that the XML names where it is not UTF-8."""
    named = _ENCODING.match(source.data)
    if named:
        try:
            source.data.decode("utf-8")
        except UnicodeDecodeError:
            try:
                return without_controls(source.data.decode(named[1].decode()))
            except (UnicodeDecodeError, LookupError):
                pass  # the declaration is wrong: as any text
    return source.text


def _feed(data: bytes, opening: bytes, parsed: Parsed, names: frozenset[str], begins: re.Pattern[bytes],
          add: Callable[[Element, int], None]) -> None:
    start, line = 0, 0
    while True:
        builder = _Builder(parsed, names, add, line)
        parser = DefusedXMLParser(target=builder, encoding="utf-8", forbid_dtd=True)
        builder.parser = expat = parser.parser
        try:
            parser.feed(opening)
            for at_byte in range(start, len(data), CHUNK):  # after a break only a piece is read again
                parser.feed(data[at_byte:at_byte + CHUNK])
            parser.feed(b"</all>")
            parser.close()
            return
        except DefusedXmlException as error:
            parsed.reject(line + expat.CurrentLineNumber, f"refused, XML with its own entities or DTD: {error}")
            return
        except ParseError as error:
            place = min(start + max(expat.ErrorByteIndex - len(opening), 1), len(data))
            error_line = line + expat.ErrorLineNumber
            resume = begins.search(data, place)
            reason = re.sub(r": line \d+, column \d+", "", str(error))
            # After a break, the closing tags of what is around the records have nothing to close.
            left_over = start and not builder.depth and _CLOSINGS.fullmatch(
                data, max(data.rfind(b"<", 0, place + 1), start), resume.start() if resume else len(data))
            if not left_over:
                shown = data[max(place - 80, 0):place + 80].decode("utf-8", errors="replace")
                parsed.reject(builder.line if builder.depth else error_line,
                              f"broken XML at line {error_line}: {reason}; "
                              + ("read again from the next entry on" if resume else "nothing is read from there on"),
                              f"{builder.begun()} … {shown}" if builder.depth else shown)
            if not resume:
                return
            line += data.count(b"\n", start, resume.start())
            start = resume.start()


def _line_breaks(found: re.Match) -> str:
    return "\n" * found[0].count("\n")


def _spelled_out(found: re.Match) -> str:
    """A named character of HTML, which XML does not know, as itself, and a bare & as what XML wants."""
    if found[0].startswith("<"):
        return found[0]
    letter = unescape(found[0]) if found[1] else found[0]
    return letter if letter != found[0] and letter not in "<&" else "&amp;" + (found[1] or "")


class _Builder:
    """What the parser reports to: hands over each record as it closes, with the line it began on, and keeps nothing."""

    def __init__(self, parsed: Parsed, names: frozenset[str], add: Callable[[Element, int], None], offset: int):
        self.parsed, self.names, self.add, self.offset = parsed, names, add, offset
        self.line = self.depth = self.deepest = 0
        self.tree = TreeBuilder()
        self.so_far: list[str] = []
        self.parser: XMLParserType | None = None  # known once it was given this builder

    def start(self, tag, attributes):
        if not self.depth:
            if local(tag) not in self.names:
                return
            self.tree = TreeBuilder()
            self.line = self.offset + (self.parser.CurrentLineNumber if self.parser else 0)
            self.deepest, self.so_far = 0, []
        self.depth += 1
        self.deepest = max(self.depth, self.deepest)
        if self.depth <= DEPTH_LIMIT:
            self.tree.start(tag, attributes)

    def data(self, data):
        if 0 < self.depth <= DEPTH_LIMIT:
            self.tree.data(data)
            if len(self.so_far) < 20:
                self.so_far.append(data[:80])

    def end(self, tag):
        if self.depth:
            element = self.tree.end(tag) if self.depth <= DEPTH_LIMIT else None
            self.depth -= 1
            if not self.depth and self.deepest > DEPTH_LIMIT:
                self.parsed.reject(self.line, f"an entry with more than {DEPTH_LIMIT} elements inside one another")
            elif not self.depth and element is not None:
                self.add(element, self.line)

    def close(self):
        return None

    def begun(self) -> str:
        """What a record that is not closed says of itself, so far."""
        return " ".join("".join(self.so_far).split())[:80]


def local(tag: str) -> str:
    """The element's name in lower case and without its namespace."""
    return tag.rpartition("}")[2].lower()


def children(element: Element | None, *names: str) -> list[Element]:
    """The direct children with one of the names, in the order of the names."""
    return [child for name in names for child in (element if element is not None else ()) if local(child.tag) == name]


def at(element: Element | None, path: str) -> Iterator[Element]:
    """The elements at a path of names such as `titles/title`, each step a direct child."""
    found = [element] if element is not None else []
    for name in path.split("/"):
        found = [child for parent in found for child in children(parent, name)]
    yield from found


def text_at(element: Element | None, *paths: str) -> str:
    """The words of the first element at one of the paths that holds any; "" without one."""
    return next((found for path in paths for inner in at(element, path) if (found := plain_words(inner))), "")


def name_second(record: Element, line: int, parsed: Parsed, *paths: str) -> None:
    """Reject what a record can hold only once and holds again: one's end and the next one's beginning are lost."""
    for path in paths:
        elements = list(at(record, path))
        for other in elements[1:]:  # dc:title beside title says the same again
            if other.tag == elements[0].tag and (text := plain_words(other)) and text != plain_words(elements[0]):
                parsed.reject(line, f"a second {local(other.tag)} in one entry, not read: is its end missing?", text)


def plain_words(element: Element) -> str:
    """All text in the element, white space as single spaces."""
    return " ".join("".join(element.itertext()).split())


def words(element: Element) -> str:
    """The element's text as a reader sees it: HTML, by its type or its look, without tags, links behind their words."""
    kind = element.get("type", "text")
    if len(element) and kind not in ("html", "text/html"):  # XHTML
        for node in element.iter():
            node.tag = local(node.tag) if isinstance(node.tag, str) else "span"
        text = "".join([element.text or "", *(tostring(child, encoding="unicode", method="html") for child in element)])
    else:
        text = "".join(element.itertext())
        if kind not in ("html", "text/html", "xhtml") and not re.match(r"\s*<(?:p|div)\b", text):
            return " ".join(text.split())
    try:
        return " ".join(html_text(text).split())
    except ValueError:  # nested absurdly
        return " ".join(text.split())


def html_words(text: str) -> str:
    """A text without the tags of HTML, if it has any, and with its named characters as characters."""
    if _HTML.search(text):
        try:
            return " ".join(html_text(text).split())
        except ValueError:
            pass
    return " ".join(unescape(text).split())
