"""A small IMAP server: log in, status, select, search and fetch by UID, on a thread; what was asked is kept."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.policy import default


class MailServer:
    """One account with one folder of mails by UID. `marked` are UIDs that somebody marked as read."""

    def __init__(self, user: str, password: str):
        self.user, self.password = user, password
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.asked: list[str] = []
        self.marked: set[int] = set()
        self.break_off = False
        self.port = 0

    def put(self, uid: int, raw: bytes) -> None:
        self.mails[uid] = raw

    def found(self, criteria: str) -> list[int]:
        uids = sorted(self.mails)
        if span := re.search(r"UID (\d+):\*", criteria):
            first = int(span[1])
            uids = [uid for uid in uids if uid >= first] or uids[-1:]  # `*` is the last one, whatever its number
        if sender := re.search(r'FROM "([^"]*)"', criteria):
            uids = [uid for uid in uids if sender[1].lower() in str(
                message_from_bytes(self.mails[uid], policy=default)["from"]).lower()]
        return uids


class _Session(socketserver.StreamRequestHandler):
    def say(self, line: str | bytes) -> None:
        self.wfile.write((line.encode() if isinstance(line, str) else line) + b"\r\n")

    def handle(self) -> None:
        mail: MailServer = self.server.mail  # type: ignore[attr-defined]
        self.say("* OK small IMAP server")
        with suppress(ConnectionError):
            while line := self.rfile.readline().decode(errors="replace").rstrip("\r\n"):
                tag, _, command = line.partition(" ")
                mail.asked.append(command)
                if not self.obey(mail, tag, command):
                    return

    def obey(self, mail: MailServer, tag: str, command: str) -> bool:
        word = command.split()[0].upper()
        if word == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1")
        elif word == "LOGIN":
            given = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', command[6:])
            if [a.replace('\\"', '"') or b for a, b in given] != [mail.user, mail.password]:
                self.say(f"{tag} NO [AUTHENTICATIONFAILED] no, {command}")
                return True
        elif word == "STATUS":
            self.say(f'* STATUS "INBOX" (UIDVALIDITY {mail.validity})')
        elif word in ("SELECT", "EXAMINE"):
            if "INBOX" not in command:
                self.say(f"{tag} NO no such folder")
                return True
            self.say(f"* {len(mail.mails)} EXISTS")
        elif command.upper().startswith("UID SEARCH"):
            self.say("* SEARCH " + " ".join(map(str, mail.found(command))))
        elif command.upper().startswith("UID FETCH"):
            if mail.break_off:
                return False
            self.fetch(mail, int(command.split()[2]), command)
        elif word == "LOGOUT":
            self.say("* BYE")
            self.say(f"{tag} OK bye")
            return False
        self.say(f"{tag} OK done")
        return True

    def fetch(self, mail: MailServer, uid: int, command: str) -> None:
        if "PEEK" not in command.upper():
            mail.marked.add(uid)
        raw = mail.mails[uid]
        head = "HEADER" in command.upper()
        part = raw.partition(b"\n\n")[0] + b"\n\n" if head else raw
        name = "BODY[HEADER]" if head else "BODY[]"
        self.wfile.write(f"* 1 FETCH (UID {uid} FLAGS () RFC822.SIZE {len(raw)} {name} {{{len(part)}}}\r\n".encode())
        self.wfile.write(part + b")\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


@contextmanager
def mail_server(user: str = "reader", password: str = "open sesame") -> Iterator[MailServer]:
    mail = MailServer(user, password)
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.mail = mail  # type: ignore[attr-defined]
        mail.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield mail
        server.shutdown()
