"""The one door to the outside: what it refuses, bounds, follows, repeats and remembers."""

import ipaddress
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from papers.sources import pacing
from papers.sources.addresses import is_public, masked
from papers.sources.answers import FetchError
from papers.sources.client import get
from papers.sources.models import HostPace
from tests.servers.upstream import Reply, bomb

CLOSED = ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost",
          "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0.0.0.0", "[::]", "169.254.169.254", "10.0.0.1", "192.168.1.1",
          "172.16.0.1", "100.64.0.1", "[fd00::1]", "[fe80::1]", "[fec0::1]", "[2001:db8::1]", "224.0.0.1", "[ff02::1]",
          "198.18.0.1", "[::127.0.0.1]", "255.255.255.255", "[2001:0:7f00:1::]"]


@pytest.mark.parametrize("host", CLOSED)
def test_an_inner_address_is_not_dialled_in_any_writing(host, upstream, settings):
    settings.SOURCES_ALLOW = []
    port = upstream.url.rpartition(":")[2]
    with pytest.raises(FetchError, match="not on the open internet|no such name|no address"):
        get(f"http://{host}:{port}/", attempts=1)
    assert not upstream.asked


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.org/", "gopher://a/", "http://", "//a/b",
                                     "http://１２７.0.0.1/", "javascript:alert(1)", "http://a:99999/"])
def test_what_is_no_web_address_is_refused(address, upstream):
    with pytest.raises(FetchError):
        get(address)


def test_a_name_with_one_inner_address_is_refused(upstream, settings, monkeypatch):
    settings.SOURCES_ALLOW = []
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.215.14", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: both)
    with pytest.raises(FetchError, match=r"two\.example \(10\.0\.0\.7\) is not on the open internet"):
        get("http://two.example/")


@pytest.mark.parametrize(("address", "public"), [
    ("93.184.215.14", True), ("2606:2800:21f:cb07::1", True), ("::ffff:93.184.215.14", True),
    ("::ffff:10.0.0.1", False),
    ("64:ff9b::5db8:d70e", True), ("64:ff9b::a00:1", False), ("2002:a00:1::", False), ("2001::1", False)])
def test_what_belongs_to_the_open_internet(address, public):
    assert is_public(ipaddress.ip_address(address)) is public


def test_a_redirect_passes_the_same_gate(upstream):
    upstream.pages["/in"] = Reply(status=302, Location="http://10.0.0.1/secret")
    upstream.pages["/meta"] = Reply(status=302, Location="http://169.254.169.254/latest/meta-data/")
    upstream.pages["/file"] = Reply(status=302, Location="file:///etc/passwd")
    for path in ("/in", "/meta"):
        with pytest.raises(FetchError, match="not on the open internet"):
            get(upstream.url + path)
    with pytest.raises(FetchError, match="only http and https"):
        get(upstream.url + "/file")


def test_redirects_are_followed_but_not_for_ever(upstream):
    upstream.pages |= {"/a": Reply(status=301, Location="/b?x=1"), "/b": Reply("here"),
                       "/loop": Reply(status=302, Location="/loop")}
    assert get(upstream.url + "/a").body == b"here" and upstream.asked[-1][1] == {"x": "1"}
    with pytest.raises(FetchError, match="more than 5 redirects"):
        get(upstream.url + "/loop")
    assert upstream.times("/loop") == 6


def test_a_password_in_the_address_stays_with_its_host(upstream):
    port = upstream.url.rpartition(":")[2]
    upstream.pages |= {"/a": Reply(status=302, Location="/b"), "/b": Reply("ok"),
                       "/away": Reply(status=302, Location=f"http://localhost:{port}/b")}
    get(f"http://ada:s%40cret@127.0.0.1:{port}/a")
    assert [headers.get("Authorization") for _, _, headers in upstream.asked] == ["Basic YWRhOnNAY3JldA=="] * 2
    upstream.asked.clear()
    get(f"http://ada:s%40cret@127.0.0.1:{port}/away")
    assert [headers.get("Authorization") for _, _, headers in upstream.asked] == ["Basic YWRhOnNAY3JldA==", None]
    with pytest.raises(FetchError) as caught:
        get(f"http://ada:s%40cret@127.0.0.1:{port}/missing?token=abc")
    assert "s%40cret" not in str(caught.value) and "abc" not in str(caught.value)


