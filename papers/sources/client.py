"""The only place that opens connections to the outside: one GET or POST with all that can go wrong bounded.

Time (for all of it, so that a slow drip ends), size (as sent and unpacked), redirects (each checked like the first),
addresses (`addresses.py`), turns at a host (`pacing.py`). Proxy variables are not looked at: they would go around
the check.
"""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import httpcore2
import httpx2
import stamina
from django.conf import settings

from papers.sources import pacing
from papers.sources.addresses import Network, Refused, Unreachable, checked_addresses, masked
from papers.sources.answers import FetchError, unpacked

LIMIT = 32 * 2**20  # bytes, unpacked
REDIRECTS = 5
ATTEMPTS = 3
SHORT_WAIT = 20.0  # seconds that are waited for in place; a longer wish ends the fetch and is kept
LONGEST_WISH = 24 * 3600.0


@dataclass(frozen=True)
class Answer:
    """What a host said, under an address fit to be shown.

    `unchanged`: it is as it was when `etag` and `modified` were given.
    """

    url: str
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    modified: str = ""
    unchanged: bool = False


def get(address: str, *, accept: str = "*/*", etag: str = "", modified: str = "", limit: int = LIMIT,
        attempts: int = ATTEMPTS, patience: float = SHORT_WAIT, within: float = 0.0) -> Answer:
    """The answer under an address, tried again where that may help.

    `etag` and `modified` are those of an earlier answer; `patience` is how long a host's wish is waited for in
    place; `within` seconds in place of SOURCES_TIMEOUT the whole answer must be there.
    Raises FetchError.
    """
    within = within or settings.SOURCES_TIMEOUT
    headers: dict[bytes | str, bytes | str] = {
        "Accept": accept, "Accept-Encoding": "gzip", "User-Agent": user_agent()}
    if etag:
        headers["If-None-Match"] = etag
    if modified:
        headers["If-Modified-Since"] = modified

    def again(error: Exception) -> bool | float:
        if not isinstance(error, FetchError) or not error.temporary or error.wait > patience:
            return False
        return error.wait or True
    for attempt in stamina.retry_context(on=again, attempts=attempts, timeout=None, wait_initial=1.0, wait_max=8.0):
        with attempt:
            return _follow(_parsed(address), headers, limit, patience, within)
    raise AssertionError("the last attempt returns or raises")


def post(address: str, body: bytes, *, headers: Mapping[str, str] | None = None, within: float = 0.0) -> int:
    """Send a message to an address that a person gave; the status of an answer that took it (2xx).

    Tried once, as trying again is the sender's own affair; a redirect is no answer; what the answer says is not read.
    Inner networks are dialled only where WEBHOOKS_ALLOW names them. Raises FetchError.
    """
    within = within or settings.SOURCES_TIMEOUT
    url = _parsed(address)
    waited = _take_turn(url.host, 5.0)
    sent: dict[bytes | str, bytes | str] = {
        "Content-Type": "application/json", "User-Agent": user_agent(),
        "Content-Length": str(len(body))}
    sent.update({name: value for name, value in (headers or {}).items()})
    if url.userinfo:
        sent["Authorization"] = _basic(url.userinfo)
    deadline = time.monotonic() + waited + within
    shown = masked(str(url.copy_with(raw_path=b"/")))  # the path of a webhook is its secret
    with _failures_in_words(shown, within), _stream("POST", url, sent, deadline, within, settings.WEBHOOKS_ALLOW,
                                                    body) as response:
        if 200 <= response.status < 300:
            return response.status
        if 300 <= response.status < 400:
            raise FetchError(f"{shown}: redirects, which is not followed (HTTP {response.status})",
                             status=response.status)
        raise _refusal(shown, url.host, response.status, _headers(response))


def user_agent() -> str:
    contact = settings.SOURCES_CONTACT
    return f"Assay/0.1 (self-hosted paper dashboard{f'; {contact}' if contact else ''})"


def _parsed(address: str) -> httpx2.URL:
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError) as error:
        raise FetchError(f"{masked(address)} is no address: {error}") from None
    if url.scheme not in ("http", "https"):
        raise FetchError(f"{masked(address)}: only http and https addresses are fetched")
    if not url.host:
        raise FetchError(f"{masked(address)}: names no host")
    return url


def _follow(url: httpx2.URL, headers: dict[bytes | str, bytes | str], limit: int, patience: float, within: float
            ) -> Answer:
    deadline = time.monotonic() + within
    origin, user = (url.scheme, url.host, url.port), url.userinfo
    for _ in range(REDIRECTS + 1):
        waited = _take_turn(url.host, patience)
        deadline += waited
        own = dict(headers)
        if user and (url.scheme, url.host, url.port) == origin:  # another host is not told the password
            own["Authorization"] = _basic(user)
        answer = _ask(url, own, limit, deadline, within)
        if isinstance(answer, Answer):
            return answer
        target = _parsed(str(url.join(answer)))
        if url.scheme == "https" and target.scheme == "http":
            raise FetchError(f"{masked(str(url))}: redirects from https to http, which is not followed")
        url = target
    raise FetchError(f"{masked(str(url))}: more than {REDIRECTS} redirects")


