"""What is the same of every answer from outside: why there is none, and its body unpacked within a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_PIECE = 2**16


class FetchError(Exception):
    """Why there is no answer, in words. `temporary`: trying again may help; `wait`: the host's wish, in seconds."""

    def __init__(self, reason: str, *, status: int = 0, temporary: bool = False, wait: float = 0.0):
        super().__init__(reason)
        self.status, self.temporary, self.wait = status, temporary, wait


def unpacked(pieces: Iterable[bytes], coding: str, limit: int, shown: str) -> Iterator[bytes]:
    """The body piece by piece, never more than `limit` of it in memory however small it was packed."""
    coding = coding.strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchError(f"{shown}: packed as {coding[:40]}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31) if coding.endswith("gzip") else None
    size = 0
    for piece in pieces:
        while piece:
            try:
                out = unpacker.decompress(piece, _PIECE) if unpacker else piece
            except zlib.error as error:
                raise FetchError(f"{shown}: its gzip is broken ({error})", temporary=True) from None
            size += len(out)
            if size > limit:
                raise FetchError(f"{shown}: larger than {limit >> 20} MB")
            yield out
            piece = unpacker.unconsumed_tail if unpacker and not unpacker.eof else b""
    if unpacker and not unpacker.eof:
        raise FetchError(f"{shown}: its gzip is cut off", temporary=True)
