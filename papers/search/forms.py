"""The search form's fields and the API's parameters, read alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from papers.extensions import Asker, extensions
from papers.models import SearchText
from papers.parameters import MOST_LETTERS, id_from
from papers.search.fields import Field, checked, parse_years
from papers.search.fusion import Examples
from papers.search.query import KINDS, Filters

MOST_EXAMPLES = 20  # of the like, and of the unlike


def filters_from(values: Mapping[str, str], asker: Asker = None) -> tuple[Filters, list[str]]:
    """The filters among a form's values, and what was not understood in them."""
    problems = []

    def text(name: str) -> str:
        return (values.get(name) or "").replace("\0", "").strip()[:MOST_LETTERS]

    kind, link = text("kind").lower(), text("link").lower()
    if kind and kind not in KINDS:
        problems.append(f"kind: {kind} is not known; it is paper or method")
    links = extensions.filters["link"]
    if link and link not in links.values:
        problems.append(f"link: {link} is not known; it is {links.in_words}")
    years: tuple[int | None, int | None] = (None, None)
    if text("year"):
        try:
            years = parse_years(text("year"))
        except ValueError as error:
            problems.append(f"year: {error}")
    fields = []
    for name in extensions.fields:
        if name != "link" and (value := text(name)):
            try:
                fields.append(Field(name, (checked(name, value, asker),)))
            except ValueError as error:
                problems.append(f"{name}: {value} is not known; it {error}")
    return Filters(kinds=(kind,) if kind in KINDS else KINDS, digest=text("digest"), cluster=text("cluster"),
                   years=years, link=link if link in links.values else "", fields=tuple(fields), asker=asker), problems


def examples_from(like: Iterable[str], unlike: Iterable[str], text: str) -> tuple[Examples, list[str]]:
    """The examples among a form's values, "paper:12" or "method:arena/slug", and what was not understood in them."""
    problems: list[str] = []

    def read(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        for value in list(dict.fromkeys(values)):
            kind, _, key = value.replace("\0", "").strip().partition(":")
            if kind not in KINDS or not key or (kind == SearchText.PAPER and id_from(key) is None) or len(key) > 160:
                problems.append(f"{value[:100]!r} is no example: write paper:12 or method:arena/slug")
            elif len(found) < MOST_EXAMPLES:
                found.append((kind, str(id_from(key)) if kind == SearchText.PAPER else key))
            else:
                problems.append(f"only {MOST_EXAMPLES} examples are compared at a time")
        return tuple(found)

    return Examples(read(like), read(unlike), text), list(dict.fromkeys(problems))
