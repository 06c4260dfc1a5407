"""A mail (.eml): its words, as text or from HTML, and the files attached to it."""

import re
from email import message_from_bytes
from email.message import Message

from papers.digests.html import html_text
from papers.digests.records import DigestError, without_controls
from papers.digests.source import Source, decode, open_source

NAME = "mail"
DEPTH_LIMIT = 200  # multiparts in one mail; real ones have a handful
PARTS_LIMIT = 10_000

_HEADERS = re.compile(r"(?:from|to|subject|date|mime-version|received|return-path|content-type|message-id|"
                      r"delivered-to|list-id|reply-to|dkim-signature):", re.I)
_LONG_HEADER = re.compile(rb"^content-[a-z]+:(?:[^\n]|\n[ \t]){20000}", re.I | re.M)
_TRIPS = (TypeError, ValueError, LookupError)  # what the library raises over parameters that contradict each other
_SHAPE = re.compile(r"[!-9;-~]+:|[ \t]|From ")


def sniff(source: Source) -> float:
    head = re.split(r"\n[ \t]*\n", source.head, maxsplit=1)[0].split("\n")
    if len(source.head) > 3900 and len(head) > 1:
        head.pop()  # cut off
    named = sum(bool(_HEADERS.match(line)) for line in head)
    return 0.95 if named >= 2 and all(map(_SHAPE.match, head)) else 0.0


def unwrap(source: Source) -> list[Source]:
    """Its words and its attachments. Raises DigestError when there is neither."""
    data = source.data if source.data.isascii() or source.data[:4096].lstrip()[:1].isalpha() else source.text.encode()
    if len(re.findall(rb"multipart/|message/", data, re.I)) > DEPTH_LIMIT:
        raise DigestError(f"{source.name}: a mail of more than {DEPTH_LIMIT} parts inside one another")
    if len(re.findall(rb"^--[^\s-]", data, re.M)) > PARTS_LIMIT:
        raise DigestError(f"{source.name}: a mail of more than {PARTS_LIMIT:,} parts")
    if _LONG_HEADER.search(data):
        raise DigestError(f"{source.name}: a mail with a header of more than 20,000 characters")
    try:
        message = message_from_bytes(data.lstrip())  # the old policy: the newer one trips over more hostile headers
    except _TRIPS as error:
        raise DigestError(f"{source.name}: a mail whose headers cannot be read ({error})") from error
    words: dict[str, Message] = {}
    attached = []
    for part in message.walk():
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        if part.get_content_disposition() == "attachment" or _file_name(part):
            attached.append(part)
        elif kind.startswith("text/"):
            words.setdefault("html" if kind == "text/html" else "plain", part)
    sources = []
    if body := words.get("plain") or words.get("html"):
        text = _text(body, source.name)
        if body is words.get("html"):
            try:
                text = html_text(text)
            except ValueError as error:
                raise DigestError(f"{source.name}: {error}") from error
        sources.append(Source(source.name, text.encode(errors="replace"), without_controls(text)))
    for part in attached:
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload.strip():
            sources.append(open_source(payload, f"{_file_name(part) or 'a part'} in {source.name}")[0])
    if not any(part.data.strip() for part in sources):
        raise DigestError(f"{source.name}: the mail has no text part")
    return sources


def _text(part: Message, name: str) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        charset = part.get_content_charset()
        if charset and charset not in ("us-ascii", "ascii", "utf-8"):
            return data.decode(charset, errors="replace")
    except _TRIPS:
        pass  # no such encoding, or garbled: told from the bytes, as for a file
    return decode(data, name)[0]


def _file_name(part: Message) -> str:
    try:
        return str(part.get_filename() or "")[:100]
    except _TRIPS:
        return ""
