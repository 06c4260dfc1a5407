"""What can be saved, followed and told of. Each app registers its part in its AppConfig.ready; none is named here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from papers.feeds import Entry

Reader = Any  # the account whose view it is


@dataclass(frozen=True)
class Asked:
    """A list as its address asks for it, and which part of it: newer than `after`, up to `until`; "" is no bound."""

    query: QueryDict
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the path
    reader: Reader = None
    after: str = ""
    until: str = ""
    limit: int = 50


@dataclass(frozen=True)
class ViewKind:
    """A page whose address can be saved; it is registered under the address's name.

    `latest` is the mark of the newest thing there is, "" where there is none; with True, of the newest that is settled:
    nothing older than it will still come or change what lists it is in. Both ask an index, never count.
    `entries` are the things newer than a mark, the newest first. `new` says what they are.
    """

    title: str
    new: str
    latest: Callable[[Mapping[str, Any], bool], str]
    entries: Callable[[Asked], list[Entry]]


@dataclass(frozen=True)
class Found:
    """Something that can be followed: the key it is kept under, its title and its page."""

    key: str
    title: str
    path: str


@dataclass(frozen=True)
class Watched:
    """The list that is looked through for a follow."""

    kind: str
    query: QueryDict
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FollowKind:
    """A kind of subject. `find` gives what a key names, None for nothing; `events` what one may be told of, `asked`
    those that are off until asked for. Where it is a list, `watch` gives it; `on_follow` is told of a new follower.
    """

    title: str
    find: Callable[[str, Reader], Found | None]
    events: tuple[str, ...]
    asked: tuple[str, ...] = ()
    watch: Callable[[str], Watched] | None = None
    on_follow: Callable[[str], None] | None = None

    @property
    def on_by_default(self) -> list[str]:
        return [name for name in self.events if name not in self.asked]


@dataclass(frozen=True)
class Draft:
    """An event that followers of any of the `subjects`, (kind, key) pairs, are told of, and the accounts `to` whom it
    is addressed, by their primary key, with the reason: these are told whatever they follow."""

    kind: str
    key: str
    title: str
    url: str
    subjects: frozenset[tuple[str, str]]
    text: str = ""
    items: tuple[tuple[str, str], ...] = ()
    to: Mapping[int, str] = field(default_factory=dict)


FLIPPED, DECIDED, TABLE, ANSWERED, RUN_FAILED, MATCH, RUN_DONE, SOURCE, NOTICE = (
    "flipped", "decided", "table", "answered", "run_failed", "match", "run_done", "source", "notice")
TITLES = {  # in the order in which a digest tells of them
    FLIPPED: "Verdicts that turned", DECIDED: "Verdicts from or to undecided", TABLE: "Tables that changed",
    ANSWERED: "Runs you asked for",
    RUN_FAILED: "Runs that failed", MATCH: "New papers and matches", RUN_DONE: "Runs that finished",
    SOURCE: "Sources that are broken", NOTICE: "Notices"}


@dataclass
class Registry:
    """`views` by the name of their address, `follows` by kind; `happenings` make drafts of what was written down, any
    number of readers for each kind."""

    views: dict[str, ViewKind] = field(default_factory=dict)
    follows: dict[str, FollowKind] = field(default_factory=dict)
    happenings: dict[str, list[Callable[[list[str]], list[Draft]]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def watched(self) -> list[str]:
        return [name for name, kind in self.follows.items() if kind.watch]


registry = Registry()
