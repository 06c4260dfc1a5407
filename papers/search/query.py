"""What a person typed into the search box, taken apart. Any text is a valid query.

    long tail            texts with these words; those with all of them first
    "label smoothing"    the words next to each other, required
    -survey              without this word (or -"this phrase")
    regulari*            words that begin so
    year:2023  year:2020-2022  digest:name  cluster:name  link:implements  kind:method
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from papers.extensions import extensions
from papers.models import SearchText
from papers.search.terms import FUNCTION_WORDS, stem

MOST_TERMS = 64  # a pasted page is searched by its first words
FIELDS = ("kind", "year", "digest", "cluster", "link")
KINDS = (SearchText.PAPER, SearchText.METHOD)

_FIELD = re.compile(rf"(?<!\S)({'|'.join(FIELDS)}):(\"[^\"]*\"|\S*)", re.IGNORECASE)
_TERM = re.compile(r"(?<!\S)(-?)(?:\"([^\"]*)\"|(\S+))")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Term:
    """One word, or several that must stand next to each other; `prefix` matches longer words too.

    What was quoted is `exact`; anything else also matches its singular or plural, British or American spelling
    (-ise, -ize) and, if it has one, without its hyphen.
    """

    words: tuple[str, ...]
    prefix: bool = False
    exact: bool = False

    @property
    def forms(self) -> tuple[tuple[str, ...], ...]:
        """The sequences of words that count as this term."""
        if self.exact:
            return (self.words,)
        if len(self.words) > 1:
            return (self.words,) if self.prefix else (self.words, ("".join(self.words),))
        word = self.words[0]
        if len(word) < 4 or not word.isalpha():
            return (self.words,)
        if self.prefix:
            spellings = [word]
        else:
            singular = stem(word)
            ending = "es" if singular.endswith(("s", "x", "ch", "sh")) else "s"
            plural = singular[:-1] + "ies" if singular.endswith("y") else singular + ending
            spellings = [word, singular, plural]
        return tuple((form,) for form in dict.fromkeys([*spellings, *map(_other_spelling, spellings)]))

    def __str__(self):
        return " ".join(self.words) + ("*" if self.prefix else "")


@dataclass(frozen=True)
class Filters:
    """What to search among; papers alone can be restricted by digest, cluster, year and link.

    `digest` and `cluster` are a primary key or a part of the name; `years` are inclusive bounds.
    """

    kinds: tuple[str, ...] = KINDS
    digest: str = ""
    cluster: str = ""
    years: tuple[int | None, int | None] = (None, None)
    link: str = ""

    @property
    def about_papers(self) -> bool:
        return bool(self.digest or self.cluster or self.link) or self.years != (None, None)


@dataclass(frozen=True)
class Query:
    """A query's parts. `text` is what is compared by meaning; `problems` tells what was not understood."""

    typed: str
    wanted: tuple[Term, ...] = ()
    required: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()
    filters: Filters = Filters()
    text: str = ""
    problems: tuple[str, ...] = ()

    @property
    def telling(self) -> tuple[Term, ...]:
        """The wanted terms without function words, unless there are no others."""
        rare = tuple(term for term in self.wanted if len(term.words) > 1 or term.words[0] not in FUNCTION_WORDS)
        return rare or self.wanted


def parse_query(typed: str, filters: Filters | None = None) -> Query:
    """Take a query apart; fields in the box go before the given filters."""
    typed = "".join(character if character.isprintable() else " " for character in typed or "").strip()
    filters = filters or Filters()
    problems: list[str] = []
    for field, value in _FIELD.findall(typed):
        filters, problem = _with_field(filters, field.lower(), value.strip('"').strip())
        problems += [problem] if problem else []
    rest = _FIELD.sub(" ", typed)
    wanted: list[Term] = []
    required: list[Term] = []
    excluded: list[Term] = []
    meant: list[str] = []
    for minus, phrase, word in _TERM.findall(rest):
        if minus and not (phrase or word.strip('"')):
            continue
        text = phrase or word
        words = tuple(_WORD.findall(text.lower()))
        if not words:
            continue
        term = Term(words, prefix=bool(word) and word.rstrip('"').endswith("*"), exact=bool(phrase))
        if minus:
            excluded.append(term)
            continue
        if not term.prefix:  # a word's beginning means nothing yet
            meant.append(text.strip('"'))
        (required if phrase else wanted).append(term)
    return Query(typed, _distinct(wanted), _distinct(required), _distinct(excluded), filters, " ".join(meant),
                 tuple(problems))


def parse_years(value: str) -> tuple[int | None, int | None]:
    """"2023", "2020-2022", "2020-" or "-2020" as inclusive bounds. Raises ValueError."""
    match = re.fullmatch(r"(\d{4})?(-|\.\.|–)?(\d{4})?", value.strip())
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise ValueError(f"{value!r} is not a year: write 2023, 2020-2022, 2020- or -2022")
    low, high = (int(part) if part else None for part in (match[1], match[3]))
    if not match[2]:
        return low, low
    if low and high and low > high:
        low, high = high, low
    return low, high


def _with_field(filters: Filters, field: str, value: str) -> tuple[Filters, str]:
    if not value:
        return filters, f"{field}: needs a value"
    if field == "year":
        try:
            return replace(filters, years=parse_years(value)), ""
        except ValueError as error:
            return filters, f"year: {error}"
    if field == "kind":
        kind = value.lower().rstrip("s")
        return (replace(filters, kinds=(kind,)), "") if kind in KINDS else (filters, "kind: is paper or method")
    if field == "link":
        known = extensions.filters["link"]
        link = value.lower()
        return (replace(filters, link=link), "") if link in known.values else (filters, f"link: is {known.in_words}")
    return (replace(filters, digest=value) if field == "digest" else replace(filters, cluster=value)), ""


def _other_spelling(word: str) -> str:
    """normalisation for normalization and back; other words stay."""
    return _ISE.sub(lambda ending: f"i{'z' if ending[1] == 's' else 's'}{ending[2]}", word)


_ISE = re.compile(r"(?<=\w{3})i([sz])(ation|ations|e|es|ed|er|ers|ing|)$")


def _distinct(terms: list[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))[:MOST_TERMS]
