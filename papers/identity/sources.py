"""Where a value came from, and which of two values is the better one.

Ranks, the best first: a person's correction; a publisher or an interface of a catalogue; a feed; a mailing; a list.
What is not known counts as a list. A better source's value replaces a worse one's; among equals the first stays, but
the longer abstract and the longer list of authors win. Whatever is not shown is kept as a version (`PaperValue`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from papers.digests.records import Record
from papers.digests.titles import title_key
from papers.identity.rules import plain_text
from papers.models import Paper
from papers.reports import Change

LIST, MAILING, FEED, CATALOGUE, PERSON = range(5)
WORDS = {LIST: "a list", MAILING: "a mailing", FEED: "a feed", CATALOGUE: "a publisher or catalogue",
         PERSON: "a person's correction"}
_BY_NAME = {"list": LIST, "mailing": MAILING, "feed": FEED, "catalogue": CATALOGUE}
_BY_FORMAT = {"Atom": CATALOGUE, "OAI-PMH": CATALOGUE, "JSON": CATALOGUE, "JSONL": CATALOGUE, "PubMed XML": CATALOGUE,
              "MEDLINE": CATALOGUE, "RSS": FEED, "mail": MAILING, "arXiv mail": MAILING}
FIELDS = ("title", "abstract", "year", "published_on", "authors", "venue")  # what has a source


@dataclass(frozen=True, slots=True)
class Origin:
    """What a value came from: the rank of its source, and the digest's primary key where there is one."""

    rank: int = LIST
    digest: int | None = None


UNKNOWN = Origin()


@dataclass(frozen=True, slots=True)
class Version:
    """A value that the paper does not show."""

    field: str
    value: object
    origin: Origin


def rank_of(format_name: str) -> int:
    """The rank of what a digest of this format says."""
    return _BY_FORMAT.get(format_name, LIST)


def origin_of(source: Record | Paper, field: str, digest: Origin = UNKNOWN) -> Origin:
    """Where the field's value came from: of a record the digest, unless it says better; of a paper what it remembers.
    """
    if isinstance(source, Record):
        return Origin(_BY_NAME[source.source], digest.digest) if source.source else digest
    return Origin(*(source.sources.get(field) or source.sources.get("") or (LIST, None)))


def take_values(paper: Paper, source: Record | Paper, digest: Origin) -> tuple[list[Change], list[Version]]:
    """Give the paper what the source says better or says first. Returns what changed, and the values not shown.

    The title is not among them: whether it may change depends on other papers.
    """
    changes: list[Change] = []
    versions: list[Version] = []
    for field, better in _BETTER.items():
        offered, shown = getattr(source, field), getattr(paper, field)
        if not offered:
            continue
        new, old = origin_of(source, field, digest), origin_of(paper, field)
        if offered == shown or field == "authors" and list(offered) == shown:
            if new.rank > old.rank:  # a better source says the same
                mark(paper, field, new)
            continue
        if not shown or better(paper, source, new.rank - old.rank):
            if shown and _says_more(field, shown, offered) and not (field == "abstract" and paper.described):
                versions.append(Version(field, shown, old))
            changes.append(give(paper, field, offered, new))
            if field == "abstract":
                paper.described = source.described
        elif _says_more(field, offered, shown) and not (field == "abstract" and source.described):
            versions.append(Version(field, offered, new))
    if source.withdrawn and not paper.withdrawn:
        paper.withdrawn = True
        changes.append(Change("withdrawn", "", "yes"))
    return changes, versions


def give(paper: Paper, field: str, value, origin: Origin) -> Change:
    """Set the field and remember where the value came from."""
    change = Change(field, short(getattr(paper, field)), short(value))
    setattr(paper, field, list(value) if isinstance(value, tuple) else value)
    mark(paper, field, origin)
    return change


def mark(paper: Paper, field: str, origin: Origin) -> None:
    """Remember where the field's value came from."""
    said = [origin.rank, origin.digest]
    if (paper.sources.get(field) or paper.sources.get("")) != said:
        paper.sources = {**paper.sources, field: said}


def _better_abstract(paper: Paper, source: Record | Paper, above: int) -> bool:
    """One that is no mere description or notice of withdrawal, from no worse a source, and not only a beginning."""
    if source.described or paper.described:
        return paper.described and (not source.described or len(source.abstract) > len(paper.abstract))
    if source.withdrawn:
        return False
    if above and not _begins(source.abstract, paper.abstract) and not _begins(paper.abstract, source.abstract):
        return above > 0
    return len(source.abstract) > len(paper.abstract)


def _better_authors(paper: Paper, source: Record | Paper, above: int) -> bool:
    """More of them; from a worse source only with all that are known; as many from a better source."""
    if len(source.authors) <= len(paper.authors):
        return above > 0 and len(source.authors) == len(paper.authors)
    return above >= 0 or _among(paper.authors, source.authors)


def _better_rank(paper: Paper, source: Record | Paper, above: int) -> bool:
    return above > 0


_BETTER: dict[str, Callable[[Paper, Record | Paper, int], bool]] = {
    "year": _better_rank, "published_on": _better_rank, "abstract": _better_abstract, "authors": _better_authors,
    "venue": _better_rank}


def _says_more(field: str, hidden, shown) -> bool:
    """Whether the value that is not shown is worth keeping: it says something that the shown one does not."""
    if field == "abstract":
        return not _begins(hidden, shown) and plain_text(hidden) != plain_text(shown)
    if field == "authors":
        return not _among(hidden, shown)
    if field == "venue":
        return title_key(hidden) != title_key(shown)
    return True


def _among(these, those) -> bool:
    return {title_key(name) for name in these} <= {title_key(name) for name in those}


def _begins(short_text: str, long_text: str) -> bool:
    """Whether the one is the other, cut off."""
    return long_text.startswith(short_text) or plain_text(long_text).startswith(plain_text(short_text.rstrip(" .…")))


def short(value) -> str:
    """A value as a report shows it."""
    text = "" if value is None else ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 200 else f"{text[:199]}… ({len(text)} characters)"


def stored(value: object) -> object:
    """A value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value


def hash_of(value: object) -> str:
    """What tells one value of a field from another."""
    return hashlib.sha256(json.dumps(stored(value), ensure_ascii=False).encode()).hexdigest()
