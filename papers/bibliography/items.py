"""Papers as the writers of bibliographies see them: whole, cleaned, a few hundred at a time."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from django.db.models import QuerySet, prefetch_related_objects

from papers.bibliography.keys import told_apart
from papers.digests.identifiers import ADDRESSES
from papers.models import Paper

BATCH = 500  # papers in memory at a time

Papers = QuerySet[Paper] | Iterable[int]  # or their primary keys, in the order that is wanted

_CONFERENCE = re.compile(
    r"\b(?:conference|proceedings|proc\.?|workshops?|symposium|meeting|congress|chapter|conf\.?|neural information "
    r"processing systems|NeurIPS|NIPS|ICML|ICLR|CVPR|ICCV|ECCV|WACV|BMVC|ACL|EMNLP|NAACL|EACL|COLING|AAAI|IJCAI|KDD|"
    r"SIGIR|UAI|AISTATS|COLT|COLM|CoRL|ICRA|IROS|ICASSP|Interspeech|MICCAI)\b", re.I)
_PARTICLES = set("van von der den de di da del della dos du la le ten ter zu zur al el bin ibn af av".split())
_SUFFIX = re.compile(r"(?:[JS]r\.?|II|III|IV)", re.I)
_CORPORATE = re.compile(r",|\band\b|^the\s|\b(?:team|collaboration|consortium|group|committee|project|initiative|"
                        r"university|institute|laborator(?:y|ies)|labs?|inc|ltd|llc|gmbh|corp|corporation|ai)\b\.?$",
                        re.I)


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name; of an organisation, and of what cannot be told apart, only `literal`."""

    literal: str
    given: str = ""
    family: str = ""
    suffix: str = ""

    @property
    def sorted(self) -> str:
        """Family name first, as reference managers write it."""
        return ", ".join(filter(None, (self.family, self.given, self.suffix))) if self.given else self.literal


@dataclass(frozen=True, slots=True)
class Item:
    """One paper. Every text is on one line; `abstract` is the paper's own; `urls` are the web's, its own pages first.
    """

    key: str
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    published_on: date | None = None
    venue: str = ""
    arxiv_id: str = ""
    doi: str = ""
    abstract: str = ""
    urls: tuple[str, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    withdrawn: bool = False
    names: tuple[Name, ...] = field(default=(), compare=False)

    @property
    def kind(self) -> str:
        """conference, journal or preprint."""
        return "preprint" if not self.venue else "conference" if _CONFERENCE.search(self.venue) else "journal"

    @property
    def address(self) -> str:
        """The best page to read it at; "" without one."""
        return next(iter(self.urls), "")


def items(papers: Papers) -> Iterator[Item]:
    """The papers one after the other, each once, in the order given; keys that are equal by mischance told apart."""
    keys = papers.values_list("pk", flat=True).iterator(chunk_size=2000) if isinstance(papers, QuerySet) else papers
    once = iter(dict.fromkeys(keys))
    used: set[str] = set()
    while pks := list(islice(once, BATCH)):
        found = Paper.objects.in_bulk(pks)
        prefetch_related_objects(list(found.values()), "identifiers")
        for pk in pks:
            if pk in found:
                item = item_of(found[pk], used)
                used.add(item.key)
                yield item


def item_of(paper: Paper, used: Container[str] = ()) -> Item:
    """One paper as an item, under a key that is not among those used."""
    key = paper.cite_key or f"paper{paper.pk}"
    identifiers = tuple((row.kind, row.value) for row in paper.identifiers.all()) if paper.pk else ()
    pages = [ADDRESSES[kind].format(value) for kind, value in identifiers if kind in ADDRESSES]
    authors = tuple(name for name in map(_line, paper.authors) if name)
    return Item(
        key=told_apart(key, str(paper.pk)) if key in used else key, title=_line(paper.title), authors=authors,
        year=paper.year, published_on=paper.published_on, venue=_line(paper.venue), arxiv_id=paper.arxiv_id or "",
        doi=paper.doi or "", abstract="" if paper.described else _line(paper.abstract),
        urls=tuple(dict.fromkeys(map(_line, [*paper.web_urls, *pages]))), identifiers=identifiers,
        withdrawn=paper.withdrawn, names=tuple(map(name_of, authors)))


def name_of(name: str) -> Name:
    """A name written given name first, taken apart.

    >>> name_of("Ada B. van den Example").sorted, name_of("Ada Example Jr.").sorted, name_of("The Example Team").sorted
    ('van den Example, Ada B.', 'Example, Ada, Jr.', 'The Example Team')
    """
    words = name.split()
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    at = len(words) - 1
    while at > 1 and words[at - 1].lower() in _PARTICLES:
        at -= 1
    if len(words) < 2 or at > 4 or _CORPORATE.search(name) or ";" in name:
        return Name(name)
    return Name(name, " ".join(words[:at]), " ".join(words[at:]), suffix)


def _line(text) -> str:
    return " ".join("".join(ch if ch.isprintable() or ch.isspace() else " " for ch in str(text)).split())
