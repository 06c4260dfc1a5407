"""Which texts a search keeps to: those of some papers, with required words and without excluded ones.

A filter can leave ten papers or nine tenths of a million. It is never read out whole where that can be helped: a few
are listed, and of many only those that a search has met already are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from papers.search.full_text import TABLE
from papers.search.lexical import ids_having
from papers.search.opened import FEW, Index
from papers.search.query import Term


@dataclass(frozen=True)
class Narrowing:
    """`papers` None: all papers, and methods too."""

    papers: QuerySet | None = None
    required: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return self.papers is not None or bool(self.required or self.excluded)

    @cached_property
    def listed(self) -> list[int] | None:
        """The papers' primary keys where they are no more than FEW."""
        pks = _pks(self.papers, FEW + 1) if self.papers is not None else None
        return pks if pks is not None and len(pks) <= FEW else None

    def few(self, index: Index, most: int | None) -> np.ndarray | None:
        """The rows (n,) of its texts; None when they are more than `most`, None for any number."""
        if most is None:
            return self._all(index)
        if self.listed is not None:
            rows = index.rows_of_papers(np.array(self.listed, dtype=np.int64))
        elif self.required:
            having = ids_having(self.required, all_of_them=True, most=most + 1)
            if len(having) > most:
                return None
            rows = index.rows_of_texts(np.fromiter(having, dtype=np.int64))
        else:
            return None
        kept = self.among(index.text_ids[rows].tolist())
        return index.rows_of_texts(np.fromiter(sorted(kept), dtype=np.int64))

    def among(self, text_ids: Sequence[int]) -> set[int]:
        """Those of these texts that it lets through."""
        kept = self.of_papers(text_ids)
        if kept and self.required:
            kept &= ids_having(self.required, all_of_them=True, among=kept)
        if kept and self.excluded:
            kept -= ids_having(self.excluded, all_of_them=False, among=kept)
        return kept

    def of_papers(self, text_ids: Sequence[int]) -> set[int]:
        """Those of these texts that are of its papers."""
        if self.papers is None:
            return set(text_ids)
        texts = f"SELECT %s FROM {TABLE} WHERE id IN ({', '.join(map(str, text_ids)) or 'NULL'})"
        if self.listed is None:  # some hundreds of ids cost the ORM more than the database
            met = self.papers.filter(pk__in=RawSQL(texts % "paper_id", []))
            return set(met.order_by().values_list("search_text", flat=True))
        papers = set(self.listed)
        with connection.cursor() as cursor:
            cursor.execute(texts % "id, paper_id")
            return {text_id for text_id, paper in cursor.fetchall() if paper in papers}

    def _all(self, index: Index) -> np.ndarray:
        mask = index.alive.copy()
        if self.papers is not None:
            mask &= _mask(index, index.rows_of_papers(np.array(_pks(self.papers, None), dtype=np.int64)))
        if self.required:
            having = ids_having(self.required, all_of_them=True)
            mask &= _mask(index, index.rows_of_texts(np.fromiter(having, dtype=np.int64)))
        if self.excluded:
            having = ids_having(self.excluded, all_of_them=False)
            mask &= ~_mask(index, index.rows_of_texts(np.fromiter(having, dtype=np.int64)))
        return np.flatnonzero(mask)


def _mask(index: Index, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(index.text_ids), dtype=bool)
    mask[rows] = True
    return mask


def _pks(papers: QuerySet, most: int | None) -> list[int]:
    """Their primary keys, numbers alone, which may be very many; of more than `most` some."""
    statement, values = papers.order_by().values("pk")[:most].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [pk for pk, in cursor.fetchall()]
