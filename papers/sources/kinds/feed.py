"""Any address that gives RSS, Atom or JSON, asked whether it changed since; Hugging Face's daily papers are one."""

from __future__ import annotations

import codecs
import re
from datetime import timedelta
from email.message import Message
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.conf import settings

from papers.sources.arrivals import Haul, read
from papers.sources.client import Answer, get
from papers.sources.models import Source

PATIENCE = timedelta(days=14)  # without anything new

_ACCEPT = "application/atom+xml, application/rss+xml, application/json, application/xml;q=0.9, */*;q=0.5"
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}\bencoding\s*=", re.I)


def fetch(source: Source, **limits) -> Haul:
    """Raises FetchError and DigestError."""
    return _fetch(source.address, source, limits)


def fetch_daily_papers(source: Source, **limits) -> Haul:
    """Raises FetchError and DigestError."""
    return _fetch(f"{settings.UPSTREAMS['hugging_face']}/daily_papers?limit=100", source, limits)


def _fetch(address: str, source: Source, limits: dict) -> Haul:
    known = source.cursor if source.cursor.get("address") == address else {}
    answer = get(address, accept=_ACCEPT, etag=known.get("etag", ""), modified=known.get("modified", ""), **limits)
    if answer.unchanged:
        return Haul(cursor=known, unchanged=True)
    haul = Haul(cursor={"address": address, "etag": answer.etag, "modified": answer.modified})
    haul.records = read(utf8(answer), PurePosixPath(urlsplit(answer.url).path).name or source.name, haul.notes)
    return haul


def utf8(answer: Answer) -> bytes:
    """The body; of a text that says nowhere else what it is written in, recoded from what the server says."""
    header = Message()
    header["Content-Type"] = answer.content_type or "application/octet-stream"
    charset = header.get_content_charset() or "utf-8"
    try:
        answer.body.decode("utf-8")
        return answer.body
    except UnicodeDecodeError:
        if answer.body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return answer.body
    declared = _DECLARED.match(answer.body[:300].lstrip())
    if declared:
        found = re.search(rb"encoding\s*=\s*[\"']([\w.-]+)", answer.body[:300])
        charset = found[1].decode() if found else charset
    try:
        return answer.body.decode(charset).encode()
    except (LookupError, UnicodeDecodeError):
        return answer.body  # the reader says which lines it guessed
