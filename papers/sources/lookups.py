"""Records of papers by their identifiers, from the place that gave each its name; many at once where that can be.

Each lookup answers for every identifier it was given: with a record, or with the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from html import unescape
from urllib.parse import quote, urlencode

from django.conf import settings

from papers.digests.records import DigestError, Record
from papers.sources.answers import FetchError
from papers.sources.arrivals import read
from papers.sources.client import get
from papers.sources.identifiers import find_identifiers
from papers.sources.models import WantedPaper

AT_ONCE = 100  # arXiv ids in one question

Found = Record | FetchError
_CSL = "application/vnd.citationstyles.csl+json"


def look_up(kind: str, identifiers: Sequence[str], progress: Callable[[dict[str, Found]], None]) -> None:
    """Ask for the papers, and hand over what was found, or why not, as it comes."""
    if kind == WantedPaper.ARXIV:
        for start in range(0, len(identifiers), AT_ONCE):
            progress(_from_arxiv(identifiers[start:start + AT_ONCE]))
        return
    ask = {WantedPaper.DOI: _from_doi, WantedPaper.OPENREVIEW: _from_openreview, WantedPaper.ACL: _from_acl,
           WantedPaper.GITHUB: _from_github}[kind]
    for identifier in identifiers:
        progress({identifier: _told(ask, identifier)})


def _told(ask: Callable[[str], Record], identifier: str) -> Found:
    try:
        return ask(identifier)
    except FetchError as error:
        return error
    except DigestError as error:
        return FetchError(f"its answer could not be read: {error}")


def _from_arxiv(identifiers: Iterable[str]) -> dict[str, Found]:
    wanted = list(identifiers)
    try:
        answer = get(f"{settings.UPSTREAMS['arxiv_api']}?" + urlencode(
            {"id_list": ",".join(wanted), "max_results": len(wanted)}, safe=",/"))
        records = {record.arxiv_id: record for record in read(answer.body, "arXiv", [])}
    except FetchError as error:
        return dict.fromkeys(wanted, error)
    except DigestError as error:
        return dict.fromkeys(wanted, FetchError(f"arXiv's answer could not be read: {error}", temporary=True))
    if not records and len(wanted) > 1:
        return dict.fromkeys(wanted, FetchError("arXiv's answer lists nothing", temporary=True))
    return {name: records.get(name) or FetchError(f"arXiv knows no paper {name}", status=404) for name in wanted}


def _from_doi(doi: str) -> Record:
    try:
        body = get(f"{settings.UPSTREAMS['crossref']}/{quote(doi, safe='/')}", accept="application/json").body
    except FetchError as error:
        if error.status != 404:
            raise
        try:  # registered elsewhere: DataCite and others answer through the resolver
            body = get(f"{settings.UPSTREAMS['doi']}/{quote(doi, safe='/')}", accept=_CSL).body
        except FetchError as second:
            if second.status == 404:
                raise FetchError(f"no agency knows the DOI {doi}", status=404) from None
            raise
    record = _one(read(body, "doi.json", []), doi)
    return replace(record, doi=doi, title=unescape(record.title))  # agencies keep titles as XML


def _from_openreview(name: str) -> Record:
    body = get(f"{settings.UPSTREAMS['openreview']}/notes?id={quote(name)}", accept="application/json").body
    record = _one(read(body, "openreview.json", []), name)
    return _with_link(record, f"https://openreview.net/forum?id={name}")


def _from_acl(name: str) -> Record:
    body = get(f"{settings.UPSTREAMS['acl']}/{quote(name)}.bib").body
    return _with_link(_one(read(body, f"{name}.bib", []), name), f"https://aclanthology.org/{name}/")


def _from_github(name: str) -> Record:
    """The paper that the repository's README names, when it names one; its code is linked to it."""
    answer = get(f"{settings.UPSTREAMS['github']}/{quote(name)}/HEAD/README.md", limit=2**21)
    text = answer.body.decode(errors="replace")
    named = [found for found in find_identifiers(text) if found.kind != WantedPaper.GITHUB]
    if not named:
        raise FetchError("its README names no paper by arXiv id, DOI, OpenReview or ACL address")
    if len(named) > 1:
        raise FetchError("its README names several papers; add the right one: " +
                         ", ".join(found.value for found in named[:12]))
    [found] = named
    records: dict[str, Found] = {}
    look_up(found.kind, [found.value], records.update)
    record = records[found.value]
    if isinstance(record, FetchError):
        raise record
    return _with_link(record, f"https://github.com/{name}")


def _one(records: list[Record], name: str) -> Record:
    if not records:
        raise FetchError(f"nothing is listed under {name}", status=404)
    return records[0]


def _with_link(record: Record, url: str) -> Record:
    return replace(record, urls=tuple(dict.fromkeys((*record.urls, url))))
