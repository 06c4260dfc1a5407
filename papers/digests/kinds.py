"""What a file looks like that no format claims, so that the message can name it."""

import re

from papers.digests.source import BINARIES, Source

_ZIPPED = ((b"xl/workbook.bin", "a binary Excel workbook (XLSB)"), (b"xl/", "an Excel workbook (XLSX)"),
           (b"word/", "a Word document (DOCX)"),
           (b"ppt/", "a PowerPoint file (PPTX)"), (b"application/epub", "an EPUB book"),
           (b"vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet (ODS)"),
           (b"application/vnd.oasis", "an OpenDocument file"))
_ROOTS = {"rss": "RSS", "rdf": "RSS or RDF", "oai-pmh": "OAI-PMH", "feed": "Atom", "html": "an HTML page",
          "!doctype": "an HTML page", "records": "EndNote XML", "modscollection": "MODS", "mods": "MODS",
          "pubmedarticleset": "PubMed XML", "article": "JATS XML", "opml": "OPML", "svg": "an SVG image",
          "bibtexml": "BibTeXML", "collection": "MARC XML"}
_SHAPES = tuple((re.compile(pattern, re.M), kind) for pattern, kind in (
    (r"\A%!PS", "PostScript"), (r"\A\{\\rtf", "RTF"), (r"^[ \t]*\\(?:documentclass|begin\{)", "a LaTeX document"),
    (r"^TY {1,2}- ?\S", "RIS"), (r"^PMID- ?\d", "MEDLINE"), (r"^%0 \S", "EndNote (tagged)"),
    (r"^RT \S.*\n(?:SR|ID|A1|T1) ", "RefWorks"), (r"\A(?:FN|PT) \S.*\n[A-Z][A-Z0-9] ", "Web of Science text"),
    (r"^\\\\\n(?:arXiv:|Paper: )", "an arXiv e-mail"), (r"^@\w+[ \t]*[{(]", "BibTeX"),
    (r"^\|.*\|[ \t]*\n\|[ \t:|-]+\|[ \t]*$", "a Markdown table"),
    (r"\A[\[{]\s*[\"\[{\]}]|^.{0,20}\{\"\w+\":|^[ \t]*\"\w+\":[ \t].*\n[ \t]*\"\w+\":", "JSON"),
    (r"\A---[ \t]*\n\w[\w -]*:", "Markdown or YAML with front matter"),
    (r"\A(?:[\w-]+:[ \t].*\n|- [\w-]+:.*\n){2}", "YAML or mail headers"),
    (r"^#{1,6} \S(?:.*\n)+?#{1,6} \S", "Markdown"), (r"^[ \t]*[-*+] \[[^\]\n]+\]\(http", "a Markdown list of links"),
    (r"\A(?:#!|from \w+ import |import \w+|def |class \w+[(:]|#include)", "program code")))
_COLUMNS = re.compile(r"title|authors?|abstract|year|doi|url|date|name|arxiv|summary|description|link|journal|venue",
                      re.I)


def structure(source: Source) -> str:
    """The file's kind, with its article; "" where it is plain running text."""
    if not source.text.strip():
        return _binary(source.data)
    head = source.head
    if head.startswith("<"):
        root = xml_root(head)
        inner = re.search(r"<xml\s*>\s*<(\w+)", head) if root == "xml" else None
        return _ROOTS.get(inner[1].lower() if inner else root, "XML or HTML")
    return next((kind for shape, kind in _SHAPES if shape.search(head)), "") or _separated(head)


def xml_root(head: str) -> str:
    """The name of the first element, in lower case and without prefix; "" where the text does not begin with one."""
    at = 0
    while opening := re.compile(r"\s*<(?:(\?)|(!--)|(!doctype\b)|(?:\w+:)?([a-z][\w-]*))", re.I).match(head, at):
        if opening[4]:
            return opening[4].lower()
        if opening[3] and re.match(r"\s*html", head[opening.end():opening.end() + 20], re.I):
            return "html"
        own = "[" in head[opening.end():].partition(">")[0]  # a document type with declarations of its own
        closing = "?>" if opening[1] else "-->" if opening[2] else "]>" if own else ">"
        end = head.find(closing, opening.end())
        if end < 0:
            break
        at = end + len(closing)
    return ""


def _binary(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        return next((kind for sign, kind in _ZIPPED if sign in data[:1 << 16]), "a ZIP archive")
    if data[257:262] == b"ustar":
        return "a tar archive"
    return next((kind for magic, kind in BINARIES.items() if data.startswith(magic)), "a binary file")


def _separated(head: str) -> str:
    """CSV or its kin: a first line of short cells, two of which are usual names of columns."""
    first = head.removeprefix("sep=").partition("\n")[0]
    for sign, kind in ((",", "CSV"), ("\t", "a table with tabs (TSV)"), (";", "CSV"), ("|", "CSV")):
        cells = [cell.strip().strip('"') for cell in first.split(sign)]
        if len(cells) > 1 and all(len(cell) <= 40 for cell in cells) and \
                sum(bool(_COLUMNS.search(cell)) and len(cell.split()) <= 3 for cell in cells) >= 2:
            return kind
    return ""
