"""A local HTTP server that speaks as arXiv (RSS, API, OAI-PMH), Crossref and others do, with the faults they have.

Every request is answered by the first waiting answer for its path, else by the path's own; both are set by the test.
"""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape


class Reply:
    """A status, headers and a body; `drip` seconds between its bytes; `cut` sends only so many of them."""

    def __init__(self, body: str | bytes = b"", status: int = 200, drip: float = 0, cut: int | None = None, **headers):
        self.body = body.encode() if isinstance(body, str) else body
        self.status, self.drip, self.cut = status, drip, cut
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Upstream:
    """The server: `pages` by path, `waiting` answers that come first, and `asked`: every request it got."""

    def __init__(self):
        self.pages: dict[str, Callable[[dict], Reply] | Reply] = {}
        self.rules: list[Callable[[str, dict], Reply | None]] = []  # asked for a path that has no page
        self.waiting: dict[str, list[Reply]] = defaultdict(list)
        self.asked: list[tuple[str, dict, dict]] = []  # path, query, headers
        self.posted: list[tuple[str, dict, bytes]] = []  # path, headers, body
        self.url = ""

    def answer(self, target: str, headers: dict) -> Reply:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query, headers))
        if self.waiting[parts.path]:
            return self.waiting[parts.path].pop(0)
        page = self.pages.get(parts.path)
        if page is None:
            answers = (rule(parts.path, query) for rule in self.rules)
            return next((reply for reply in answers if reply), Reply("nothing here", 404))
        return page(query) if callable(page) else page

    def times(self, path: str) -> int:
        return sum(asked == path for asked, _, _ in self.asked)


def _handler(upstream: Upstream) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            reply = upstream.answer(self.path, dict(self.headers))
            self.close_connection = True
            with suppress(ConnectionError):
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.drip:
                    for byte in reply.body:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(reply.drip)
                else:
                    self.wfile.write(reply.body[:reply.cut])

        def do_POST(self):
            """A message that somebody sends: kept in `posted`, answered as a page is."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream.posted.append((self.path, dict(self.headers), body))
            self.do_GET()

        def log_message(self, *args):
            pass
    return Handler


@contextmanager
def upstream_server() -> Iterator[Upstream]:
    upstream = Upstream()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(upstream))
    server.daemon_threads = True
    upstream.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()


def paper(number: str, title: str, day: str = "2026-11-24", author: str = "Ada Example") -> dict:
    return {"id": number, "title": title, "day": day, "author": author}


def rss(papers: list[dict]) -> str:
    items = "".join(f"""<item><title>{escape(p['title'])}</title><link>https://arxiv.org/abs/{p['id']}</link>
<description>arXiv:{p['id']}v1 Announce Type: new
Abstract: We look at it closely.</description><guid isPermaLink="false">oai:arXiv.org:{p['id']}v1</guid>
<arxiv:announce_type>new</arxiv:announce_type>
<dc:creator>{p['author']}, Bo Sample</dc:creator></item>""" for p in papers)
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>
<title>cs.LG updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.LG</link>{items}</channel></rss>"""


def atom(papers: list[dict]) -> str:
    entries = "".join(f"""<entry><id>http://arxiv.org/abs/{p['id']}v1</id><published>{p['day']}T10:00:00Z</published>
<updated>{p['day']}T10:00:00Z</updated><title>{escape(p['title'])}</title>
<summary>{escape(p.get('abstract', 'We look at it closely.'))}</summary>
<author><name>{p['author']}</name></author><link href="http://arxiv.org/abs/{p['id']}v1" rel="alternate"/></entry>"""
                      for p in papers)
    return f"""<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">
<title>ArXiv Query</title><id>http://arxiv.org/api/x</id><updated>2026-11-24T00:00:00-05:00</updated>{entries}</feed>"""


def oai(papers: list[dict], token: str = "", error: str = "") -> str:
    records = "".join(f"""<record><header><identifier>oai:arXiv.org:{p['id']}</identifier>
<datestamp>{p['day']}</datestamp></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{p['id']}</id><created>{p['day']}</created>
<authors><author><keyname>Example</keyname><forenames>Ada</forenames></author></authors>
<title>{escape(p['title'])}</title><categories>cs.LG</categories>
<abstract>We look at it closely.</abstract></arXiv></metadata></record>""" for p in papers)
    inner = f'<error code="{error}">none</error>' if error else \
        f"<ListRecords>{records}<resumptionToken>{token}</resumptionToken></ListRecords>"
    return f'<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inner}</OAI-PMH>'


def crossref(doi: str, title: str) -> str:
    return json.dumps({"status": "ok", "message-type": "work", "message": {
        "DOI": doi, "title": [title], "type": "journal-article", "URL": f"https://doi.org/{doi}",
        "author": [{"given": "Zoë", "family": "Núñez"}], "issued": {"date-parts": [[2024, 3, 1]]}}})


def bomb(megabytes: int) -> bytes:
    """Zeros, packed a thousand times smaller."""
    return gzip.compress(b"\0" * (megabytes << 20), 6)


def arxiv_api(papers: list[dict]) -> Callable[[dict], Reply]:
    """Answers for ids and for searches, as arXiv does."""
    def answer(query: dict) -> Reply:
        if "id_list" in query:
            wanted = query["id_list"].split(",")
            return Reply(atom([p for p in papers if p["id"] in wanted]))
        return Reply(atom(sorted(papers, key=lambda p: p["id"], reverse=True)))
    return answer
