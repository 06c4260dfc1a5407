"""Compressed uploads, unpacked within bounds: what would grow too large is refused before it is held in memory."""

import gzip
import io
import zlib
from collections.abc import Iterator

from papers.digests.records import DigestError

UNPACKED_LIMIT = 256 << 20  # bytes that a compressed file may unpack to
PIECE = 1 << 20  # bytes looked at at a time
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


def unpacked(data: bytes, name: str) -> tuple[bytes, list[str]]:
    """What a gzip file holds, or the bytes themselves, and notes. Raises DigestError, naming file and limit.

    An archive inside an archive is refused.
    """
    if not data.startswith(_GZIP):
        return data, []
    notes = ["unpacked with gzip"]
    size = sum(len(piece) for piece in _pieces(data, name, notes))  # a bomb costs a moment here, and no memory
    content = bytearray(size)
    at = 0
    for piece in _pieces(data, name, []):
        content[at:at + len(piece)] = piece
        at += len(piece)
    if content.startswith((_GZIP, _ZIP)):
        raise DigestError(f"{name}: an archive inside an archive; unpack it first")
    return bytes(content), notes


def _pieces(data: bytes, name: str, notes: list[str]) -> Iterator[bytes]:
    """The unpacked bytes, a piece at a time."""
    size = 0
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:  # files may be joined end to end
        try:
            while piece := file.read1(PIECE):
                size += len(piece)
                if size > UNPACKED_LIMIT:
                    raise DigestError(f"{name}: unpacks to more than {UNPACKED_LIMIT >> 20} MB, the most that is read; "
                                      "split the list into smaller files")
                yield piece
        except gzip.BadGzipFile as error:
            if not size or not str(error).startswith("Not a gzipped file"):
                raise DigestError(f"{name}: not a readable gzip file: {error}") from error
            notes.append("what follows the gzip file in it was passed over")
        except EOFError as error:
            raise DigestError(f"{name}: the gzip file is cut off") from error
        except zlib.error as error:
            raise DigestError(f"{name}: not a readable gzip file: {error}") from error
