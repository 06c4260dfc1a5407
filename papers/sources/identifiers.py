"""Identifiers of papers in free text: arXiv, DOI, OpenReview, ACL Anthology, GitHub. No Django."""

from __future__ import annotations

import re
from dataclasses import dataclass

from papers.digests.records import normal_arxiv_id, normal_doi

_ARXIV_NEW = r"(?:0[7-9]|[1-9]\d)(?:0[1-9]|1[0-2])\.\d{4,5}"
_ARXIV_OLD = r"(?:astro-ph|cond-mat|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|nlin|nucl-ex|nucl-th|physics|quant-ph" \
             r"|math|cs|q-bio|q-fin|stat|cmp-lg|alg-geom|dg-ga|solv-int|chao-dyn|funct-an|adap-org|patt-sol)" \
             r"(?:\.[A-Z]{2})?/\d{7}"
_FOUND = re.compile(
    r"(?P<openreview>openreview\.net/(?:forum|pdf|attachment|notes?)\?(?:[^\s#\"'<>]{0,300}&)?(?:id|forum)=[\w-]{6,40})"
    r"|(?P<acl>aclanthology\.(?:org|info)/(?:papers/)?(?:[A-Z]/[A-Z]\d\d/)?"
    r"(?:[A-Z]\d\d-\d{4}|\d{4}\.[a-z][\w-]{0,60}\.\d+)"
    r"|\b[A-Z]\d\d-\d{4}\b|\b(?:19|20)\d\d\.[a-z][a-z\d]{0,30}-[a-z][\w-]{0,60}\.\d+\b)"
    r"|(?P<github>\bgithub\.com/[\w.-]{1,39}/[\w.-]{1,100})"
    r"|(?P<doi>\b10\.\d{4,9}/[^\s\"'<>{}|\\^`]{1,250})"
    rf"|(?<![\w./-])(?P<arxiv>(?:(?:https?://)?(?:[\w-]+\.)*(?:arxiv\.org|alphaxiv\.org|huggingface\.co|ar5iv\.org|"
    rf"hf\.co)/[\w/.]{{0,80}}?|(?:(?:https?://)?(?:dx\.)?doi\.org/)?10\.48550/arxiv\.|arxiv:\s*|abs/|oai:arxiv\.org:)?"
    rf"(?:{_ARXIV_NEW}|{_ARXIV_OLD})(?:v\d+)?(?![\d/]|\.\d))",
    re.I)
_ARXIV_TAIL = re.compile(rf"({_ARXIV_NEW}|{_ARXIV_OLD})(?:v\d+)?$", re.I)
_ACL_TAIL = re.compile(r"([A-Z]\d\d-\d{4}|\d{4}\.[a-z][\w-]*\.\d+)$", re.I)
_NO_OWNERS = {"features", "topics", "search", "orgs", "sponsors", "about", "login", "marketplace", "settings", "apps"}


@dataclass(frozen=True)
class Identifier:
    """A paper's name at one of the places that can be asked for it. `kind` is one of WantedPaper's."""

    kind: str
    value: str


def find_identifiers(text: str) -> list[Identifier]:
    """Those named in the text, each once, in order; addresses, `arXiv:` and bare ids alike."""
    found: dict[Identifier, None] = {}
    for match in _FOUND.finditer(text):
        identifier = _identifier(match.lastgroup or "", match[0])
        if identifier:
            found[identifier] = None
    return list(found)


def _identifier(kind: str, text: str) -> Identifier | None:
    if kind == "arxiv":
        tail = _ARXIV_TAIL.search(text)
        arxiv_id = normal_arxiv_id(tail[1].lower() if tail and "/" not in tail[1] else tail[1] if tail else None)
        return Identifier("arxiv", arxiv_id) if arxiv_id else None
    if kind == "doi":
        text = _without_closing(text)
        if arxiv_id := normal_arxiv_id(text):
            return Identifier("arxiv", arxiv_id)
        doi = normal_doi(text)
        return Identifier("doi", doi) if doi and len(doi) <= 200 else None
    if kind == "openreview":
        paper = re.search(r"(?:id|forum)=([\w-]+)$", text)
        return Identifier("openreview", paper[1]) if paper else None
    if kind == "acl":
        tail = _ACL_TAIL.search(text)
        return Identifier("acl", tail[1].upper() if tail and "-" == tail[1][3:4] else tail[1]) if tail else None
    owner, _, name = text.split("/", 1)[1].partition("/")
    name = name.rstrip(".").removesuffix(".git")
    return Identifier("github", f"{owner}/{name}") if name and owner.lower() not in _NO_OWNERS else None


def _without_closing(doi: str) -> str:
    """The DOI without the sentence's own signs behind it; brackets that it opened itself stay."""
    while doi and (doi[-1] in ".,;:!?*_" or (doi[-1] in ")]" and doi.count(doi[-1]) > doi.count(
            {")": "(", "]": "["}[doi[-1]]))):
        doi = doi[:-1]
    return doi
