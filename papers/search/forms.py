"""The search form's fields and the API's parameters, read alike."""

from __future__ import annotations

from collections.abc import Mapping

from papers.extensions import extensions
from papers.parameters import MOST_LETTERS
from papers.search.fields import Field, checked, parse_years
from papers.search.query import KINDS, Filters


def filters_from(values: Mapping[str, str]) -> tuple[Filters, list[str]]:
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
                fields.append(Field(name, (checked(name, value),)))
            except ValueError as error:
                problems.append(f"{name}: {value} is not known; it {error}")
    return Filters(kinds=(kind,) if kind in KINDS else KINDS, digest=text("digest"), cluster=text("cluster"),
                   years=years, link=link if link in links.values else "", fields=tuple(fields)), problems
