"""Feeds, made in one place: entries of whatever list as Atom or JSON Feed, with ETag and 304. First the papers'."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from papers import selectors
from papers.forms import PaperFilter
from papers.models import Paper
from papers.paging import not_older
from papers.parameters import moment_from

ENTRIES = 50
ATOM, JSON = "atom", "json"
FORMATS = {ATOM: "application/atom+xml; charset=utf-8", JSON: "application/feed+json; charset=utf-8"}
_HELD = {code: None for code in range(32) if code not in (9, 10, 13)}  # no XML text can hold them


@dataclass(frozen=True, slots=True)
class Entry:
    """Something new in a list. `path` is its address on this site; `key` tells entries of one path apart."""

    title: str
    path: str
    at: datetime
    text: str = ""
    key: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    updated: datetime | None = None


@dataclass(frozen=True)
class Feed:
    """A feed's frame: `link` is the page it is the feed of."""

    title: str
    subtitle: str
    link: str
    entries: list[Entry] = field(default_factory=list)


def feed_response(request: HttpRequest, feed: Feed, format: str, *, private: bool = False) -> HttpResponse:
    """The feed as a file, or 304 where the reader has it; with `since` in the address what was new then or later.
    Raises Http404 for an unknown format."""
    if format not in FORMATS:
        raise Http404(f"there is no feed of the format {format}; there are {' and '.join(FORMATS)}")
    try:
        feed.entries[:] = not_older(feed.entries, moment_from(request.GET.get("since", "")), ("at",))
    except ValueError:
        return HttpResponse("since is a moment in ISO 8601, such as 2026-11-27T08:00:00Z.", status=400,
                            content_type="text/plain; charset=utf-8")
    body = _atom(request, feed) if format == ATOM else _json(request, feed)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag) or HttpResponse(body, content_type=FORMATS[format])
    response.headers["ETag"] = etag
    patch_cache_control(response, no_cache=True, **({"private": True} if private else {"public": True}))
    return response


def _absolute(request: HttpRequest, entry: Entry) -> tuple[str, str]:
    """The entry's address and what it is known by."""
    url = request.build_absolute_uri(entry.path)
    return url, f"{url}#{entry.key}" if entry.key else url


def _plain(text: str) -> str:
    return text.translate(_HELD)


def _atom(request: HttpRequest, feed: Feed) -> bytes:
    made = Atom1Feed(title=_plain(feed.title), link=request.build_absolute_uri(feed.link),
                     description=_plain(feed.subtitle), subtitle=_plain(feed.subtitle), language="en",
                     feed_url=request.build_absolute_uri())
    for entry in feed.entries:
        url, known_by = _absolute(request, entry)
        made.add_item(title=_plain(entry.title), link=url, description=_plain(entry.text), unique_id=known_by,
                      author_name=_plain(", ".join(entry.authors)) or None, pubdate=entry.at,
                      updateddate=entry.updated or entry.at, categories=[_plain(each) for each in entry.categories])
    if not feed.entries:  # Django would say "now", and the feed would differ at each look
        made.latest_post_date = lambda: datetime(2000, 1, 1, tzinfo=UTC)  # type: ignore[method-assign]
    return made.writeString("utf-8").encode()


def _json(request: HttpRequest, feed: Feed) -> bytes:
    items = []
    for entry in feed.entries:
        url, known_by = _absolute(request, entry)
        items.append({"id": known_by, "url": url, "title": entry.title, "content_text": entry.text,
                      "date_published": entry.at.isoformat(), "date_modified": (entry.updated or entry.at).isoformat(),
                      **({"authors": [{"name": name} for name in entry.authors]} if entry.authors else {}),
                      **({"tags": list(entry.categories)} if entry.categories else {})})
    return json.dumps({
        "version": "https://jsonfeed.org/version/1.1", "title": feed.title, "description": feed.subtitle,
        "home_page_url": request.build_absolute_uri(feed.link), "feed_url": request.build_absolute_uri(),
        "items": items}, ensure_ascii=False).encode()


def paper_entries(papers: Iterable[Paper]) -> list[Entry]:
    """Papers with their clusters selected, as entries."""
    return [Entry(paper.title, reverse("paper_detail", args=[paper.pk]), paper.created_at, paper.abstract,
                  authors=tuple(paper.authors), categories=(paper.cluster.label,) if paper.cluster else (),
                  updated=paper.updated_at) for paper in papers]


@require_safe
def paper_feed(request, format=ATOM):
    """The newest papers, filtered like the papers page."""
    papers = selectors.paper_list(**{**PaperFilter(request.GET).values(), "sort": "newest"})
    query = request.GET.urlencode()
    return feed_response(request, Feed(
        "Assay: newest papers", "Papers as they are imported.",
        reverse("paper_list") + (f"?{query}" if query else ""),
        paper_entries(papers.select_related("cluster")[:ENTRIES])), format)
