"""What papers are called by: arXiv id, DOI, OpenReview and ACL Anthology id, address; one spelling for all spellings.

`identifiers_of` says what a paper is known by and `identifiers_in` what a typed text names; search compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qs, unquote, urlsplit

from papers.digests.records import find_arxiv_id, normal_arxiv_id, normal_doi

Identifier = tuple[str, str]  # (kind, value)

ARXIV, DOI, OPENREVIEW, ACL, ADDRESS, SITE, HAS = "arxiv", "doi", "openreview", "acl", "address", "site", "has"
END = "end"  # closes a value among the words, so that no value is the beginning of another
MOST_ADDRESSES = 40  # of one paper
MOST_LETTERS = 300  # of a text that may be an identifier

_ACL_ID = re.compile(r"[A-Z]\d{2}-\d{4,5}|(?:19|20)\d\d\.[a-z\d_]+-[a-z\d_]+\.\d{1,4}", re.I)
_ACL_DOI = re.compile(r"10\.18653/v1/(.+)", re.I)
_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "sourceforge.net",
               "gitlab.inria.fr", "git.sr.ht")
_PAGE = re.compile(r"(?:\.e?pdf|/(?:full|fulltext|abstract|summary|meta|pdf|epdf|html|references)/?)$", re.I)
_CLOSING = {">": "<", ")": "(", "]": "[", "}": "{"}
_LABEL = re.compile(r"(?:(?:arxiv|doi|acl|openreview|url|id|paper|preprint|corr|available at|see)\b[\s:=#,.]*)+", re.I)
_ADDRESS = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/\S+)", re.I)


def identifiers_of(*, arxiv_id: str | None, doi: str | None, urls: Iterable[str]) -> list[Identifier]:
    """What a paper is known by, its own fields first; an arXiv address counts as its id only where it has none."""
    found: list[Identifier] = [(ARXIV, arxiv_id)] if arxiv_id else []
    found += [(DOI, doi.lower()), *_acl_of_doi(doi)] if doi else []
    for url in [url for url in urls if isinstance(url, str)][:MOST_ADDRESSES]:
        for kind, value in _of_address(url):
            if kind != ARXIV or not arxiv_id:
                found.append((kind, value))
        host = _host(url)
        if host:
            found.append((SITE, host))
            if _keeps_code(host):
                found.append((HAS, "code"))
    found += [(SITE, "arxiv.org")] if arxiv_id else []
    return list(dict.fromkeys(found))


def is_code(url: str) -> bool:
    """Whether the address is of a site that keeps code."""
    return _keeps_code(_host(url) or "")


def _keeps_code(host: str) -> bool:
    return any(host == code or host.endswith(f".{code}") for code in _CODE_HOSTS)


def identifiers_in(text: str) -> tuple[Identifier, ...]:
    """What a text that is one identifier, in whatever spelling, names: the ways a paper may be known by it.

    Empty for any other text.
    """
    text = text.strip().strip("\"'“”‘’«»").lstrip("<([{").rstrip(".,;:!?")
    if not text or len(text) > MOST_LETTERS or "*" in text:
        return ()
    if text[-1] in _CLOSING and _CLOSING[text[-1]] not in text:
        text = text[:-1].rstrip(".,;:!?")
    bare = _LABEL.sub("", text, count=1).strip()
    for spelling in (text, bare, bare.lower()):
        if arxiv := normal_arxiv_id(spelling):
            return ((ARXIV, arxiv),)
    if (words := text.split()) and len(words) <= 5 and (arxiv := find_arxiv_id(text)) \
            and all(re.search(r"arxiv|corr|preprint|abs/|\[[\w.-]+\]|^\(?\d{4}\)?$", word, re.I) for word in words):
        return ((ARXIV, arxiv),)
    if len(bare.split()) > 1:
        return ()
    if re.fullmatch(r"10\.\d{4,9}/\S+", bare):
        return tuple(_of_doi(bare))
    if _ACL_ID.fullmatch(bare):
        return ((ACL, bare.lower()), (DOI, f"10.18653/v1/{bare.lower()}"))
    return next((tuple(_of_address(spelling)) for spelling in (text, bare) if _ADDRESS.fullmatch(spelling)), ())


def as_words(identifiers: Iterable[Identifier]) -> str:
    """The identifiers as the words that the full-text index keeps of them."""
    return " ".join(f"{kind} {value} {END}" for kind, value in identifiers)


def _of_address(url: str) -> list[Identifier]:
    """An address as the identifiers it names, the address itself last."""
    if arxiv := normal_arxiv_id(url) or normal_arxiv_id(url.lower()):
        return [(ARXIV, arxiv)]
    match = _ADDRESS.match(url.strip())
    if not match:
        return []
    try:
        parts = urlsplit(f"//{match[1]}")
    except ValueError:  # brackets that are no IPv6 address
        return []
    host, path = _host(url), unquote(parts.path)
    found: list[Identifier] = []
    if host == "openreview.net" and (forum := parse_qs(parts.query).get("id")):
        found.append((OPENREVIEW, forum[0].lower()))
    if host in ("aclanthology.org", "aclweb.org") and (named := _ACL_ID.search(path)):
        acl = re.sub(r"v\d+$", "", named[0]).lower()
        found += [(ACL, acl), (DOI, f"10.18653/v1/{acl}")]
    elif doi := normal_doi(path if host.endswith("doi.org") else _PAGE.sub("", path)):
        found += _of_doi(doi)
    query = f"?{parts.query}" if parts.query else ""
    return [*found, (ADDRESS, f"{host}{path.rstrip('/')}{query}".lower())]


def _of_doi(doi: str) -> list[Identifier]:
    if arxiv := normal_arxiv_id(doi.lower()):
        return [(ARXIV, arxiv)]
    normal = normal_doi(re.sub(r"\.pdf$", "", unquote(doi), flags=re.I))
    return [(DOI, normal), *_acl_of_doi(normal)] if normal else []


def _acl_of_doi(doi: str) -> list[Identifier]:
    match = _ACL_DOI.fullmatch(doi)
    return [(ACL, match[1].lower())] if match else []


def _host(url: str) -> str:
    match = re.match(r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,})(?=[:/?#]|$)", url.strip(), re.I)
    return match[1].lower() if match else ""
