"""Counts beside the results: of what was found, how much is of each kind, year, link, arena, verdict ..."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from papers.extensions import extensions
from papers.models import Paper, SearchText
from papers.search.fusion import FACETED, Results

MOST_VALUES = 8  # of one facet


@dataclass(frozen=True)
class Facet:
    """A field and its values (value, title, count), the most frequent first, years in their order."""

    name: str
    title: str
    values: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Facets:
    """The facets of what was found; `counted` texts were looked at, which are not `all_of_them` in a long list."""

    facets: tuple[Facet, ...]
    counted: int
    all_of_them: bool


def facets_of(results: Results) -> Facets:
    """A query for the years and one for each app that counts its fields, over at most FACETED texts."""
    found = results.found[:FACETED]
    papers = [pk for kind, pk in found if kind == SearchText.PAPER and pk]
    facets = [_facet("kind", "Kind", Counter(kind for kind, _ in found), {"paper": "papers", "method": "methods"})]
    if papers:
        years = Counter(Paper.objects.filter(pk__in=papers).exclude(year=None).values_list("year", flat=True))
        facets.append(Facet("year", "Year", tuple((str(year), str(year), count) for year, count in sorted(
            years.most_common(MOST_VALUES), reverse=True))))
        counts = {name: values for count in extensions.facets for name, values in count(papers).items()}
        facets += [_facet(name, field.title, counts[name], field.values() or {})
                   for name, field in extensions.fields.items() if counts.get(name)]
    return Facets(tuple(facet for facet in facets if facet.values), len(found), len(found) == results.total)


def _facet(name: str, title: str, counts, titles) -> Facet:
    order = sorted(((value, count) for value, count in counts.items() if count), key=lambda pair: (-pair[1], pair[0]))
    return Facet(name, title, tuple((value, titles.get(value, value), count) for value, count in order[:MOST_VALUES]))
