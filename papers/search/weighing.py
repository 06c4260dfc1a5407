"""Keeping the words of SQLite cheap where very many texts have them: only the promising ones are weighed.

BM25 of FTS5 weighs every text that matches, a microsecond each; counting them takes a twentieth of that. Where any of
several words will do, texts with none of the rarer ones come last anyway; where a frequent word is all there is, those
with it in the title come first. So past MOST matches only such are weighed, and what they were chosen by counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from papers.search.full_text import WORDS

MOST = 3_000  # texts weighed for one ranking


def promising(expression: str, words: Sequence[str], *, either: bool, times: int) -> str:
    """The FTS5 expression, or one for part of its matches. `words` are its parts; any of them will do if `either`.

    `times` as many as usual are weighed.
    """
    most = times * MOST
    if _matches([expression], most)[0] <= most:
        return expression
    if either and len(words) > 1:
        chosen: list[str] = []
        total = 0
        for count, word in sorted(zip(_matches(words, most), words, strict=True)):
            total += count
            if total > most:
                break
            chosen += [word] if count else []
        if chosen:
            return f"({' OR '.join(chosen)}) AND ({expression})"
    titled = f"({' OR '.join(f'title : {word}' for word in words)}) AND ({expression})"
    return titled if _matches([titled], 0)[0] else expression


def _matches(expressions: Sequence[str], most: int) -> list[int]:
    """How many texts match each, counted no further than one past `most`."""
    one = f"SELECT (SELECT count(*) FROM (SELECT 1 FROM {WORDS} WHERE {WORDS} MATCH %s LIMIT {most + 1}))"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(expressions)), list(expressions))
        return [count for count, in cursor.fetchall()]
