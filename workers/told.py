"""What a run's processes tell through pipes, taken in piece by piece and bounded."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any

LOG_LIMIT = 64 * 1024  # characters of output kept: the newest
EVENTS_LIMIT = 16 * 2**20  # bytes that a run may tell: a long curve has some hundred thousand


class TooMuch(Exception):
    """A run has told more than EVENTS_LIMIT."""


class Log:
    """The newest LOG_LIMIT characters of an output."""

    def __init__(self) -> None:
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def take(self, data: bytes) -> str:
        text = self._decoder.decode(data).replace("\0", "")  # PostgreSQL keeps no NUL in a text
        self._text = (self._text + text)[-LOG_LIMIT:]
        return self._text


class Events:
    """JSON lines. What stands after the last line break is no event: its writer may have been killed."""

    def __init__(self) -> None:
        self._half: list[bytes] = []
        self._bytes = 0

    def take(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The events that `data` completes. Raises TooMuch; TypeError, ValueError or RecursionError for a line that
        is none."""
        self._bytes += len(data)
        if self._bytes > EVENTS_LIMIT:
            self._half = []
            raise TooMuch
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._half.append(line)
            text, self._half = b"".join(self._half), []
            if not text:
                continue
            event = json.loads(text)
            if not isinstance(event, dict):
                raise TypeError("not an object")
            yield event
        self._half.append(rest)
