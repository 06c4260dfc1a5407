"""Exact words: SQLite FTS5 or PostgreSQL full text, ranked with the title weighing more than the body."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from papers.extensions import Asker
from papers.models import Paper, SearchText
from papers.search.fields import papers_with
from papers.search.full_text import NAMES, TABLE, WORDS
from papers.search.names import author_expression, by_author, by_identifier
from papers.search.parsing import parse_query
from papers.search.query import KINDS, MOST_TERMS, Filters, Query, Term, words_of
from papers.search.weighing import promising

if TYPE_CHECKING:
    from papers.search.narrowing import Narrowing

TITLE_WEIGHT = 5.0  # a word in the title counts as much as five in the body
CROWD = 20_000  # texts with a word: more are not read out
WIDER = 4  # times as many are weighed where a filter leaves too few of the promising
DEEPEST = 3_200  # of the best, before a filter is left to the database


@dataclass(frozen=True, slots=True)
class WordHit:
    """A text that has the words; `score` is BM25 (SQLite) or ts_rank (PostgreSQL), larger is better.

    `whole` tells a text with all the telling words from one with some.
    """

    text_id: int
    score: float
    whole: bool = True


def search_words(query: Query, count: int, *, kinds: Iterable[str], texts: Narrowing | None = None) -> list[WordHit]:
    """The texts with the query's words, best first: those with all of them before those with some.

    Of `texts` only the papers count here: what they require and exclude are words of the query.
    """
    if not (query.wanted or query.required):
        return []
    kinds = list(kinds)
    if not kinds:
        return []
    hits = _narrowed(query, " AND ", count, kinds, texts)
    if len(hits) < count and len(query.telling) > 1:
        known = {hit.text_id for hit in hits}
        hits += [hit for hit in _narrowed(query, " OR ", count, kinds, texts) if hit.text_id not in known]
    return hits[:count]


def _narrowed(query: Query, between: str, count: int, kinds: list[str], texts: Narrowing | None) -> list[WordHit]:
    """The best of those papers: a few papers are named to the database, many are met among the best of all."""
    if texts is None or texts.papers is None:
        return _hits(_matching(query, between, count, kinds)[0], between)
    for times in (1, WIDER) if texts.listed is None else ():
        rows, all_weighed = _matching(query, between, DEEPEST, KINDS, times=times)
        kept = texts.met([text_id for text_id, _ in rows], count)
        if kept is None:
            break
        if len(kept) >= count or (len(rows) < DEEPEST and all_weighed):
            return _hits([row for row in rows if row[0] in kept][:count], between)
    listed = texts.all_papers if texts.listed is None else texts.listed
    return _hits(_matching(query, between, count, kinds, listed)[0], between)


def _hits(rows: Iterable[tuple[int, float]], between: str) -> list[WordHit]:
    return [WordHit(text_id, float(score), between == " AND ") for text_id, score in rows]


def ids_having(terms: Iterable[Term], *, all_of_them: bool, most: int | None = None) -> set[int]:
    """The ids of the texts that have all, or any, of the terms; of more than `most` some."""
    return _having(tuple(terms), all_of_them, "" if most is None else f" LIMIT {most}")


def no_crowd(terms: Iterable[Term], *, all_of_them: bool) -> set[int] | None:
    """The same where they are no crowd: reading these costs less than asking for some of them."""
    having = ids_having(terms, all_of_them=all_of_them, most=CROWD)
    return having if len(having) < CROWD else None


def ids_among(text_ids: Iterable[int], terms: Iterable[Term], *, all_of_them: bool) -> set[int]:
    """Those of these texts that have all, or any, of the terms."""
    row = "rowid" if connection.vendor == "sqlite" else "id"
    return _having(tuple(terms), all_of_them, f" AND {row} IN ({numbers(text_ids)})")


def _having(terms: tuple[Term, ...], all_of_them: bool, further: str) -> set[int]:
    if not terms:
        return set()
    expression, values = _expression(terms, " AND " if all_of_them else " OR ")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"SELECT rowid FROM {WORDS} WHERE {WORDS} MATCH %s{further}", [expression])
        else:
            cursor.execute(f"SELECT id FROM {TABLE} WHERE words @@ ({expression}){further}", values)
        return {text_id for text_id, in cursor.fetchall()}


def texts_having(typed: str, asker: Asker = None) -> QuerySet[SearchText]:
    """The texts that a list of papers keeps: those with every word typed, or a longer one that begins so, every quoted
    phrase, and nothing excluded; of papers, also those known by an identifier typed, and, if no text has the words,
    those by an author so named. Fields narrow as in the search box.
    """
    query = parse_query(typed, Filters(asker=asker))
    texts = SearchText.objects.all()
    if query.filters.about_papers:
        texts = texts.filter(paper__in=papers_with(query.filters.narrowing, query.filters.asker).values("pk"))
    terms = query.required + tuple(replace(term, prefix=not term.exact) for term in query.wanted)
    found = texts.filter(having(terms, " AND ")) if terms else texts
    if query.excluded:
        found = found.exclude(having(query.excluded, " OR "))
    if query.names_alone:
        named = texts.filter(paper__in=Paper.objects.filter(by_identifier(query.identifiers)).values("pk"))
        return named if named.exists() else found
    if query.author and not found.exists():
        return texts.filter(paper__in=Paper.objects.filter(by_author(query.author)).values("pk"))
    return found


def having(terms: Iterable[Term], between: str) -> Q:
    """The condition of SearchText for texts with the terms; `between` is " AND " or " OR "."""
    expression, parameters = _expression(terms, between)
    if connection.vendor == "sqlite":
        return Q(pk__in=RawSQL(f"SELECT rowid FROM {WORDS} WHERE {WORDS} MATCH %s", [expression]))
    return Q(pk__in=RawSQL(f"SELECT id FROM {TABLE} WHERE words @@ ({expression})", parameters))


def titles_with(typed: str, count: int) -> list[tuple[str, str]]:
    """(kind, title) of texts with all these words in the title, the last one being a beginning; the newest first."""
    words = words_of(typed)[-MOST_TERMS:]
    if not words:
        return []
    terms = [Term((word,), prefix=place == len(words), exact=True, column="title")
             for place, word in enumerate(words, start=1)]
    expression, parameters = _expression(terms, " AND ")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"SELECT t.kind, t.title FROM {WORDS} JOIN {TABLE} t ON t.id = {WORDS}.rowid "
                           f"WHERE {WORDS} MATCH %s ORDER BY {WORDS}.rowid DESC LIMIT %s", [expression, count])
        else:
            cursor.execute(f"SELECT kind, title FROM {TABLE} WHERE words @@ ({expression}) ORDER BY id DESC LIMIT %s",
                           [*parameters, count])
        return [(kind, title) for kind, title in cursor.fetchall()]


def names_among(words: Iterable[str]) -> set[str]:
    """Those of the words that are in an author's name and in no text."""
    words = sorted(words)
    if not words:
        return set()
    asked, parameters = [], []
    for number, word in enumerate(words):
        expression, values = _expression([Term((word,))], " OR ")
        if connection.vendor == "sqlite":
            asked.append(f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {NAMES} WHERE {NAMES} MATCH %s) "
                         f"AND NOT EXISTS (SELECT 1 FROM {WORDS} WHERE {WORDS} MATCH %s)")
            parameters += [author_expression(word), expression]
        else:
            asked.append(f"SELECT {number} WHERE "
                         f"EXISTS (SELECT 1 FROM {TABLE} WHERE names @@ to_tsquery('simple', %s)) AND "
                         f"NOT EXISTS (SELECT 1 FROM {TABLE} WHERE words @@ ({expression}))")
            parameters += [author_expression(word), *values]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked), parameters)
        return {words[number] for number, in cursor.fetchall()}


