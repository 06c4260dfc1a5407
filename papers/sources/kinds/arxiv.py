"""arXiv's new papers of some categories: by RSS, where that fails or is stale by the API, then by OAI-PMH.

A search query has the API alone. Each way that did not help is noted with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import urlencode
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.utils import timezone

from papers.digests.records import DigestError
from papers.sources.answers import FetchError
from papers.sources.arrivals import Haul, Newest, newest_of, read
from papers.sources.client import get
from papers.sources.models import Source

PATIENCE = timedelta(days=5)  # arXiv announces five times a week; this outlasts a long weekend
PAGE = 200
PAGES = 10  # of OAI-PMH in one fetch
DAYS = 3  # that OAI-PMH is asked for at first

_PHYSICS = ("astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph", "nlin", "nucl-ex",
            "nucl-th", "physics", "quant-ph")
_ARCHIVES = (*_PHYSICS, "cs", "econ", "eess", "math", "q-bio", "q-fin", "stat")
CATEGORY = re.compile(rf"(?:{'|'.join(_ARCHIVES)})(?:\.[A-Za-z]{{2,3}}|\.[a-z]+(?:-[a-z]+)*)?")


def fetch(source: Source, **limits) -> Haul:
    """Raises FetchError, with the reason of every way, when none helped."""
    ways: list[tuple[str, Callable[[Source, dict], Haul]]] = [("API", _api)]
    if not source.options.get("query"):
        ways = [("RSS", _rss), ("API", _api), ("OAI-PMH", _oai)]
    known, notes, stale, failures = Newest(source.newest_id, source.newest_on), [], None, []
    for name, way in ways:
        try:
            haul = way(source, limits)
        except (FetchError, DigestError) as error:
            failures.append(error)
            notes.append(f"{name}: {error}")
            continue
        haul.via, haul.notes = name, notes + haul.notes
        newest = newest_of(haul.records)
        if not (newest and known and newest.is_before(known)):
            return haul
        notes = [*haul.notes, f"{name}: an old list, up to {newest.id} only"]
        stale = stale or haul
    if stale:
        stale.notes = notes
        return stale
    if len(failures) == 1:
        raise failures[0]
    waits = [error.wait for error in failures if isinstance(error, FetchError) and error.wait]
    raise FetchError("; ".join(notes), temporary=True, wait=min(waits, default=0.0))


def _rss(source: Source, limits: dict) -> Haul:
    address = f"{settings.UPSTREAMS['arxiv_rss']}/{'+'.join(source.options['categories'])}"
    known = source.cursor if source.cursor.get("address") == address else {}
    answer = get(address, etag=known.get("etag", ""), modified=known.get("modified", ""), **limits)
    if answer.unchanged:
        return Haul(cursor=known, unchanged=True)
    haul = Haul(cursor={"address": address, "etag": answer.etag, "modified": answer.modified})
    haul.records = read(answer.body, "arXiv RSS", haul.notes)
    return haul


def _api(source: Source, limits: dict) -> Haul:
    query = source.options.get("query") or " OR ".join(f"cat:{name}" for name in source.options["categories"])
    answer = get(f"{settings.UPSTREAMS['arxiv_api']}?" + urlencode({
        "search_query": query, "sortBy": "submittedDate", "sortOrder": "descending", "max_results": PAGE}), **limits)
    haul = Haul()
    haul.records = read(answer.body, "arXiv API", haul.notes)
    if not haul.records and not source.options.get("query"):
        raise FetchError("the API gave an empty list for whole categories, which is never true", temporary=True)
    return haul


def _oai(source: Source, limits: dict) -> Haul:
    haul = Haul()
    since = (source.last_new_at or timezone.now()).date() - timedelta(days=DAYS if not source.last_new_at else 1)
    for category in source.options["categories"]:
        haul.records += _oai_set(category, since, haul.notes, limits)
    return haul


def _oai_set(category: str, since: date, notes: list[str], limits: dict) -> list:
    asked = {"verb": "ListRecords", "metadataPrefix": "arXiv", "set": oai_set(category), "from": since.isoformat()}
    records: list = []
    for _ in range(PAGES):
        answer = get(f"{settings.UPSTREAMS['arxiv_oai']}?{urlencode(asked)}", **limits)
        page: list[str] = []
        records += read(answer.body, "arXiv OAI-PMH", page)
        notes += [note for note in page if not note.startswith("only a part")]
        token = _token(answer.body)
        if not token:
            return records
        asked = {"verb": "ListRecords", "resumptionToken": token}
    notes.append(f"{category}: more than {PAGES} pages; the rest was left out")
    return records


def _token(body: bytes) -> str:
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException) as error:
        raise FetchError(f"OAI-PMH: a broken page ({error})", temporary=True) from None
    return next((element.text.strip() for element in root.iter()
                 if element.tag.rpartition("}")[2] == "resumptionToken" and element.text), "")


def oai_set(category: str) -> str:
    """What OAI-PMH calls a category: `cs:cs:LG`, `physics:hep-th`, `physics:astro-ph:CO`."""
    archive, _, subject = category.partition(".")
    group = "physics" if archive in _PHYSICS else archive
    return ":".join([group, archive, subject] if subject else [group] if group == archive else [group, archive])
