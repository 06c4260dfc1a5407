"""Passwords of mail accounts: encrypted in the database, or only named there and kept in the environment.

Encrypted with keys derived from SECRET_KEY, by the standard library alone: HMAC-SHA256 of nonce and counter as the
key stream, and a second HMAC over nonce and text, checked before anything is read (encrypt, then authenticate).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from papers.sources.models import Source

PREFIX = "ASSAY_"  # of the variables that may be named: no other secret of the server can be sent to a mail server


class NoPassword(Exception):
    """There is none that can be used; the message says why."""


def _key(purpose: str) -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), f"papers.sources {purpose}".encode(), hashlib.sha256).digest()


def _stream(nonce: bytes, length: int) -> bytes:
    key, blocks = _key("encrypt"), -(-length // 32)
    return b"".join(hmac.new(key, nonce + i.to_bytes(4, "big"), hashlib.sha256).digest()
                    for i in range(blocks))[:length]


def encrypted(password: str) -> str:
    nonce, text = secrets.token_bytes(16), password.encode()
    body = nonce + bytes(a ^ b for a, b in zip(text, _stream(nonce, len(text)), strict=True))
    return base64.b64encode(body + hmac.new(_key("authenticate"), body, hashlib.sha256).digest()).decode()


def decrypted(stored: str) -> str:
    """Raises NoPassword when it was encrypted under another SECRET_KEY or damaged."""
    data = base64.b64decode(stored)
    body, tag = data[:-32], data[-32:]
    if not hmac.compare_digest(tag, hmac.new(_key("authenticate"), body, hashlib.sha256).digest()):
        raise NoPassword("its password was stored under another SECRET_KEY and cannot be read: enter it again")
    nonce, text = body[:16], body[16:]
    return bytes(a ^ b for a, b in zip(text, _stream(nonce, len(text)), strict=True)).decode()


def password_of(source: Source) -> str:
    """Raises NoPassword."""
    if source.password_variable:
        value = os.environ.get(source.password_variable, "") if source.password_variable.startswith(PREFIX) else ""
        if not value:
            raise NoPassword(f"the environment variable {source.password_variable} is not set for the workers")
        return value
    if not source.password:
        raise NoPassword("no password is stored for it")
    return decrypted(source.password)
