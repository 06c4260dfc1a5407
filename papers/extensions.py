"""What the apps above papers know of a paper, and what they do when papers change.

papers imports nothing of them and names none of their relations: each app registers its part in its AppConfig.ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, Q, QuerySet
from django.db.models.expressions import NegatedExpression

if TYPE_CHECKING:
    from papers.digests.records import Reported
    from papers.models import Digest, Paper

Condition = Q | Exists | NegatedExpression
Asker = Any  # the account that asks: a user, or None for a visitor who has not logged in
YOURS_ALONE = "speaks of what an account keeps: log in to ask for it"


def asker_of(request: Any) -> Asker:
    """Who asks: the request's account; None for anybody else."""
    return request.user if request.user.is_authenticated else None


@dataclass(frozen=True)
class Filter:
    """A further filter of paper lists: its title, its values with the words a form shows, and each one's condition.

    The condition of a `personal` one is given the account that asks as well, and nobody else may use it.
    """

    title: str
    values: Mapping[str, str]
    condition: Callable[..., Condition]
    personal: bool = False

    def of(self, value: str, asker: Asker) -> Condition:
        """What the papers fulfil. Raises ValueError for a personal filter without an account."""
        return _asked(self, value, asker)

    @property
    def in_words(self) -> str:
        """The values as a sentence names them: "implements, related or none"."""
        *first, last = self.values
        return f"{', '.join(first)} or {last}" if first else last


@dataclass(frozen=True)
class SearchField:
    """A field of the search box, `name:value`: its title, its values with their titles, and each one's condition.

    Both functions of a `personal` one are given the account that asks as well; its values may be None: any words.
    """

    title: str
    values: Callable[..., Mapping[str, str] | None]
    condition: Callable[..., Condition]
    personal: bool = False

    def values_for(self, asker: Asker) -> Mapping[str, str] | None:
        """The values that the account may ask for. Raises ValueError for a personal field without an account."""
        if not self.personal:
            return self.values()
        if asker is None:
            raise ValueError(YOURS_ALONE)
        return self.values(asker)

    def of(self, value: str, asker: Asker) -> Condition:
        """What the papers fulfil. Raises ValueError for a personal field without an account."""
        return _asked(self, value, asker)


def _asked(known: Filter | SearchField, value: str, asker: Asker) -> Condition:
    if not known.personal:
        return known.condition(value)
    if asker is None:
        raise ValueError(YOURS_ALONE)
    return known.condition(value, asker)


@dataclass(frozen=True, slots=True)
class MethodLink:
    """A method a paper is linked to, as lists, search and the API show it."""

    paper: int
    kind: str
    state: str
    arena: str
    arena_title: str
    slug: str
    title: str

    @property
    def key(self) -> str:
        return f"{self.arena}/{self.slug}"


@dataclass(frozen=True, slots=True)
class MethodCount:
    """A method and how many of some papers it implements, and is related to."""

    arena: str
    arena_title: str
    slug: str
    title: str
    implements: int
    related: int

    @property
    def key(self) -> str:
        return f"{self.arena}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened here: its sentence, where it leads, and a status that it is marked with."""

    words: str
    address: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened here in a span of time, of one sort; `more` says that not all of it is listed, `sum` how much it
    was."""

    title: str
    events: Sequence[Event]
    more: bool = False
    sum: str = ""


Papers = QuerySet["Paper"] | Sequence[int]  # or their primary keys


def _no_links(papers: Papers) -> Iterable[MethodLink]:
    return ()


def _no_kinds(papers: Papers) -> Mapping[int, Sequence[str]]:
    return {}


def _no_counts(papers: Papers) -> Iterable[MethodCount]:
    return ()


Facets = Mapping[str, Mapping[str, int]]  # how many papers have each value, by the name of a search field


def _nothing_left_out(asker: Asker) -> QuerySet | None:
    return None


def _no_verdicts(papers: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    return {}


@dataclass
class Extensions:
    """The parts that were registered.

    `search_fields` are fields of the search box besides the filters, `facets` count some papers by such fields' values;
    `method_links` are those worth showing, a paper's best first, `link_kinds` their kinds by paper, and `method_counts`
    the methods they lead to;
    `verdict_counts` how many verdicts of each status a paper has; `reasons_to_stay` conditions under which a paper
    stays when the last digest that lists it goes; `left_out` gives the primary keys of the papers that lists leave out
    for the account that asks, unless asked for; `happened` tell what was done here from one moment to another,
    `near` when the last of it was before the one and the first after the other moment,
    `stirred` how much papers moved others since a moment: for each paper, points by what they are for; `on_fold` are
    told, in one transaction, that the second row goes because it is the same paper as the first; `on_reported` are
    told, in the transaction that stores them, the numbers a digest's entries report for papers; `after_embedding` names
    the tasks to start when texts were embedded.
    """

    filters: dict[str, Filter] = field(default_factory=dict)
    search_fields: dict[str, SearchField] = field(default_factory=dict)
    facets: list[Callable[[Sequence[int]], Facets]] = field(default_factory=list)
    method_links: Callable[[Papers], Iterable[MethodLink]] = _no_links
    link_kinds: Callable[[Papers], Mapping[int, Sequence[str]]] = _no_kinds
    method_counts: Callable[[Papers], Iterable[MethodCount]] = _no_counts
    verdict_counts: Callable[[Sequence[int]], Mapping[int, Mapping[str, int]]] = _no_verdicts
    left_out: Callable[[Asker], QuerySet | None] = _nothing_left_out
    happened: list[Callable[[datetime, datetime], Sequence[Happened]]] = field(default_factory=list)
    near: list[Callable[[datetime, datetime], tuple[datetime | None, datetime | None]]] = field(default_factory=list)
    stirred: list[Callable[[datetime], Mapping[int, Mapping[str, int]]]] = field(default_factory=list)
    reasons_to_stay: list[Callable[[], Condition]] = field(default_factory=list)
    on_fold: list[Callable[[Paper, Paper], None]] = field(default_factory=list)
    on_reported: list[Callable[[Digest, Sequence[tuple[Paper, Sequence[Reported]]]], None]] = field(
        default_factory=list)
    after_embedding: list[str] = field(default_factory=list)

    @property
    def fields(self) -> dict[str, SearchField]:
        """Everything registered that the search box knows by name: the filters of lists, then the further fields."""
        filters = {name: SearchField(known.title, partial(_values_of, known), known.condition, known.personal)
                   for name, known in self.filters.items()}
        return {**filters, **self.search_fields}

    def links_by_paper(self, papers: Papers) -> dict[int, list[MethodLink]]:
        """The links of these papers, by the paper's primary key."""
        links: dict[int, list[MethodLink]] = {}
        for link in self.method_links(papers):
            links.setdefault(link.paper, []).append(link)
        return links


def _values_of(known: Filter, asker: Asker = None) -> Mapping[str, str]:
    return known.values


extensions = Extensions()
