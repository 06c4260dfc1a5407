"""What a person typed into the search box, taken apart. Any text is a valid query.

    long tail            texts with these words; those with all of them first
    "label smoothing"    the words next to each other, required; “ ” „ « » quote as well
    -survey              without this word (or -"this phrase", or -year:2020)
    regulari*            words that begin so
    lstm OR transformer  one of them
    title:attention      in the title
    kind:method          one kind only
    author:Hu year:2020-2022 has:code ...   papers alone: see `papers.search.fields`
    author:Hu OR author:Wang, author:(Hu OR Wang), author:"Hu, Edward"

An arXiv id, DOI or address names a paper, in whatever spelling.
"""

from __future__ import annotations

import re
from dataclasses import replace

from papers.parameters import unknown
from papers.search.fields import Field, checked, fits, known_fields, parse_years
from papers.search.identifiers import Identifier, identifiers_in
from papers.search.query import KINDS, MOST_TERMS, Filters, Query, Term, words_of

MOST_FIELDS = 16  # a pasted page is searched by its first fields
MOST_VALUES = 32  # of one field
TITLE = "title"

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂〝〞", '"'))
_TOKEN = re.compile(r"""
    (?<!\S)(?P<minus>-?)
    (?: (?P<field>[A-Za-z]{2,20}):(?P<value> \((?:[^()"]|"[^"]*")*\) | "[^"]*" | [^\s"]\S* | "[^"]*$ | (?=\s|$))
      | "(?P<phrase>[^"]*)" | (?P<word>\S+) )""", re.VERBOSE)


def parse_query(typed: str, filters: Filters | None = None) -> Query:
    """Take a query apart; fields in the box go before the given filters."""
    typed = "".join(character if character.isprintable() else " " for character in typed or "").strip()
    reading = _Reading(filters or Filters())
    plain = typed.translate(_QUOTES)
    alone = identifiers_in(plain)
    either = False  # what was read last and what comes now are alternatives
    for match in [] if alone and ":" in plain.partition("/")[0] else _TOKEN.finditer(plain):
        if match["word"] == "OR" and not match["minus"] and reading.last is not None and plain[match.end():].strip():
            either = True
            continue
        reading.take(match, either)
        either = False
    if alone and ":" in plain.partition("/")[0]:  # its colon is no field's
        reading.take_words(plain, minus=False, quoted=False, either=False)
    return reading.query(typed, alone)


