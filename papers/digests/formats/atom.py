"""Atom: the answers of arXiv's API, its feeds, and other sites' feeds.

One feed, several one after the other, or entries alone.
"""

import re
from xml.etree.ElementTree import Element

from papers.digests.formats._feeds import announced_authors, announced_day, arxiv_abstract, find_doi
from papers.digests.formats._xml import children, local, name_second, plain_words, read_elements, words
from papers.digests.kinds import xml_root
from papers.digests.records import DigestError, Parsed, normal_arxiv_id
from papers.digests.source import Source

NAME = "Atom"

_NOT_ITS = ("self", "edit", "replies", "next", "license")  # links of the entry, not of the paper
_API_ERROR = "arxiv.org/api/errors"


def sniff(source: Source) -> float:
    return 0.9 if xml_root(source.head) in ("feed", "entry") else 0.0


def parse(source: Source) -> Parsed:
    """Its entries. Raises DigestError where arXiv's API answers with nothing but an error."""
    parsed = Parsed(NAME)
    errors: list[str] = []
    read_elements(source, parsed, ("entry",), ("feed",), lambda entry, line: _add(entry, line, parsed, errors))
    if errors and not parsed.records and len(errors) == len(parsed.rejects):
        raise DigestError(f"{source.name}: arXiv answers with an error: {errors[0]}", tuple(parsed.rejects))
    return parsed


def _add(entry: Element, line: int, parsed: Parsed, errors: list[str]) -> None:
    identifier = next(map(plain_words, children(entry, "id")), "")
    links = [link for link in children(entry, "link") if link.get("href")]
    # A page that the entry is about comes before what it only names.
    links.sort(key=lambda link: link.get("rel", "alternate") not in ("alternate", "related"))
    addresses = [link.get("href", "") for link in links if link.get("rel") not in _NOT_ITS]
    title, summary = _text(entry, "title"), _text(entry, "summary", "content", "description", "abstract")
    if any(_API_ERROR in address for address in (identifier, *addresses)):
        errors.append(summary or title)
        parsed.reject(line, f"arXiv answers with an error: {summary or title}", identifier)
        return
    name_second(entry, line, parsed, "id", "title")
    arxiv_id = next(filter(None, map(normal_arxiv_id, [identifier, *addresses])), None)
    day: str | None = _text(entry, "published", "issued", "updated", "date")
    if not re.match(r"https?://(?:export\.)?arxiv\.org/abs/", identifier):  # the API tells the first version's day
        day = announced_day(day or "", arxiv_id, _text(entry, "announce_type"))
    parsed.add(
        line=line, title=title, excerpt=identifier or summary, abstract=arxiv_abstract(summary), arxiv_id=arxiv_id,
        doi=find_doi(entry, [identifier, *addresses]), published_on=day, authors=_authors(entry), urls=addresses,
        comment=_text(entry, "comment"),
        venue=_text(entry, "journal_ref", "journal_reference", "publicationname"),
        source="feed" if _text(entry, "announce_type") else "")


def _text(entry: Element, *names: str) -> str:
    return next(filter(None, map(words, children(entry, *names))), "")


def _authors(entry: Element) -> list[str]:
    people = [element for element in entry.iter() if local(element.tag) == "author"]
    names = []
    for person in people:
        parts = {local(part.tag): " ".join((part.text or "").split()) for part in person}
        names.append(parts.get("name") or " ".join(filter(None, (
            parts.get("given_name"), parts.get("middle_name"), parts.get("last_name") or parts.get("family_name"))))
            or " ".join((person.text or "").split()))
    return [name for name in names if name] or announced_authors(entry)