def _take_turn(host: str, patience: float) -> float:
    try:
        wait = pacing.reserve(host, longest=max(patience, 5.0))
    except pacing.TooBusy as busy:
        left = (busy.until - datetime.now(UTC)).total_seconds()
        raise FetchError(str(busy), temporary=True, wait=max(left, patience + 1)) from None
    time.sleep(wait)
    return wait


def _ask(url: httpx2.URL, headers: dict[bytes | str, bytes | str], limit: int, deadline: float, within: float
         ) -> Answer | str:
    """The answer, or where it redirects to."""
    shown = masked(str(url))
    with _failures_in_words(shown, within), _stream("GET", url, headers, deadline, within,
                                                    settings.SOURCES_ALLOW) as response:
        found = _headers(response)
        if response.status in (301, 302, 303, 307, 308) and found.get("location"):
            return found["location"]
        if response.status == 304:
            return Answer(shown, unchanged=True)
        if response.status != 200:
            raise _refusal(shown, url.host, response.status, found)
        body = b"".join(unpacked(response.iter_stream(), found.get("content-encoding", ""), limit, shown))
        return Answer(shown, body, found.get("content-type", ""), found.get("etag", "")[:500],
                      found.get("last-modified", "")[:100])


@contextmanager
def _stream(method: str, url: httpx2.URL, headers: dict[bytes | str, bytes | str], deadline: float, within: float,
            allow: Sequence[Network], content: bytes | None = None) -> Iterator[httpcore2.Response]:
    target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    timeouts = {name: within for name in ("connect", "read", "write", "pool")}
    with httpcore2.ConnectionPool(ssl_context=_tls(), network_backend=_Guard(deadline, allow)) as pool, pool.stream(
            method, target, headers={"Host": url.netloc.decode(), **headers}, content=content,
            extensions={"timeout": timeouts}) as response:
        yield response


def _headers(response: httpcore2.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _basic(user: bytes) -> str:
    return "Basic " + base64.b64encode(unquote(user.decode()).encode()).decode()


@contextmanager
def _failures_in_words(shown: str, within: float) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise FetchError(str(error)) from None
    except Unreachable as error:
        raise FetchError(str(error), temporary=True) from None
    except httpcore2.TimeoutException:
        raise FetchError(f"{shown}: no whole answer within {within:g} seconds", temporary=True
                         ) from None
    except httpcore2.RemoteProtocolError as error:
        raise FetchError(f"{shown}: the answer broke off or is no HTTP ({error})", temporary=True) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        raise FetchError(f"{shown}: {error or type(error).__name__}", temporary=True) from None


def _refusal(shown: str, host: str, status: int, headers: dict[str, str]) -> FetchError:
    wait = min(_seconds(headers.get("retry-after", "")), LONGEST_WISH)
    if status in (429, 503) and wait:
        pacing.hold_off(host, wait)
    words = {401: "it wants a password", 403: "it refuses", 404: "there is no such thing", 410: "it is gone",
             429: "too many questions", 503: "it is busy"}.get(status, "no answer of use")
    later = f", and wants to be asked again in {wait:.0f} s" if wait else ""
    return FetchError(f"{shown}: {words} (HTTP {status}){later}", status=status, wait=wait,
                      temporary=status in (408, 425, 429) or status >= 500)


def _seconds(text: str) -> float:
    """What Retry-After says, in seconds or as a date; 0 where it says nothing."""
    text = text.strip()[:60]
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    return max((moment.astimezone(UTC) - datetime.now(UTC)).total_seconds(), 0.0)


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


class _Guard(httpcore2.SyncBackend):
    """Dials checked addresses only, and ends whatever is under way at the deadline."""

    def __init__(self, deadline: float, allow: Sequence[Network]):
        self.deadline, self.allow = deadline, allow

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                    socket_options: Iterable[Any] | None = None) -> httpcore2.NetworkStream:
        failure: Exception | None = None
        for address in checked_addresses(host, port, self.allow):  # one look-up; a second could differ
            try:
                stream = super().connect_tcp(address, port, _left(self.deadline), local_address, socket_options)
                return _Timed(stream, self.deadline)
            except httpcore2.NetworkError as error:
                failure = error
        raise Unreachable(f"{host}:{port} does not answer ({failure})") from failure


class _Timed(httpcore2.NetworkStream):
    """A stream whose every step has only the time that is left."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float):
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
                  timeout: float | None = None) -> httpcore2.NetworkStream:
        return _Timed(self.stream.start_tls(ssl_context, server_hostname, _left(self.deadline)), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time is up")
    return left
