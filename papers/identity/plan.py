"""What placing records among the known papers comes to, before any of it is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from papers.digests.records import Record
from papers.identity.sources import FIELDS, Version
from papers.models import Paper
from papers.reports import Change

COLUMNS = {"arxiv": "arxiv_id", "doi": "doi"}  # the identifiers that a paper has one of itself
# What a paper takes from one that is folded into it
TAKEN = (*(name for name in FIELDS if name != "title"), *COLUMNS.values(), "described", "withdrawn", "urls", "sources")


@dataclass(slots=True)
class Placed:
    """A record with its paper."""

    record: Record
    paper: Paper
    outcome: str
    changes: list[Change]


@dataclass(slots=True)
class Fold:
    """A stored row that proved to be the same paper as another, and the fields which that one took from it."""

    kept: Paper
    dropped: Paper
    changes: dict[str, list]  # field: [before, after]
    versions: list[Version]  # values that are not shown because of it


@dataclass(slots=True)
class Plan:
    """What storing the records means: papers to create, to update, to fold together, and each record's place."""

    placed: list[Placed] = field(default_factory=list)
    new: list[Paper] = field(default_factory=list)
    changed: list[Paper] = field(default_factory=list)
    folded: list[Fold] = field(default_factory=list)
    other_titles: list[tuple[Paper, str, str]] = field(default_factory=list)  # (paper, title, key)
    identifiers: dict[tuple[str, str], Paper] = field(default_factory=dict)  # beside those in the paper's own columns
    versions: list[tuple[Paper, Version]] = field(default_factory=list)
    questions: list[tuple[Paper, Paper, str]] = field(default_factory=list)  # may be one: a person should say


def identifiers_of(source: Record | Paper) -> Iterator[tuple[str, str]]:
    """(kind, value), arXiv first; of a paper those of its own columns."""
    for kind, column in COLUMNS.items():
        if value := getattr(source, column):
            yield kind, value
    if isinstance(source, Record):
        yield from source.identifiers
