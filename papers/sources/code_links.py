"""Where a paper's code is, who says so, and what was found there when it was last looked at.

Links come with their papers, or from a place that was asked; whether they lead anywhere is looked at only where ENRICH
is switched on, each repository again after a month.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils import timezone

from papers.digests.records import clean_url, harvest_links, single_line
from papers.models import Paper
from papers.search.identifiers import is_code
from papers.sources.answers import FetchError
from papers.sources.client import get
from papers.sources.models import CodeLink
from papers.writing import short_write

logger = logging.getLogger(__name__)

AT_ONCE = 10
AGAIN = timedelta(days=30)
FIRST_RETRY, LAST_RETRY = timedelta(hours=1), timedelta(days=7)
PAGE = 2**20  # bytes of a page that is asked for only to see whether it is there
ABSTRACT, LISTED = "its abstract", "a list"
GONE = (404, 410, 451)


def note_code(paper: Paper, addresses: Iterable[str], *, evidence: str = "") -> int:
    """Keep the addresses that lead to code, with who says so; without `evidence` they came with the paper.

    Returns how many are new.
    """
    named = set(harvest_links(paper.abstract)) if not evidence and not paper.described else set()
    found = {url: evidence or (ABSTRACT if url in named else LISTED)
             for address in addresses if (url := clean_url(address)) and len(url) <= 500 and is_code(url)}
    known = set(CodeLink.objects.filter(paper=paper).values_list("url", flat=True))
    new = [CodeLink(paper=paper, url=url, evidence=said, next_check_at=timezone.now())
           for url, said in found.items() if url not in known]
    if new:
        with short_write():
            if Paper.objects.filter(pk=paper.pk).exists():
                CodeLink.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def check_code_links() -> int:
    """Look at the links that are due. Returns how many; none where ENRICH is off."""
    if not settings.ENRICH:
        return 0
    due = CodeLink.objects.filter(next_check_at__lte=timezone.now()).order_by("next_check_at", "pk")[:AT_ONCE]
    for link in due:
        try:
            check_code_link(link=link)
        except Exception as error:  # a fault of ours with one link must not stop the others, nor come each minute
            logger.exception("Looking at code link %s failed", link.pk)
            _later(link, f"a fault of the program, which was logged: {type(error).__name__}")
    return len(due)


def check_code_link(*, link: CodeLink) -> CodeLink:
    """Look at one link and keep what was found, with the day. What cannot be told now is asked again later."""
    try:
        state, detail = _look(link.url)
    except FetchError as error:
        if error.status not in GONE:
            _later(link, str(error), wait=error.wait)
            return link
        state, detail = CodeLink.GONE, f"HTTP {error.status}"
    link.state, link.detail, link.checked_at = state, single_line(detail)[:200], timezone.now()
    link.problem, link.attempts, link.next_check_at = "", 0, timezone.now() + AGAIN
    _save(link, "state", "detail", "checked_at")
    return link


def _later(link: CodeLink, problem: str, wait: float = 0.0) -> None:
    link.problem, link.attempts = single_line(problem)[:300], link.attempts + 1
    pause = min(FIRST_RETRY * 2 ** min(link.attempts - 1, 12), LAST_RETRY)
    link.next_check_at = timezone.now() + max(pause, timedelta(seconds=wait))
    _save(link)


def _save(link: CodeLink, *fields: str) -> None:
    names = ("problem", "attempts", "next_check_at", *fields)
    CodeLink.objects.filter(pk=link.pk).update(**{name: getattr(link, name) for name in names})


def _look(url: str) -> tuple[str, str]:
    """(state, detail) of an address. Raises FetchError."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").removeprefix("www."), [part for part in parts.path.split("/") if part]
    if host == "github.com" and len(path) >= 2:
        name = "/".join(quote(part) for part in (path[0], path[1].removesuffix(".git")))
        return _of_repository(_json(f"{settings.UPSTREAMS['github_api']}/repos/{name}", "application/vnd.github+json"),
                              empty="size", changed="pushed_at")
    if host == "gitlab.com" and len(path) >= 2:
        name = "/".join(path).partition("/-/")[0].removesuffix(".git")
        return _of_repository(_json(f"{settings.UPSTREAMS['gitlab_api']}/projects/{quote(name, safe='')}",
                                    "application/json"), empty="empty_repo", changed="last_activity_at")
    get(url, accept="text/html, */*;q=0.5", limit=8 * PAGE, attempts=1)
    return CodeLink.REACHABLE, "the page is there; whether it holds code was not looked at"


def _of_repository(found: dict[str, Any], *, empty: str, changed: str) -> tuple[str, str]:
    day = found.get(changed)
    detail = f"last change {day[:10]}" if isinstance(day, str) else ""
    if found.get(empty) is True or (empty == "size" and found.get("size") == 0):
        return CodeLink.EMPTY, "nothing in it"
    return CodeLink.ARCHIVED if found.get("archived") is True else CodeLink.REACHABLE, detail


def _json(address: str, accept: str) -> dict[str, Any]:
    try:
        found = json.loads(get(address, accept=accept, limit=PAGE).body)
    except (ValueError, RecursionError) as error:
        raise FetchError(f"its answer is no JSON: {error}", temporary=True) from None
    if not isinstance(found, dict):
        raise FetchError("its answer is no repository", temporary=True)
    return found


def code_of(paper: Paper) -> list[CodeLink]:
    """The paper's code links, those that were looked at first; such as nobody has noted yet come unlooked at."""
    noted = list(paper.code_links.all())
    urls = {link.url for link in noted}
    named = set(harvest_links(paper.abstract)) if not paper.described else set()
    return noted + [CodeLink(paper=paper, url=url, evidence=ABSTRACT if url in named else LISTED)
                    for url in paper.urls if url not in urls and is_code(url)]
