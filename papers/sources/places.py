"""The places that know of papers, each asked about one paper: what they say of it, its references, its code.

What a place says is taken only where it speaks of this very paper, see `is_of`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from papers.digests.records import Record, normal_arxiv_id, normal_doi, single_line
from papers.digests.titles import title_key
from papers.identity.rules import differ, same_identifier, same_title, shared_people
from papers.models import Paper
from papers.search.terms import terms
from papers.sources.answers import FetchError
from papers.sources.arrivals import read
from papers.sources.client import get
from papers.sources.lookups import look_up
from papers.sources.models import WantedPaper

ALIKE = 0.5  # of the telling words of the shorter of two abstracts, how many the other has, if they are of one paper
_ASKED = "title,abstract,venue,year,publicationDate,authors,externalIds,references.title,references.externalIds"


@dataclass(frozen=True)
class Said:
    """What a place says of a paper: its record, the keys of its references, and addresses of its code."""

    record: Record | None = None
    references: tuple[str, ...] = ()
    code: tuple[str, ...] = ()


UNKNOWN = Said()


def is_of(record: Record, paper: Paper) -> bool | None:
    """Whether the record is of this very paper; None where nothing but the title says so.

    An identifier in common decides, unless the titles are of two papers. Without one the whole title must be the same,
    nothing known may contradict (identifiers, years more than one apart, authors without anybody in common, abstracts
    that share less than half of their telling words), and something must agree beside it: abstracts, authors or year.
    """
    mine = {("arxiv", paper.arxiv_id), ("doi", (paper.doi or "").lower())}
    theirs = {("arxiv", record.arxiv_id), ("doi", (record.doi or "").lower())}
    if any(value for _, value in mine & theirs):
        return same_identifier(record.title, record.title_key, paper.title_key)
    if record.title_key != paper.title_key or differ(paper.arxiv_id, record.arxiv_id) or \
            differ((paper.doi or "").lower(), (record.doi or "").lower()):
        return False
    alike = _alike(record, paper)
    if alike is False or not same_title(record, paper, paper.title_key).same:
        return False
    agrees = alike or shared_people(record.authors, paper.authors) or (record.year and record.year == paper.year)
    return True if agrees else None


def _is_confirmed(record: Record, paper: Paper) -> bool:
    """Whether who gave the record's identifier its name knows it as this very paper: the proof of a title alone."""
    if record.arxiv_id:
        kind, name = WantedPaper.ARXIV, record.arxiv_id
    elif record.doi:
        kind, name = WantedPaper.DOI, record.doi
    else:
        return False
    found: dict[str, Any] = {}
    look_up(kind, [name], found.update)
    told = found[name]
    return isinstance(told, Record) and bool(is_of(told, paper))


def _alike(record: Record, paper: Paper) -> bool | None:
    """Whether two abstracts are of one paper; None where one is not there, or a mere description."""
    one, other = ({*terms(text, longest=1)} for text in (record.abstract, paper.abstract))
    if record.described or paper.described or not (one and other):
        return None
    return len(one & other) >= ALIKE * min(len(one), len(other))


def _semantic_scholar(paper: Paper) -> Said:
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
        return UNKNOWN
    alone = json.dumps({name: value for name, value in found.items() if name != "references"}).encode()
    record = _same(read(alone, "semantic_scholar.json", []), paper)
    return Said(record, tuple(_keys(found.get("references")))) if record else UNKNOWN


def _openalex(paper: Paper) -> Said:
    base = f"{settings.UPSTREAMS['openalex']}/works"
    doi = paper.doi or (f"10.48550/arxiv.{paper.arxiv_id}" if paper.arxiv_id else "")
    title = urlencode({"filter": f"title.search:{paper.title_key}"})
    address = f"{base}/doi:{quote(doi, safe='/')}" if doi else f"{base}?{title}"
    body = _known(address)
    if body and not (isinstance(told := _json(body), dict) and ("results" in told or "id" in told)):
        raise FetchError("its answer is neither a work nor a list of works", temporary=True)
    return Said(_same(read(body, "openalex.json", []), paper)) if body else UNKNOWN


def _registry(paper: Paper) -> Said:
    """arXiv or the DOI's agency."""
    if not (paper.arxiv_id or paper.doi):
        return UNKNOWN
    kind, name = (WantedPaper.ARXIV, paper.arxiv_id) if paper.arxiv_id else (WantedPaper.DOI, paper.doi)
    found: dict[str, Any] = {}
    look_up(kind, [name or ""], found.update)
    [record] = found.values()
    if isinstance(record, FetchError):
        raise record
    return Said(record if is_of(record, paper) else None)


def _hugging_face(paper: Paper) -> Said:
    """What Hugging Face's page of an arXiv paper names as its code."""
    if not paper.arxiv_id:
        return UNKNOWN
    found = _json(_known(f"{settings.UPSTREAMS['hugging_face']}/papers/{quote(paper.arxiv_id, safe='/')}"))
    if not isinstance(found, dict) or normal_arxiv_id(found.get("id")) != paper.arxiv_id:
        return UNKNOWN
    record = next(iter(read(json.dumps(found).encode(), "paper.json", [])), None)
    code = found.get("githubRepo")
    return Said(record, code=(code,) if isinstance(code, str) and re.match(r"https?://", code) else ())


ALWAYS = ("Semantic Scholar", "OpenAlex", "Hugging Face")  # references, withdrawals and code may be news of any paper
PLACES: dict[str, Callable[[Paper], Said]] = {
    "Semantic Scholar": _semantic_scholar, "OpenAlex": _openalex, "Hugging Face": _hugging_face,
    "arXiv or Crossref": _registry}


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
    """The record of this very paper."""
    for record in records:
        verdict = is_of(record, paper)
        if verdict or (verdict is None and _is_confirmed(record, paper)):
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
