"""From the bytes of a file, a paste or a mail to records: unpack, decode, choose the format, parse."""

import codecs

from papers.digests import arxiv_atom, bibtex, json_records, mail, trending
from papers.digests.records import DigestError, Parsed, without_controls
from papers.digests.unpacking import unpacked

FORMATS = (json_records, arxiv_atom, bibtex, trending)  # each has FORMAT, sniff(text) and parse(text)

_MAGIC = {b"%PDF": "a PDF", b"PK\x03\x04": "a ZIP archive or office document", b"\x89PNG": "a PNG image",
          b"\xff\xd8\xff": "a JPEG image", b"GIF8": "a GIF image", b"BZh": "a bzip2 archive",
          b"\xfd7zXZ": "an xz archive", b"7z\xbc\xaf": "a 7z archive", b"SQLite format 3": "an SQLite database",
          b"\x7fELF": "a program", b"PAR1": "a Parquet file", b"\x28\xb5\x2f\xfd": "a zstd archive"}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_digest(data: bytes, name: str) -> Parsed:
    """The records, rejects and notes of one digest. Raises DigestError, naming the file, when nothing can be read."""
    data, notes = unpacked(data, name)
    if not data.strip():
        raise DigestError(f"{name}: the file is empty")
    text, decoding = _decode(data, name)
    notes += decoding
    if mail.sniff(text):
        try:
            text = mail.body(text)
        except (ValueError, LookupError, KeyError) as error:
            raise DigestError(f"{name}: {error}") from error
        notes.append("a mail: lines are counted from the start of its text part")
    text = without_controls(text)
    if not text.strip():
        raise DigestError(f"{name}: there is no text in it")
    if text[:1000].lstrip().lower().startswith(("<!doctype html", "<html")):
        raise DigestError(f"{name}: this is an HTML page; paste its text, or give a text, JSON, Atom or BibTeX file")
    parsed = max(FORMATS, key=lambda module: module.sniff(text)).parse(text)
    parsed.notes[:0] = notes
    if not parsed.records:
        first = f": line {parsed.rejects[0].line}: {parsed.rejects[0].reason}" if parsed.rejects else ""
        raise DigestError(f"{name}: no paper could be read from it (taken for {parsed.format}){first}",
                          tuple(parsed.rejects))
    return parsed


def _decode(data: bytes, name: str) -> tuple[str, list[str]]:
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise DigestError(f"{name}: this is {kind}, not a text digest")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data[len(bom):].decode(encoding), []
            except UnicodeDecodeError as error:
                raise DigestError(f"{name}: marked as {encoding} but not readable as such: {error.reason}") from error
    head = data[:65536]
    controls = sum(byte < 32 and byte not in (9, 10, 11, 12, 13, 27) for byte in head)
    if b"\0" in head or controls > len(head) // 20:
        raise DigestError(f"{name}: this is a binary file, not a text digest")
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = data.decode("cp1252", errors="replace")
        return text, [f"not UTF-8 (line {line}); read as Windows-1252, so check accented letters"]
