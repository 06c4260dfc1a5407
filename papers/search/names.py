"""Papers by author or identifier, asked of the full-text index of names: no paper is read to find them.

Authors are kept folded (no accents, lower case) with a gap of filler words between one and the next, so that the words
of a name asked for are near each other only inside one author's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from papers.search.full_text import NAMES, TABLE
from papers.search.identifiers import END, Identifier

NEAR = 4  # words that may stand between two words of one name
GAP = " 0" * (NEAR + 1) + " "
MOST_WORDS = 6  # of a name asked for
_WORD = re.compile(r"[^\W_]+")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})


def folded(text: str) -> str:
    """The text in lower case without accents; letters that only look like one with an accent become the plain one."""
    plain = "".join(ch for ch in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(ch))
    return unicodedata.normalize("NFC", plain.translate(_LETTERS))  # NFC: Korean syllables come apart in NFKD


def authors_as_words(authors: Iterable[str]) -> str:
    """The authors as the full-text index keeps them."""
    return GAP.join(" ".join(_WORD.findall(folded(str(author)))) for author in authors)


def by_author(name: str) -> Q:
    """Papers of which one author has all these words in the name, in any order; `*` ends a beginning.

    "Hu", "Hu, Edward", "Edward Hu", "E. Hu" and "Edw* Hu" all find Edward J. Hu: a single letter is an initial.
    """
    expression = author_expression(name)
    return _papers(expression) if expression else Q(pk__in=())


def by_identifier(identifiers: Iterable[Identifier], *, beginning: bool = False) -> Q:
    """Papers known by any of the identifiers; with `beginning`, by one that begins so."""
    return _papers(identifier_expression(identifiers, beginning=beginning))


def newest_by_author(name: str, count: int) -> list[int]:
    """The primary keys of the papers of `by_author`, the last recorded first; costs what is asked for."""
    expression = author_expression(name)
    if not expression:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"SELECT t.paper_id FROM {NAMES} JOIN {TABLE} t ON t.id = {NAMES}.rowid "
                           f"WHERE {NAMES} MATCH %s AND t.paper_id IS NOT NULL ORDER BY {NAMES}.rowid DESC LIMIT %s",
                           [expression, count])
        else:
            cursor.execute(f"SELECT paper_id FROM {TABLE} WHERE names @@ to_tsquery('simple', %s) "
                           "AND paper_id IS NOT NULL ORDER BY id DESC LIMIT %s", [expression, count])
        return [pk for pk, in cursor.fetchall()]


def author_expression(name: str) -> str:
    """The name in the database's query language; empty for a name without a letter or digit."""
    words = re.findall(r"([^\W_]+)(\*?)", folded(name))[:MOST_WORDS]
    asked = [(word, bool(star) or (len(word) == 1 and len(words) > 1)) for word, star in words]
    if connection.vendor == "sqlite":
        phrases = [f'"{word}"{"*" if prefix else ""}' for word, prefix in asked]
        if not phrases:
            return ""
        return f"authors : {phrases[0]}" if len(phrases) == 1 else f"authors : NEAR({' '.join(phrases)}, {NEAR})"
    lexemes = [f"'{word}':{'*' if prefix else ''}A" for word, prefix in asked]
    if len(lexemes) == 1:
        return lexemes[0]
    pairs = [(first, second) for place, first in enumerate(lexemes) for second in lexemes[place + 1:]]
    return " & ".join("(" + " | ".join(f"{a} <{gap}> {b}" for gap in range(1, NEAR + 2)
                                       for a, b in ((first, second), (second, first))) + ")"
                      for first, second in pairs)


def identifier_expression(identifiers: Iterable[Identifier], *, beginning: bool = False) -> str:
    """Any of the identifiers in the database's query language."""
    wanted = []
    for kind, value in identifiers:
        words = [kind, *_WORD.findall(value.lower()), *([] if beginning else [END])]
        star = "*" if beginning and value[-1:].isalnum() else ""
        if connection.vendor == "sqlite":
            wanted.append(f'"{" ".join(words)}"{star}')
        else:
            *first, last = [f"'{word}'" for word in words]
            wanted.append("(" + " <-> ".join([*(f"{word}:D" for word in first), f"{last}:{star}D"]) + ")")
    return f"ids : ({' OR '.join(wanted)})" if connection.vendor == "sqlite" else " | ".join(wanted)


def _papers(expression: str) -> Q:
    if connection.vendor == "sqlite":
        return Q(pk__in=RawSQL(f"SELECT t.paper_id FROM {NAMES} JOIN {TABLE} t ON t.id = {NAMES}.rowid "
                               f"WHERE {NAMES} MATCH %s AND t.paper_id IS NOT NULL", [expression]))
    return Q(pk__in=RawSQL(f"SELECT paper_id FROM {TABLE} WHERE names @@ to_tsquery('simple', %s) "
                           "AND paper_id IS NOT NULL", [expression]))
