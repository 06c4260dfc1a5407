"""Filling what a paper lacks, and its references, from places that know it; off unless ENRICH is switched on.

Each paper is asked for by itself, by arXiv id, DOI or title, and each place may fail by itself: what another gave is
kept. Only empty fields are filled (a description gives way to an abstract), and a title must be the same title.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from papers.digests.records import DigestError, Record, normal_arxiv_id, normal_doi, single_line
from papers.digests.titles import title_key
from papers.models import Paper
from papers.search_texts import record_search_texts, search_row
from papers.services import request_embedding
from papers.sources.answers import FetchError
from papers.sources.arrivals import read
from papers.sources.client import get
from papers.sources.lookups import look_up
from papers.sources.models import LookUp, Reference, WantedPaper
from papers.writing import short_write

logger = logging.getLogger(__name__)

AT_ONCE = 10  # papers in one turn
ATTEMPTS = 6
FIRST_RETRY, LAST_RETRY = timedelta(hours=1), timedelta(days=7)
MOST_REFERENCES = 1000
FIELDS = ("abstract", "arxiv_id", "doi", "year", "published_on", "authors")
_ASKED = "title,abstract,year,publicationDate,authors,externalIds,references.title,references.externalIds"

Found = tuple[Record | None, list[str]]  # what is known of it, and the keys of its references


def enrich_papers() -> int:
    """Look up the papers that are due, the newest first. Returns how many; none where ENRICH is off."""
    if not settings.ENRICH:
        return 0
    now = timezone.now()
    due = Paper.objects.filter(Q(look_up=None) | Q(look_up__state=LookUp.WAITING, look_up__next_try_at__lte=now)
                               ).order_by("-created_at", "-pk")[:AT_ONCE]
    for paper in due:
        try:
            enrich_paper(paper=paper)
        except Exception as error:  # a fault of ours with one paper must not stop the others, nor come each minute
            logger.exception("Looking up paper %s failed", paper.pk)
            _note(paper, {}, [f"a fault of the program, which was logged: {type(error).__name__}"], temporary=True)
    return len(due)


def enrich_paper(*, paper: Paper) -> dict[str, str]:
    """Ask each place in turn for what is still lacking. Returns the fields that were filled, each with its place."""
    filled: dict[str, str] = {}
    reasons: list[str] = []
    temporary = False
    for place, ask in PLACES.items():
        if place != "Semantic Scholar" and not _lacking(paper):
            break
        try:
            record, references = ask(paper)
        except (FetchError, DigestError) as error:
            reasons.append(f"{place}: {error}")
            temporary = temporary or getattr(error, "temporary", False)
            continue
        if record is None:
            reasons.append(f"{place}: does not know it")
            continue
        filled |= dict.fromkeys(_fill(paper, record, references), place)
    _note(paper, filled, reasons, temporary=temporary)
    return filled


def _lacking(paper: Paper) -> list[str]:
    return [name for name in FIELDS if not getattr(paper, name) or (name == "abstract" and paper.described)]


def _fill(paper: Paper, record: Record, references: list[str]) -> list[str]:
    """Fill what is empty, under the names of the fields. Another paper's identifier is left to it."""
    with short_write():
        now = Paper.objects.select_for_update().filter(pk=paper.pk).first()
        if now is None:
            return []  # taken back meanwhile
        changed = []
        for name in _lacking(now):
            value = getattr(record, name)
            value = list(value) if name == "authors" else value
            if not value or (name == "abstract" and record.described):
                continue
            if name in ("arxiv_id", "doi") and Paper.objects.filter(**{name: value}).exists():
                continue
            setattr(now, name, value)
            changed.append(name)
        if "abstract" in changed:
            now.described = False
        if changed:
            now.save()
            if record_search_texts([search_row(now)]):
                request_embedding()
        Reference.objects.bulk_create([Reference(paper=now, key=key) for key in references[:MOST_REFERENCES]],
                                      ignore_conflicts=True)
    for name in (*FIELDS, "described"):
        setattr(paper, name, getattr(now, name))
    return changed


def _note(paper: Paper, filled: dict[str, str], reasons: list[str], *, temporary: bool) -> None:
    row = LookUp.objects.filter(paper=paper).first() or LookUp(paper=paper)
    row.attempts += 1
    row.filled = row.filled | filled
    row.reason = single_line("; ".join(reasons))[:500]
    again = temporary and row.attempts < ATTEMPTS
    row.state = LookUp.WAITING if again else LookUp.DONE
    row.next_try_at = timezone.now() + min(FIRST_RETRY * 2 ** (row.attempts - 1), LAST_RETRY) if again else None
    if Paper.objects.filter(pk=paper.pk).exists():
        row.save()


