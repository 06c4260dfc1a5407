"""A mail folder: each mail that may hold papers is a digest. Mails are only read; unread ones stay unread."""

from __future__ import annotations

import contextlib
import imaplib
import ipaddress
import socket
import ssl
import threading
from datetime import timedelta

import httpx2
from django.conf import settings
from django.utils import timezone
from imap_tools import AND, A, BaseMailBox, MailMessage, U
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError

from papers.digests.records import single_line
from papers.sources.addresses import Refused, Unreachable, checked_addresses, dial, is_public
from papers.sources.answers import FetchError
from papers.sources.arrivals import Haul, short_key
from papers.sources.client import LIMIT
from papers.sources.models import Source
from papers.sources.passwords import NoPassword, password_of

PATIENCE = timedelta(days=30)
FIRST_DAYS = 7  # of mail that the first look takes
AT_ONCE = 50


class _Bounded:
    """What a server may send is bounded: a literal in size, and the whole connection in time, however it drips."""

    watch: threading.Timer

    def watched(self, sock: socket.socket) -> socket.socket:
        def end() -> None:
            with contextlib.suppress(OSError):  # it has ended by itself
                sock.shutdown(socket.SHUT_RDWR)
        self.watch = threading.Timer(5 * settings.SOURCES_TIMEOUT, end)
        self.watch.daemon = True
        self.watch.start()
        return sock

    def read(self, size):
        if size > LIMIT + 2**20:
            raise imaplib.IMAP4.abort("more than was asked for")
        return super().read(size)  # type: ignore[misc]  # imaplib's

    def shutdown(self):
        self.watch.cancel()
        super().shutdown()  # type: ignore[misc]


class _Plain(_Bounded, imaplib.IMAP4):
    def _create_socket(self, timeout):
        return self.watched(dial(self.host, self.port, timeout=timeout, allow=settings.SOURCES_ALLOW))


class _Tls(_Bounded, imaplib.IMAP4_SSL):
    def _create_socket(self, timeout):
        sock = self.watched(dial(self.host, self.port, timeout=timeout, allow=settings.SOURCES_ALLOW))
        return self.ssl_context.wrap_socket(sock, server_hostname=self.host)


class _Mail(MailMessage):
    """A mail with its bytes as they came."""

    def __init__(self, fetch_data: list):
        super().__init__(fetch_data)
        self.raw = self._get_message_data_parts(fetch_data)[0]


class _MailBox(BaseMailBox):
    email_message_class = _Mail

    def __init__(self, host: str, port: int, tls: bool):
        self.host, self.port, self.tls = host, port, tls
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        timeout = settings.SOURCES_TIMEOUT
        if self.tls:
            return _Tls(self.host, self.port, ssl_context=httpx2.create_ssl_context(), timeout=timeout)
        return _Plain(self.host, self.port, timeout)


def server_of(address: str, tls: bool) -> tuple[str, int]:
    """Host and port of `host`, `host:port` or `[address]:port`. Raises ValueError."""
    try:
        url = httpx2.URL(f"imap://{address}")
    except httpx2.InvalidURL as error:
        raise ValueError(f"no server's address: {error}") from None
    if not url.host or url.userinfo or url.path not in ("", "/") or url.query:
        raise ValueError("a server's address is a name, with or without a port: imap.example.org:993")
    return url.host, url.port or (993 if tls else 143)


def fetch(source: Source, **limits) -> Haul:
    """Raises FetchError."""
    options = source.options
    tls = options.get("security", "tls") == "tls"
    try:
        host, port = server_of(source.address, tls)
        if not tls and any(_is_open(address) for address in checked_addresses(host, port, settings.SOURCES_ALLOW)):
            raise FetchError(f"{host}: without TLS the password would cross the open internet in clear")
        password = password_of(source)
        with _MailBox(host, port, tls).login(options["user"], password, initial_folder=None) as box:
            return _read(box, source)
    except (NoPassword, Refused, ValueError) as error:
        raise FetchError(str(error)) from None
    except Unreachable as error:
        raise FetchError(str(error), temporary=True) from None
    except MailboxLoginError:
        raise FetchError(f"{source.address}: the server refuses user or password") from None
    except MailboxFolderSelectError:
        raise FetchError(f"{source.address}: there is no folder {options.get('folder', 'INBOX')}") from None
    except ssl.SSLError as error:
        raise FetchError(f"{source.address}: TLS failed ({error.reason or error})") from None
    except TimeoutError:
        raise FetchError(f"{source.address}: no answer within {settings.SOURCES_TIMEOUT:g} seconds", temporary=True
                         ) from None
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
        raise FetchError(f"{source.address}: the mail server broke off ({type(error).__name__})", temporary=True
                         ) from None  # its words may repeat the command, and that the password


def _is_open(address: str) -> bool:
    return is_public(ipaddress.ip_address(address.partition("%")[0]))


def _read(box: _MailBox, source: Source) -> Haul:
    folder = source.options.get("folder") or "INBOX"
    validity = str(box.folder.status(folder, ("UIDVALIDITY",))["UIDVALIDITY"])
    box.folder.set(folder, readonly=True)
    known = source.cursor if source.cursor.get("validity") == validity else {}
    last = int(known.get("uid", 0))
    wanted: dict = {"from_": source.options["sender"]} if source.options.get("sender") else {}
    if last:
        criteria = AND(A(uid=U(str(last + 1), "*")), **wanted)
    else:
        criteria = AND(date_gte=(timezone.now() - timedelta(days=FIRST_DAYS)).date(), **wanted)
    uids = sorted(int(uid) for uid in box.uids(criteria, charset=None) if int(uid) > last)
    haul = Haul(cursor={"validity": validity, "uid": last})
    seen = set(source.seen)
    for uid in uids[:AT_ONCE]:
        haul.cursor["uid"] = uid
        head = next(box.fetch(uid_list=[str(uid)], mark_seen=False, headers_only=True), None)
        if head is None:
            continue  # deleted meanwhile
        subject = single_line(head.subject)[:100] or "a mail without a subject"
        key = short_key(head.headers.get("message-id", ("",))[0].strip() or f"{validity} {uid}")
        if key in seen:
            continue
        if head.size_rfc822 > LIMIT:
            haul.notes.append(f"“{subject}”: larger than {LIMIT >> 20} MB")
            continue
        mail = next(box.fetch(uid_list=[str(uid)], mark_seen=False), None)
        if isinstance(mail, _Mail):
            haul.files.append((key, f"{subject}.eml", mail.raw))
    if len(uids) > AT_ONCE:
        haul.notes.append(f"{len(uids) - AT_ONCE} more mails wait for the next look")
    return haul
