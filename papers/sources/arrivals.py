"""What a look at a source gave: which of it is new, whether it is a quiet day or a stale answer, and its digest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from papers.digests.reading import read_digest
from papers.digests.records import NothingListed, Record, normal_arxiv_id

SEEN = 5000  # keys kept of a source: several times what the largest feed lists at once

# Further identifiers, under the names by which `papers/digests/identifiers.py` knows them
_NAMED = {"openreview": "openreview", "acl": "acl", "pubmed": "pmid", "semanticscholar": "s2id", "corpus": "corpusid",
          "openalex": "openalex"}
_NUMBERED = re.compile(r"(\d{2})(\d{2})\.(\d{4,5})")


@dataclass
class Haul:
    """What a kind of source fetched: records, or whole files that are digests by themselves, and where to go on.

    `unchanged`: the server said that nothing changed. `cursor` replaces the source's once everything is stored.
    """

    records: list[Record] = field(default_factory=list)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)  # key, name, bytes
    cursor: dict = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    via: str = ""
    unchanged: bool = False

    @property
    def listed(self) -> int:
        return len(self.records) + len(self.files)


def read(body: bytes, name: str, notes: list[str]) -> list[Record]:
    """The records of an answer; none where it says that nothing is there. What could not be read goes to `notes`.

    Raises DigestError when it is no list of papers.
    """
    try:
        parsed = read_digest(body, name)
    except NothingListed:
        return []
    notes += [note for note in parsed.notes if note not in notes]
    notes += [f"not read: {reject.reason}: {reject.excerpt[:80]}" for reject in parsed.rejects[:20]]
    if len(parsed.rejects) > 20:
        notes.append(f"{len(parsed.rejects) - 20} more entries were not read")
    return parsed.records


def short_key(text: str) -> str:
    """A key of an item, as it is kept with its source."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def key_of(record: Record) -> str:
    """What tells the item from others of the source; versions of one paper are one item."""
    return short_key(record.arxiv_id or (record.doi or "").lower() or record.title_key)


def only_new(records: Iterable[Record], seen: Iterable[str]) -> list[Record]:
    """Those that the source has not brought, each once, in order."""
    known, new = set(seen), []
    for record in records:
        key = key_of(record)
        if key not in known:
            known.add(key)
            new.append(record)
    return new


def remembered(seen: Sequence[str], keys: Iterable[str]) -> list[str]:
    """The keys to keep: those of this time last, so that what a feed still lists is never forgotten."""
    now = list(dict.fromkeys(keys))
    held = set(now)
    return ([key for key in seen if key not in held] + now)[-max(SEEN, len(now)):]


def number_of(arxiv_id: str | None) -> tuple[int, int, int] | None:
    """An arXiv number's place in time; None for ids of before 2007."""
    found = _NUMBERED.fullmatch(normal_arxiv_id(arxiv_id) or "")
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


@dataclass(frozen=True)
class Newest:
    """The newest item of a list: by arXiv's numbers where it has them, else by its day."""

    id: str = ""
    on: date | None = None

    def __bool__(self) -> bool:
        return bool(self.id)

    def is_before(self, other: Newest) -> bool:
        """Whether it is certainly older than the other one."""
        mine, theirs = number_of(self.id), number_of(other.id)
        if mine and theirs:
            return mine < theirs
        return bool(self.on and other.on and self.on < other.on)


def newest_of(records: Sequence[Record]) -> Newest:
    numbered = [record for record in records if number_of(record.arxiv_id)]
    if numbered:
        found = max(numbered, key=lambda record: number_of(record.arxiv_id) or (0, 0, 0))
        return Newest(found.arxiv_id or "", found.published_on)
    dated = [record for record in records if record.published_on]
    latest = max(dated, key=lambda record: record.published_on or date.min) if dated else next(iter(records), None)
    return Newest((latest.arxiv_id or latest.doi or latest.title)[:300], latest.published_on) if latest else Newest()


def staleness(haul: Haul, known: Newest, *, last_new: datetime | None, patience: timedelta, now: datetime) -> str:
    """Why an answer without anything new is stale rather than a quiet day; "" for a quiet day.

    Stale is a list that ends before what the source gave earlier, and a source without anything new for longer than
    it ever should be.
    """
    newest = newest_of(haul.records)
    if newest and known and newest.is_before(known):
        return f"an old list: its newest item is {newest.id}, and {known.id} was there before"
    if last_new and now - last_new > patience:
        said = "an answer without items" if not haul.listed and not haul.unchanged else \
            "the server says that nothing changed" if haul.unchanged else "the same items again"
        return f"nothing new since {last_new:%Y-%m-%d} ({said})"
    return ""


def as_jsonl(records: Iterable[Record]) -> bytes:
    """The records as a digest that reads back as the same ones."""
    lines = []
    for record in records:
        fields = {
            "title": record.title, "description" if record.described else "abstract": record.abstract,
            "arxiv_id": record.arxiv_id, "doi": record.doi, "year": record.year,
            "published_on": record.published_on.isoformat() if record.published_on else None,
            "authors": list(record.authors), "urls": list(record.urls), "venue": record.venue,
            "ids": {_NAMED[kind]: value for kind, value in record.identifiers if kind in _NAMED},
            "status": "withdrawn" if record.withdrawn else None}
        lines.append(json.dumps({name: value for name, value in fields.items() if value not in (None, "", [], {})},
                                ensure_ascii=False))
    return "\n".join(lines).encode()