def _semantic_scholar(paper: Paper) -> Found:
    base = f"{settings.UPSTREAMS['semantic_scholar']}/graph/v1/paper"
    if paper.arxiv_id or paper.doi:
        name = f"ARXIV:{paper.arxiv_id}" if paper.arxiv_id else f"DOI:{paper.doi}"
        address = f"{base}/{quote(name, safe=':/')}?{urlencode({'fields': _ASKED})}"
    else:
        address = f"{base}/search/match?{urlencode({'query': paper.title, 'fields': _ASKED})}"
    body = _known(address)
    found = _json(body)
    if isinstance(found, dict) and isinstance(found.get("data"), list):
        found = found["data"][0] if found["data"] else None
    if not isinstance(found, dict) or not found.get("title"):
        return None, []
    alone = json.dumps({name: value for name, value in found.items() if name != "references"}).encode()
    record = _same(read(alone, "semantic_scholar.json", []), paper)
    return record, list(_keys(found.get("references"))) if record else []


def _openalex(paper: Paper) -> Found:
    base = f"{settings.UPSTREAMS['openalex']}/works"
    doi = paper.doi or (f"10.48550/arxiv.{paper.arxiv_id}" if paper.arxiv_id else "")
    title = urlencode({"filter": f"title.search:{paper.title_key}"})
    address = f"{base}/doi:{quote(doi, safe='/')}" if doi else f"{base}?{title}"
    return _same(read(_known(address) or b"[]", "openalex.json", []), paper), []


def _registry(paper: Paper) -> Found:
    """arXiv or the DOI's agency."""
    if not (paper.arxiv_id or paper.doi):
        return None, []
    kind, name = (WantedPaper.ARXIV, paper.arxiv_id) if paper.arxiv_id else (WantedPaper.DOI, paper.doi)
    found: dict[str, Any] = {}
    look_up(kind, [name or ""], found.update)
    [record] = found.values()
    if isinstance(record, FetchError):
        raise record
    return record, []


PLACES: dict[str, Callable[[Paper], Found]] = {
    "Semantic Scholar": _semantic_scholar, "OpenAlex": _openalex, "arXiv or Crossref": _registry}


def _known(address: str) -> bytes:
    """The answer; nothing where the place does not know it. Raises FetchError otherwise."""
    try:
        return get(address, accept="application/json").body
    except FetchError as error:
        if error.status == 404:
            return b""
        raise


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError) as error:
        raise FetchError(f"its answer is no JSON: {error}", temporary=True) from None


def _same(records: list[Record], paper: Paper) -> Record | None:
    """The record of this very paper: by its identifier, else by its whole title."""
    for record in records:
        if (paper.arxiv_id and record.arxiv_id == paper.arxiv_id) or (
                paper.doi and (record.doi or "").lower() == paper.doi.lower()) or record.title_key == paper.title_key:
            return record
    return None


def _keys(references: Any) -> Iterator[str]:
    for each in references if isinstance(references, list) else []:
        if not isinstance(each, dict):
            continue
        ids = each.get("externalIds")
        outside: dict = ids if isinstance(ids, dict) else {}
        arxiv_id, doi = normal_arxiv_id(outside.get("ArXiv")), normal_doi(outside.get("DOI"))
        if arxiv_id:
            yield f"arxiv:{arxiv_id}"
        elif doi:
            yield f"doi:{doi.lower()}"[:420]
        elif isinstance(each.get("title"), str) and (title := title_key(single_line(each["title"]))):
            yield f"title:{title}"[:420]


def cites(paper: Paper) -> QuerySet[Paper]:
    """The papers here that the paper cites."""
    keys = list(paper.references.values_list("key", flat=True))
    by = {kind: [key.partition(":")[2] for key in keys if key.startswith(f"{kind}:")] for kind in (
        "arxiv", "doi", "title")}
    return Paper.objects.filter(Q(arxiv_id__in=by["arxiv"]) | Q(doi__in=by["doi"]) | Q(title_key__in=by["title"])
                                ).exclude(pk=paper.pk).order_by("title_key")


def cited_by(paper: Paper) -> QuerySet[Paper]:
    """The papers here that cite it."""
    keys = [f"title:{paper.title_key}"[:420]]
    keys += [f"arxiv:{paper.arxiv_id}"] if paper.arxiv_id else []
    keys += [f"doi:{paper.doi.lower()}"] if paper.doi else []
    return Paper.objects.filter(pk__in=Reference.objects.filter(key__in=keys).values("paper")).exclude(
        pk=paper.pk).order_by("title_key")
