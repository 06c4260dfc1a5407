"""The fields of the search box that narrow to papers: `year:2020 author:Hu has:code`, and those the apps above add.

A value may end in or hold `*`; several values of one field are alternatives.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from papers.digests.venues import names_of
from papers.extensions import Asker, Condition, SearchField, extensions
from papers.models import Appearance, Cluster, Digest, Paper
from papers.parameters import id_from
from papers.search import identifiers, names

NAMED_VALUES = 12  # in the sentence about a value that there is not


@dataclass(frozen=True)
class Field:
    """Papers of which the field has any of the values; with `excluded`, none of them."""

    name: str
    values: tuple[str, ...]
    excluded: bool = False

    def condition(self, asker: Asker = None) -> Q:
        """Of Paper, for the account that asks; the values are known to be good (`checked`)."""
        either = Q(pk__in=())
        for value in self.values:
            either |= Q(PAPER_FIELDS[self.name](value) if self.name in PAPER_FIELDS
                        else _registered(extensions.fields[self.name], value, asker))
        return ~either if self.excluded else either


def known_fields() -> list[str]:
    """Of papers, those the apps above registered last."""
    return [*PAPER_FIELDS, *extensions.fields]


def checked(name: str, value: str, asker: Asker = None) -> str:
    """The value as the field wants it. Raises ValueError with what it may be."""
    if name == "year":
        parse_years(value)
    elif name in ("arxiv", "doi") and "*" not in value:
        if not any(kind == name for kind, _ in identifiers.identifiers_in(value)):
            raise ValueError(f"{value!r} is none: write {'2106.09685' if name == 'arxiv' else '10.1145/3292500'}, "
                             "or its beginning with *")
    elif name in ("arxiv", "doi", "author", "source", "venue"):
        if not re.search(r"[^\W_]", value):
            raise ValueError("needs a letter or digit")
    elif name == "has":
        if value.lower() not in HAS:
            raise ValueError(f"is {_in_words(HAS)}")
    elif name in extensions.fields:
        values = extensions.fields[name].values_for(asker)
        if values is not None and not _matching(value, values):
            raise ValueError(f"is {_in_words(values)}")
    return value


def parse_years(value: str) -> tuple[int | None, int | None]:
    """"2023", "2020-2022", "2020-", "-2020" or "202*" as inclusive bounds. Raises ValueError."""
    if begun := re.fullmatch(r"(\d{1,3})\*", value.strip()):
        digits = begun[1]
        return int(digits.ljust(4, "0")), int(digits.ljust(4, "9"))
    match = re.fullmatch(r"(\d{4})?(-|\.\.|–)?(\d{4})?", value.strip())
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise ValueError(f"{value!r} is not a year: write 2023, 2020-2022, 2020-, -2022 or 202*")
    low, high = (int(part) if part else None for part in (match[1], match[3]))
    if not match[2]:
        return low, low
    if low and high and low > high:
        low, high = high, low
    return low, high


def in_years(bounds: tuple[int | None, int | None]) -> Q:
    low, high = bounds
    return (Q(year__gte=low) if low is not None else Q()) & (Q(year__lte=high) if high is not None else Q())


def fits(value: str, pattern: str) -> bool:
    """Whether the value is the pattern, in which `*` stands for anything; case does not count."""
    plain = pattern.lower().replace("[", "[[]").replace("?", "[?]")
    return fnmatch.fnmatchcase(value.lower(), plain)


def _in_digest(value: str) -> Q:
    if "*" in value:
        chosen: Iterable = [pk for pk, name in Digest.objects.values_list("pk", "name") if fits(name, value)]
    else:
        key = id_from(value)
        chosen = [key] if key else Digest.objects.filter(name__icontains=value).values("pk")
    return Q(pk__in=Appearance.objects.filter(digest__in=chosen).values("paper"))


def _in_cluster(value: str) -> Q:
    if "*" in value:
        return Q(cluster__in=[pk for pk, label in Cluster.objects.values_list("pk", "label") if fits(label, value)])
    key = id_from(value)
    return Q(cluster=key) if key else Q(cluster__in=Cluster.objects.filter(label__icontains=value).values("pk"))


def _identified(kind: str) -> Callable[[str], Q]:
    def condition(value: str) -> Q:
        if "*" in value:
            start = re.sub(r"^(?:https?://)?(?:\w+\.)*(?:arxiv\.org/abs/|doi\.org/|arxiv:|doi:)", "",
                           value.partition("*")[0], flags=re.I)
            return names.by_identifier([(kind, start)], beginning=True)
        return names.by_identifier([each for each in identifiers.identifiers_in(value) if each[0] == kind])
    return condition


def _from_source(value: str) -> Q:
    """From a site among its addresses (openreview, arxiv.org), or from a digest of this format (bibtex, RSS)."""
    start = value.replace("*", "")
    formats = Digest.objects.filter(format__iexact=start) if "*" not in value else \
        Digest.objects.filter(format__istartswith=start)
    listed = Q(pk__in=Appearance.objects.filter(digest__in=formats.values("pk")).values("paper"))
    return listed | names.by_identifier([(identifiers.SITE, start)], beginning=True)


def _in_venue(value: str) -> Q:
    """By words of its name, well-known ones by their initials too; initials are a word of their own."""
    text = value.strip("* ")
    if value.endswith("*") and not value.startswith("*"):
        return Q(venue__istartswith=text)
    named = Q(venue__icontains=text)
    if re.fullmatch(r"[A-Za-z]{2,7}", text):
        named &= Q(venue__iregex=rf"(^|[^a-z]){text}([^a-z]|$)")
    for words in names_of(text):
        named |= Q(venue__icontains=words)
    return named


HAS: dict[str, Callable[[], Q]] = {
    "code": lambda: names.by_identifier([(identifiers.HAS, "code")]),
    "arxiv": lambda: Q(arxiv_id__isnull=False),
    "doi": lambda: Q(doi__isnull=False),
    "abstract": lambda: ~Q(abstract="") & Q(described=False),
    "withdrawn": lambda: Q(withdrawn=True),
}

PAPER_FIELDS: dict[str, Callable[[str], Q]] = {
    "year": lambda value: in_years(parse_years(value)),
    "digest": _in_digest,
    "cluster": _in_cluster,
    "author": names.by_author,
    "arxiv": _identified(identifiers.ARXIV),
    "doi": _identified(identifiers.DOI),
    "source": _from_source,
    "venue": _in_venue,
    "has": lambda value: HAS[value.lower()](),
}


def _matching(value: str, values: Mapping[str, str]) -> list[str]:
    """The values meant: the one so called or titled, or with `*` all that fit."""
    return [each for each, title in values.items() if fits(each, value) or fits(title, value)]


def _registered(field: SearchField, value: str, asker: Asker) -> Condition:
    either, values = Q(pk__in=()), field.values_for(asker)
    for each in [value] if values is None else _matching(value, values):
        either |= Q(field.of(each, asker))
    return either


def _in_words(values: Iterable[str]) -> str:
    *first, last = list(values)[:NAMED_VALUES + 1] or ["nothing yet"]
    if len(first) == NAMED_VALUES:
        return f"{', '.join(first)} …"
    return f"{', '.join(first)} or {last}" if first else last


def shows_hidden(fields: Iterable[Field]) -> bool:
    """Whether what the account has hidden is asked for."""
    return any(field.name == "is" and {"hidden", "all"} & {value.lower() for value in field.values}
               for field in fields)


def papers_with(fields: Iterable[Field], asker: Asker = None):
    """The papers that all the fields leave to the account that asks."""
    papers = Paper.objects.all()
    for field in fields:
        papers = papers.filter(field.condition(asker))
    return papers
