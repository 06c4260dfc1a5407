"""A digest before it is read: unpacked, decoded and cleaned, as every format sees it."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from papers.digests.records import DigestError, without_controls
from papers.digests.unpacking import unpacked

HEAD = 4000  # characters; what most formats can be told by

BINARIES = {
    b"%PDF": "a PDF", b"PK\x03\x04": "a ZIP archive", b"\x89PNG": "a PNG image", b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image", b"II*\0": "a TIFF image", b"MM\0*": "a TIFF image", b"BZh9": "a bzip2 archive",
    b"\xd0\xcf\x11\xe0": "an old Office document", b"\xfd7zXZ": "an xz archive", b"7z\xbc\xaf": "a 7z archive",
    b"Rar!\x1a": "a RAR archive", b"\x28\xb5\x2f\xfd": "a zstd archive", b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program", b"PAR1": "a Parquet file"}  # by how they begin

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True)
class Source:
    """A file, a paste, or a part of a mail.

    `data` are the unpacked bytes, for formats that are not text; `text` is what they say, with line breaks as \\n,
    without control characters and in NFC; "" where they are no text. `columns` is for tables, see `columns.py`.
    """

    name: str
    data: bytes
    text: str
    columns: Mapping[str, str] = field(default_factory=dict)  # field: heading, where a person has said so

    @cached_property
    def head(self) -> str:
        """Where the text begins, white space at the start left out."""
        return self.text[:HEAD * 4].lstrip()[:HEAD]


def open_source(data: bytes, name: str, columns: Mapping[str, str] | None = None) -> tuple[Source, list[str]]:
    """The source and notes on how it was opened. Raises DigestError when it is empty or a broken archive."""
    data, notes = unpacked(data, name)
    if not data.strip():
        raise DigestError(f"{name}: the file is empty")
    text, decoding = decode(data, name)
    return Source(name, data, without_controls(text), columns or {}), notes + decoding


def decode(data: bytes, name: str) -> tuple[str, list[str]]:
    """The text, "" where the bytes are none, and notes. Raises DigestError where a byte order mark is wrong.

    A mark decides; then UTF-16 by its zero bytes; then UTF-8, and Windows-1252 in the lines that are not UTF-8.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data[len(bom):].decode(encoding), []
            except UnicodeDecodeError as error:
                raise DigestError(f"{name}: marked as {encoding} but not readable as such: {error.reason}") from error
    if data.startswith(tuple(BINARIES)):
        return "", []
    head = data[:65536]
    if b"\0" in head:
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            if len(data) % 2 == 0 and zeros.count(0) == head.count(0) > len(zeros) // 2:
                try:
                    return data.decode(encoding), [f"read as {encoding.upper()}, which the file does not say"]
                except UnicodeDecodeError:
                    break
        return "", []
    if sum(byte < 32 and byte not in (9, 10, 11, 12, 13, 27) for byte in head) > len(head) // 20:
        return "", []
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "\n".join(map(_decode_line, data.split(b"\n"))), [
            f"not UTF-8 (from line {line} on); such lines are read as Windows-1252, so check accented letters"]


def _decode_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")
