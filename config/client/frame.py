"""What the generated client is made of besides the operations: how it asks, pages and refuses."""

FRAME = '''"""A client of Assay's API, version @VERSION@, made by the site itself. Python 3.11 is all it needs.

    from assay_client import Assay
    site = Assay("http://localhost:8000", token="assay_...")   # reading needs no token
    for paper in site.every(site.get_papers, q="adapters"):
        print(paper["title"])

What is None is left out of a question. A refusal is an AssayError with the site's own sentence.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, Literal, NotRequired, TypedDict  # noqa: F401

VERSION = "@VERSION@"


class AssayError(Exception):
    """The site refused: `status`, its sentence `detail`, and the seconds `retry_after` to wait, where it says so."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None):
        super().__init__(f"{status}: {detail}")
        self.status, self.detail, self.retry_after = status, detail, retry_after


def _part(value: object) -> str:
    """A part of an address; a slash stays one."""
    return urllib.parse.quote(str(value), safe="/")


def _word(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


@MODELS@


class Assay:
    """The site at `address`; with a token also what its owner may do and the token's scopes allow."""

    def __init__(self, address: str = "http://localhost:8000", token: str = "", *, timeout: float = 60.0):
        self.address, self.token, self.timeout = address.rstrip("/"), token, timeout

    def every(self, operation: Callable[..., Any], *arguments: Any, page: int = 100, **named: Any) -> Iterator[Any]:
        """Every item of a paged list, asked for a page at a time: every(site.get_runs, arena="peft")."""
        offset = 0
        while True:
            answer = operation(*arguments, limit=page, offset=offset, **named)
            yield from answer["items"]
            offset += page
            if offset >= answer["count"]:
                return

    def _call(self, method: str, path: str, query: dict[str, Any] | None = None,
              body: dict[str, Any] | None = None) -> Any:
        """What the site answers: JSON as Python has it, text as str, anything else as bytes, nothing as None."""
        asked = {name: _word(value) if not isinstance(value, list) else [_word(each) for each in value]
                 for name, value in (query or {}).items() if value is not None}
        address = f"{self.address}@PREFIX@{path}" + (f"?{urllib.parse.urlencode(asked, doseq=True)}" if asked else "")
        headers = {"Accept": "application/json", "User-Agent": f"assay-client/{VERSION}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
        request = urllib.request.Request(address, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                return _read(answer.headers.get_content_type(), answer.read())
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None

@OPERATIONS@

def _read(kind: str, data: bytes) -> Any:
    if not data:
        return None
    if kind == "application/json":
        return json.loads(data)
    return data.decode() if kind.startswith("text/") else data


def _refusal(error: urllib.error.HTTPError) -> AssayError:
    text = error.read().decode(errors="replace")
    try:
        detail = str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = text[:200] or error.reason
    wait = error.headers.get("Retry-After", "")
    return AssayError(error.code, detail, int(wait) if wait.isdecimal() else None)
'''