def _matching(query: Query, between: str, count: int, kinds: Sequence[str],
              papers: Sequence[int] | None = None, *, times: int = 1) -> tuple[list[tuple[int, float]], bool]:
    """Id and score of the best texts, and whether all that match were weighed: of very many only the promising are,
    `times` as many as usual."""
    parts: list[str] = []
    parameters: list[str] = []
    for group, operator in ((query.required, " AND "), (query.telling, between)):
        if group:
            expression, values = _expression(group, operator)
            parts.append(f"({expression})")
            parameters += values
    sqlite = connection.vendor == "sqlite"
    row = f"+{WORDS}.rowid" if sqlite else "t.id"  # with a + each match is held against the list, not the reverse
    conditions: list[str] = []
    if papers is not None:
        conditions.append(f"{row} IN (SELECT id FROM {TABLE} WHERE paper_id IN ({numbers(papers)}))")
    elif set(kinds) == {SearchText.METHOD}:
        conditions.append(f"{row} IN (SELECT id FROM {TABLE} WHERE kind = '{SearchText.METHOD}')")
    elif set(kinds) == {SearchText.PAPER}:  # methods are few
        conditions.append(f"{row} NOT IN (SELECT id FROM {TABLE} WHERE kind = '{SearchText.METHOD}')")
    where = "".join(f" AND {condition}" for condition in conditions)
    with connection.cursor() as cursor:
        if sqlite:
            matched = every = " AND ".join(parts)
            if not where:  # what the database has to look through anyway needs no choosing
                words = [f"({' OR '.join(map(_in_fts5, term.alternatives))})"
                         for term in query.telling or query.required]
                matched = promising(every, words, either=between == " OR ", times=times)
            all_weighed = matched == every
            if query.excluded:
                matched = f"({matched}) NOT ({_expression(query.excluded, ' OR ')[0]})"
            cursor.execute(
                f"SELECT rowid AS id, -bm25({WORDS}, {TITLE_WEIGHT}, 1.0) AS score FROM {WORDS} "
                f"WHERE {WORDS} MATCH %s{where} ORDER BY score DESC, id LIMIT %s", [matched, count])
        else:
            wanted, excluded, all_weighed = " && ".join(parts), "", True
            values = list(parameters)
            if query.excluded:
                expression, more = _expression(query.excluded, " OR ")
                excluded = f" AND NOT t.words @@ ({expression})"
                values += more
            weights = f"'{{{1 / TITLE_WEIGHT}, {1 / TITLE_WEIGHT}, {1 / TITLE_WEIGHT}, 1.0}}'"
            cursor.execute(
                f"SELECT t.id, ts_rank({weights}, t.words, q.q, 1) AS score FROM {TABLE} t, (SELECT {wanted} AS q) q "
                f"WHERE t.words @@ q.q{where}{excluded} ORDER BY score DESC, t.id LIMIT %s",
                [*values, count])
        return cursor.fetchall(), all_weighed