class _Reading:
    """A query as far as it is read. `last` is what an OR would join the next part to."""

    def __init__(self, filters: Filters):
        self.filters = filters
        self.words: list[tuple[Term, bool]] = []  # and whether it is left out
        self.fields: list[Field] = []
        self.meant: list[str] = []
        self.problems: list[str] = []
        self.identifiers: list[Identifier] = []
        self.last: Term | Field | None = None

    def take(self, match: re.Match, either: bool) -> None:
        minus, name, value = bool(match["minus"]), (match["field"] or "").lower(), match["value"]
        if name in ("kind", TITLE, *known_fields()):
            if not value or not value.strip('"()').strip():
                self.problems.append(f"{name}: needs a value, right after the colon")
                self.take_words(match["field"], minus=minus, quoted=False, either=either)
            else:
                self.take_field(name, _values(value), minus=minus, either=either)
            return
        word = match["word"] or (f"{match['field']}:{value}" if match["field"] else "")
        if name and value and match["field"].islower() and re.match(r'["(]?\w', value) and not identifiers_in(word):
            self.problems.append(unknown("field", f"{name}:", ["kind", TITLE, *known_fields()]))
        if isinstance(self.last, Field) and either and not minus:
            self.take_field(self.last.name, [match["phrase"] or word], minus=self.last.excluded, either=True)
            return
        self.take_words(match["phrase"] if match["phrase"] is not None else word, minus=minus,
                        quoted=match["phrase"] is not None, either=either)

    def take_words(self, text: str, *, minus: bool, quoted: bool, either: bool) -> None:
        term = _term(text, quoted)
        if term is None:
            return
        if not (minus or quoted):
            self.identifiers += identifiers_in(text)
        if not (minus or term.prefix):  # a word's beginning means nothing yet
            self.meant.append(text.strip('"'))
        self._add(term, minus, either)

    def take_field(self, name: str, values: list[str], *, minus: bool, either: bool) -> None:
        if name == TITLE:
            terms = [term for value in values if (term := _term(value, '"' in value or " " in value, TITLE))]
            if terms:
                self.meant += [] if minus else [str(term) for term in terms if not term.prefix]
                self._add(replace(terms[0], others=tuple(terms[1:])), minus, either)
            return
        good = []
        for value in values[:MOST_VALUES]:
            try:
                good.append(_kind(value) if name == "kind" else checked(name, value, self.filters.asker))
            except ValueError as error:
                self.problems.append(f"{name}: {error}")
        if not good:
            return
        field = Field(name, tuple(good), minus)
        last = self.last
        if either and isinstance(last, Field) and (last.name, last.excluded) == (name, minus):
            self.fields.remove(last)
            field = replace(last, values=(*last.values, *good)[:MOST_VALUES])
        elif either:
            self._not_joined()
        self.fields.append(field)
        self.last = field

    def _add(self, term: Term, minus: bool, either: bool) -> None:
        if either and isinstance(self.last, Term) and not minus and not self.words[-1][1]:
            term = replace(self.last, others=(*self.last.others, *term.alternatives)[:MOST_TERMS])
            self.words.pop()
        elif either:
            self._not_joined()
        self.words.append((term, minus))
        self.last = term

    def _not_joined(self) -> None:
        self.problems.append("OR: joins words, or values of one field; it was left out between other things")

    def query(self, typed: str, alone: tuple[Identifier, ...]) -> Query:
        wanted: list[Term] = []
        required: list[Term] = []
        excluded: list[Term] = []
        for term, minus in self.words:
            bound = any(each.exact or each.column for each in term.alternatives)
            (excluded if minus else required if bound else wanted).append(term)
        return Query(typed, _distinct(wanted), _distinct(required), _distinct(excluded), self._filters(),
                     " ".join(self.meant), tuple(dict.fromkeys(self.problems)),
                     alone or tuple(dict.fromkeys(self.identifiers[:MOST_FIELDS])), bool(alone))

    def _filters(self) -> Filters:
        """A field in the box takes the place of the filter of its name; several of one name all hold."""
        filters = self.filters
        fields = list(dict.fromkeys(self.fields))[:MOST_FIELDS]
        named = {field.name for field in fields}
        filters = replace(
            filters, digest="" if "digest" in named else filters.digest,
            cluster="" if "cluster" in named else filters.cluster, link="" if "link" in named else filters.link,
            years=(None, None) if "year" in named else filters.years,
            fields=tuple(field for field in filters.fields if field.name not in named))
        if "kind" in named:
            kinds = set(KINDS)
            for field in fields:
                if field.name == "kind":
                    chosen = {kind for kind in KINDS if any(fits(kind, value) for value in field.values)}
                    kinds = kinds - chosen if field.excluded else kinds & chosen
            filters = replace(filters, kinds=tuple(kind for kind in KINDS if kind in kinds))
        for field in fields:
            simple = not field.excluded and len(field.values) == 1 and "*" not in field.values[0] \
                and sum(other.name == field.name for other in fields) == 1
            if field.name == "year" and simple:
                filters = replace(filters, years=parse_years(field.values[0]))
            elif field.name == "digest" and simple:
                filters = replace(filters, digest=field.values[0])
            elif field.name == "cluster" and simple:
                filters = replace(filters, cluster=field.values[0])
            elif field.name == "link" and simple:
                filters = replace(filters, link=field.values[0].lower())
            elif field.name != "kind":
                filters = replace(filters, fields=(*filters.fields, field))
        return filters


def _term(text: str, quoted: bool, column: str = "") -> Term | None:
    words = words_of(text)
    return Term(words, text.rstrip('"').endswith("*") and not (quoted and not column), quoted, column) \
        if words else None


def _values(value: str) -> list[str]:
    """`Hu`, `"Hu, Edward"` or `(Hu OR "Wang")` as the values it lists."""
    inner = value[1:-1] if value.startswith("(") and value.endswith(")") else value.lstrip("(")
    parts = re.split(r'\s+OR\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', inner)
    return [stripped for part in parts if (stripped := part.replace('"', "").strip())]


def _kind(value: str) -> str:
    kind = value.lower() if "*" in value else value.lower().rstrip("s")
    if not any(fits(known, kind) for known in KINDS):
        raise ValueError("is paper or method")
    return kind


def _distinct(terms: list[Term]) -> tuple[Term, ...]:
    return tuple(dict.fromkeys(terms))[:MOST_TERMS]