def test_proxy_variables_are_not_looked_at(upstream, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    upstream.pages["/a"] = Reply("direct")
    assert get(upstream.url + "/a").body == b"direct"


def test_size_is_bounded_as_sent_and_unpacked(upstream):
    upstream.pages |= {"/large": Reply(b"x" * 2_000_000), "/bomb": Reply(bomb(64), Content_Encoding="gzip"),
                       "/packed": Reply(bomb(1), Content_Encoding="gzip"), "/odd": Reply(b"x", Content_Encoding="br"),
                       "/half": Reply(bomb(1)[:-20], Content_Encoding="gzip")}
    with pytest.raises(FetchError, match="larger than 1 MB"):
        get(upstream.url + "/large", limit=2**20)
    with pytest.raises(FetchError, match="larger than 4 MB"):
        get(upstream.url + "/bomb", limit=2**22)
    assert len(get(upstream.url + "/packed").body) == 2**20
    with pytest.raises(FetchError, match="packed as br"):
        get(upstream.url + "/odd")
    with pytest.raises(FetchError, match="gzip is cut off"):
        get(upstream.url + "/half")
    assert upstream.times("/half") == 3 and upstream.times("/bomb") == 1


def test_a_slow_drip_ends_at_the_time_limit(upstream, settings):
    settings.SOURCES_TIMEOUT = 0.4
    upstream.pages["/drip"] = Reply(b"x" * 400, drip=0.05)  # twenty seconds, byte by byte
    before = time.monotonic()
    with pytest.raises(FetchError, match=r"no whole answer within 0\.4 seconds"):
        get(upstream.url + "/drip", attempts=1)
    assert time.monotonic() - before < 10


def test_a_half_answer_is_none_and_is_asked_for_again(upstream):
    upstream.waiting["/a"] = [Reply("x" * 100, cut=50)]
    upstream.pages["/a"] = Reply("whole")
    assert get(upstream.url + "/a").body == b"whole" and upstream.times("/a") == 2
    upstream.pages["/b"] = Reply("x" * 100, cut=50)
    with pytest.raises(FetchError, match="broke off") as caught:
        get(upstream.url + "/b")
    assert caught.value.temporary and upstream.times("/b") == 3


def test_a_busy_host_is_asked_again_when_it_likes(upstream):
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    upstream.waiting["/a"] = [Reply(status=429), Reply(status=503)]
    upstream.pages["/a"] = Reply("at last")
    assert get(upstream.url + "/a").body == b"at last"
    upstream.waiting["/b"] = [Reply(status=429, Retry_After="1")]
    upstream.pages["/b"] = Reply("later")
    before = time.monotonic()
    assert get(upstream.url + "/b").body == b"later" and time.monotonic() - before > 0.8
    upstream.waiting["/c"] = [Reply(status=503, Retry_After=soon)]
    upstream.pages["/c"] = Reply("by date")
    assert get(upstream.url + "/c").body == b"by date"


def test_a_long_wish_is_kept_for_every_process(upstream):
    upstream.pages |= {"/a": Reply(status=503, Retry_After="3600"), "/b": Reply("never asked")}
    with pytest.raises(FetchError, match="asked again in 3600 s") as caught:
        get(upstream.url + "/a")
    assert caught.value.wait == 3600 and upstream.times("/a") == 1
    with pytest.raises(FetchError, match="127.0.0.1 is not asked before"):
        get(upstream.url + "/b")
    assert upstream.times("/b") == 0


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (500, 3), (204, 1)])
def test_only_what_may_pass_is_tried_again(status, tries, upstream):
    upstream.pages["/a"] = Reply(status=status)
    with pytest.raises(FetchError) as caught:
        get(upstream.url + "/a")
    assert caught.value.status == status and upstream.times("/a") == tries


def test_a_host_that_is_down_says_so(upstream):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(FetchError, match=f"127.0.0.1:{port} does not answer") as caught:
        get(f"http://127.0.0.1:{port}/")
    assert caught.value.temporary
    with pytest.raises(FetchError, match="no such name"):
        get("http://nowhere.invalid/", attempts=1)


def test_who_asks_and_what_is_known_are_said(upstream, settings):
    settings.SOURCES_CONTACT = "mailto:ada@example.org"
    upstream.waiting["/a"] = [Reply("x", ETag='"v1"', Last_Modified="Tue, 24 Nov 2026 00:00:00 GMT")]
    upstream.pages["/a"] = Reply(status=304)
    first = get(upstream.url + "/a")
    assert get(upstream.url + "/a", etag=first.etag, modified=first.modified).unchanged
    headers = upstream.asked[-1][2]
    assert headers["If-None-Match"] == '"v1"' and headers["If-Modified-Since"] == "Tue, 24 Nov 2026 00:00:00 GMT"
    assert "mailto:ada@example.org" in headers["User-Agent"]


def test_turns_at_a_host_are_shared_by_its_domain(settings, db):
    settings.SOURCES_PACE = {"arxiv.org": 3.0}
    waits = [pacing.reserve(host, longest=60) for host in ("export.arxiv.org", "rss.arxiv.org", "arxiv.org")]
    assert waits[0] == 0 and 2 < waits[1] <= 3 and 5 < waits[2] <= 6
    assert pacing.reserve("notarxiv.org", longest=60) == 0
    with pytest.raises(pacing.TooBusy):
        pacing.reserve("arxiv.org", longest=5)
    assert HostPace.objects.get(host="arxiv.org").next_allowed_at < datetime.now(UTC) + timedelta(seconds=9.1)


@pytest.mark.parametrize(("address", "shown"), [
    ("https://ada:secret@example.org/feed", "https://•••@example.org/feed"),
    ("https://example.org/feed?api_key=abc&page=2", "https://example.org/feed?api_key=•••&page=2"),
    ("https://example.org/f?u=8f14e45fceea167a5a36dedd4bea2543", "https://example.org/f?u=•••"),
    ("https://example.org/f?q=deep+learning#x", "https://example.org/f?q=deep+learning"),
    ("http://[broken", "•••")])
def test_what_an_address_shows(address, shown):
    assert masked(address) == shown
