"""What a paper's page tells of its identifiers, of where its values came from, and of values it does not show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from papers.digests.identifiers import ADDRESSES, NAMES
from papers.identity.plan import identifiers_of
from papers.identity.sources import FIELDS, WORDS, origin_of
from papers.models import Digest, Paper

WORDS_COMPARED = 3000  # of a text; the time for more grows with their square


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier with its site's name and the address it has there."""

    kind: str
    value: str

    @property
    def site(self) -> str:
        return NAMES.get(self.kind, self.kind)

    @property
    def address(self) -> str:
        return ADDRESSES[self.kind].format(self.value) if self.kind in ADDRESSES else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A field of the paper and where its value came from; `digest` is empty where that is no longer known."""

    field: str
    source: str
    digest: str = ""
    digest_id: int | None = None

    @property
    def title(self) -> str:
        return self.field.replace("_on", "").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Hidden(Shown):
    """A value that the paper does not show; of an abstract also how it differs from the one shown, part by part."""

    value: str = ""
    parts: tuple[tuple[str, str], ...] = ()  # ("same", "added" or "removed", words), from this one to the one shown


def addressed(paper: Paper) -> list[Identifier]:
    """All identifiers of the paper, arXiv and DOI first."""
    return [Identifier(kind, value) for kind, value in identifiers_of(paper)] + [
        Identifier(row.kind, row.value) for row in paper.identifiers.all()]


def origins_of(paper: Paper) -> list[Shown]:
    """Where each value that the paper shows came from."""
    found = {field: origin_of(paper, field) for field in FIELDS if getattr(paper, field)}
    names = _names(origin.digest for origin in found.values())
    return [Shown(field, WORDS[origin.rank] if paper.sources else "an earlier import",
                  names.get(origin.digest or 0, ""), origin.digest if origin.digest in names else None)
            for field, origin in found.items()]


def versions_of(paper: Paper) -> list[Hidden]:
    """The values that sources gave and the paper does not show, with the difference of each abstract."""
    rows = [row for row in paper.values.all() if str(row.value) != str(getattr(paper, row.field, None))]
    names = _names(row.digest for row in rows)
    return [Hidden(row.field, WORDS[row.rank], names.get(row.digest or 0, ""),
                   row.digest if row.digest in names else None,
                   ", ".join(row.value) if isinstance(row.value, list) else str(row.value),
                   difference(row.value, paper.abstract) if row.field == "abstract" else ()) for row in rows]


def _names(digests: Iterable[int | None]) -> dict[int, str]:
    return dict(Digest.objects.filter(pk__in={pk for pk in digests if pk}).values_list("pk", "name"))


def difference(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """From one text to another, word by word: ("same", "removed" or "added", words).

    >>> difference("We sort fast.", "We sort very fast.")
    (('same', 'We sort'), ('added', 'very'), ('same', 'fast.'))
    """
    old, new = re.findall(r"\S+", before)[:WORDS_COMPARED], re.findall(r"\S+", after)[:WORDS_COMPARED]
    parts = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("same", " ".join(old[start:end])))
            continue
        parts += [(said, " ".join(words)) for said, words in (("removed", old[start:end]),
                                                              ("added", new[new_start:new_end])) if words]
    return tuple(parts)
