"""What a person typed into the search box, as its parts: words, phrases, what is left out, fields; see `parsing`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from papers.extensions import Asker
from papers.models import SearchText
from papers.search.fields import Field
from papers.search.identifiers import Identifier
from papers.search.terms import FUNCTION_WORDS, stem

MOST_TERMS = 64  # a pasted page is searched by its first words
MOST_NAMES = 4  # words of what could be an author's name
KINDS = (SearchText.PAPER, SearchText.METHOD)

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Term:
    """One word, or several that must stand next to each other; `prefix` matches longer words too.

    What was quoted is `exact`; anything else also matches its singular or plural, British or American spelling
    (-ise, -ize) and, if it has one, without its hyphen. `others` do as well as it (OR); with a `column` it is looked
    for there alone.
    """

    words: tuple[str, ...]
    prefix: bool = False
    exact: bool = False
    column: str = ""
    others: tuple[Term, ...] = ()

    @property
    def alternatives(self) -> tuple[Term, ...]:
        return (self, *self.others)

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
        return " OR ".join([" ".join(self.words) + ("*" if self.prefix else ""), *map(str, self.others)])


@dataclass(frozen=True)
class Filters:
    """What to search among; `fields` and the rest restrict papers alone.

    `digest` and `cluster` are a primary key or a part of the name; `years` are inclusive bounds; `fields` are further
    ones, or those with several values or none of them. `asker` is the account that asks, whom some fields speak of.
    """

    kinds: tuple[str, ...] = KINDS
    digest: str = ""
    cluster: str = ""
    years: tuple[int | None, int | None] = (None, None)
    link: str = ""
    fields: tuple[Field, ...] = ()
    asker: Asker = None

    @property
    def about_papers(self) -> bool:
        return bool(self.narrowing)

    @property
    def narrowing(self) -> tuple[Field, ...]:
        """Everything that restricts papers, as fields."""
        single = {"digest": self.digest, "cluster": self.cluster, "link": self.link}
        if self.years != (None, None):
            single["year"] = "-".join("" if year is None else f"{year:04d}" for year in self.years)
        return (*(Field(name, (value,)) for name, value in single.items() if value), *self.fields)


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
    identifiers: tuple[Identifier, ...] = ()  # what the typed text, or a word of it, names
    names_alone: bool = False  # nothing but an identifier was typed

    @property
    def telling(self) -> tuple[Term, ...]:
        """The wanted terms without function words, unless there are no others."""
        rare = tuple(term for term in self.wanted
                     if len(term.words) > 1 or term.others or term.words[0] not in FUNCTION_WORDS)
        return rare or self.wanted

    @property
    def author(self) -> str:
        """The query as what could be an author's name; empty when it has phrases, fields of text or many words."""
        words = [term for term in self.wanted if not term.prefix and not term.others]
        if self.required or self.excluded or len(words) != len(self.wanted) or len(words) > MOST_NAMES \
                or any(part.isdigit() for term in words for part in term.words):
            return ""
        return " ".join(" ".join(term.words) for term in words)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as the full-text index has them."""
    return tuple(_WORD.findall(text.lower()))


def _other_spelling(word: str) -> str:
    """normalisation for normalization and back; other words stay."""
    return _ISE.sub(lambda ending: f"i{'z' if ending[1] == 's' else 's'}{ending[2]}", word)


_ISE = re.compile(r"(?<=\w{3})i([sz])(ation|ations|e|es|ed|er|ers|ing|)$")
