"""What the search box offers while somebody types: fields' values, authors, and titles of papers and methods."""

from __future__ import annotations

import re
from dataclasses import dataclass

from papers.extensions import Asker, extensions
from papers.models import Paper
from papers.search.fields import known_fields
from papers.search.lexical import titles_with
from papers.search.names import folded, newest_by_author

LEAST = 2  # letters
MOST_LETTERS = 100
TITLES, AUTHORS, VALUES = 6, 4, 4  # offered at most
LOOKED_AT = 40  # papers, for the authors' names as they are written


@dataclass(frozen=True)
class Suggestion:
    """The whole text of the box as it would be, and what it is."""

    text: str
    label: str


def suggestions(typed: str, asker: Asker = None) -> list[Suggestion]:
    """Ways to complete the typed text, a handful of each kind; none for less than two letters. Four queries at most."""
    typed = "".join(ch if ch.isprintable() else " " for ch in typed).lstrip()
    if len(typed.strip()) < LEAST or len(typed) > MOST_LETTERS:
        return []
    field = re.fullmatch(r'(.*(?:^|\s))?-?([A-Za-z]{2,20}):"?([^"]*)', typed)
    if field and field[2].lower() in ("kind", "title", *known_fields()):
        before, name, value = field[1] or "", field[2].lower(), field[3]
        if name == "author":
            return [Suggestion(f'{before}author:"{author}"', "author") for author in _authors(value)]
        if name in extensions.fields:
            return _values(name, value, before, asker)
        return []
    offered = [Suggestion(title, kind) for kind, title in titles_with(typed, TITLES)]
    authors = [Suggestion(f'author:"{author}"', "author") for author in _authors(typed)]
    values = [suggestion for name in extensions.search_fields for suggestion in _values(name, typed, "", asker)]
    return [*offered, *authors, *values[:VALUES]]


def _authors(typed: str) -> list[str]:
    """Authors, as papers write them, of whose name the words typed are a part, the last one being a beginning."""
    words = re.findall(r"[^\W_]+", folded(typed))
    if not words:
        return []
    names: dict[str, int] = {}
    papers = newest_by_author(" ".join(words) + "*", LOOKED_AT)
    for authors in Paper.objects.filter(pk__in=papers).values_list("authors", flat=True):
        for author in authors:
            parts = re.findall(r"[^\W_]+", folded(str(author)))
            if all(word in parts for word in words[:-1]) and any(part.startswith(words[-1]) for part in parts):
                name = str(author).replace('"', "")
                names[name] = names.get(name, 0) + 1
    return sorted(names, key=lambda name: (-names[name], name))[:AUTHORS]


def _values(name: str, typed: str, before: str, asker: Asker) -> list[Suggestion]:
    """Values of a registered field of which a word begins so; of a personal one those of the account that asks."""
    start, known = folded(typed).strip(), extensions.fields[name]
    if known.personal and asker is None:
        return []
    return [Suggestion(f'{before}{name}:"{value}"' if " " in value else f"{before}{name}:{value}", title)
            for value, title in (known.values_for(asker) or {}).items()
            if folded(value).startswith(start) or re.search(rf"(?:^|\W){re.escape(start)}", folded(title))][:VALUES]