def _expression(terms: Iterable[Term], between: str) -> tuple[str, list[str]]:
    """The terms in the database's own query language: FTS5 text, or SQL of type tsquery with its parameters."""
    if connection.vendor == "sqlite":
        return between.join("(" + " OR ".join(map(_in_fts5, term.alternatives)) + ")" for term in terms), []
    pieces, parameters = [], []
    for term in terms:
        forms = [(each, words) for each in term.alternatives for words in each.forms]
        pieces.append("(" + " || ".join("to_tsquery('simple', %s)" if each.prefix or each.column else
                                        "phraseto_tsquery('simple', %s)" for each, _ in forms) + ")")
        for each, words in forms:
            if each.prefix or each.column:  # words are letters and digits only, so quoting them is safe
                mark = "A" if each.column else ""
                quoted = [f"'{word}':{mark}" if mark else f"'{word}'" for word in words]
                if each.prefix:
                    quoted[-1] = f"'{words[-1]}':*{mark}"
                parameters.append(" <-> ".join(quoted))
            else:
                parameters.append(" ".join(words))
    return {" AND ": " && ", " OR ": " || "}[between].join(pieces), parameters


def numbers(some: Iterable[int]) -> str:
    """Whole numbers as a list of SQL."""
    return ", ".join(str(int(each)) for each in some) or "NULL"


def _in_fts5(term: Term) -> str:
    star = "*" if term.prefix else ""
    forms = " OR ".join(f'"{" ".join(words)}"{star}' for words in term.forms)
    return f"{term.column} : ({forms})" if term.column else f"({forms})"


def plain_start(row: SearchText, length: int = 280) -> str:
    """The beginning of a text's body, cut between words."""
    if len(row.body) <= length:
        return row.body
    return row.body[:length].rsplit(" ", 1)[0] + "…"
