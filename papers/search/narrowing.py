"""Which texts a search keeps to: those of some papers, with required words and without excluded ones.

A filter can leave ten papers or nine tenths of a million. It is never read out whole where that can be helped: a few
are listed, and of many those are looked for among what a search ranks first. What that meets tells how many there
are: a filter that leaves too few to be met is listed after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

from papers.search.full_text import TABLE
from papers.search.lexical import ids_among, ids_having, no_crowd, numbers
from papers.search.opened import FEW, Index, deeper
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
    def all_papers(self) -> list[int]:
        """The papers' primary keys, however many."""
        return self._pks("")

    @cached_property
    def _first_papers(self) -> list[int] | None:
        pks = self._pks(f"LIMIT {FEW + 1}")
        return pks if len(pks) <= FEW else None

    @property
    def listed(self) -> list[int] | None:
        """The papers' primary keys where they are few, or have been listed already."""
        if self.papers is None:
            return None
        return self.all_papers if "all_papers" in self.__dict__ else self._first_papers

    @cached_property
    def _listed_set(self) -> frozenset[int]:
        return frozenset(self.listed or ())

    def few(self, index: Index) -> np.ndarray | None:
        """The rows (n,) of its texts, where they can be looked up one by one."""
        if self.listed is not None and len(self.listed) <= FEW:
            rows = index.rows_of_papers(np.array(self.listed, dtype=np.int64))
        elif self.listed is not None:
            return self.all(index)
        elif self.required:
            having = self._with_required
            if having is None or len(having) > FEW:
                return None
            rows = index.rows_of_texts(np.fromiter(having, dtype=np.int64))
        else:
            return None
        kept = self.among(index.text_ids[rows].tolist())
        return index.rows_of_texts(np.fromiter(sorted(kept), dtype=np.int64))

    def met(self, ranked: Sequence[int], count: int) -> set[int] | None:
        """The first `count` or more of these texts, best first, that are of its papers, or all there are; None where so
        few of the first are that listing its papers costs less."""
        kept: set[int] = set()
        looked_at = 0
        while looked_at < len(ranked) and len(kept) < count:
            depth = deeper(looked_at, len(kept), count)
            if depth is None:
                return None
            kept |= self.of_papers(ranked[looked_at:depth])
            looked_at = depth
        return kept

    def among(self, text_ids: Sequence[int]) -> set[int]:
        """Those of these texts that it lets through."""
        kept = self.of_papers(text_ids)
        if kept and self.required:
            kept &= self._with_required if self._with_required is not None else \
                ids_among(kept, self.required, all_of_them=True)
        if kept and self.excluded:
            kept -= self._with_excluded if self._with_excluded is not None else \
                ids_among(kept, self.excluded, all_of_them=False)
        return kept

    @cached_property
    def _with_required(self) -> set[int] | None:
        return no_crowd(self.required, all_of_them=True)

    @cached_property
    def _with_excluded(self) -> set[int] | None:
        return no_crowd(self.excluded, all_of_them=False)

    def of_papers(self, text_ids: Sequence[int]) -> set[int]:
        """Those of these texts that are of its papers."""
        if self.papers is None:
            return set(text_ids)
        with connection.cursor() as cursor:  # some hundreds of ids cost the ORM more than the database
            if self.listed is not None:
                cursor.execute(f"SELECT id, paper_id FROM {TABLE} WHERE id IN ({numbers(text_ids)})")
                return {text_id for text_id, paper in cursor.fetchall() if paper in self._listed_set}
            try:
                statement, values = self._statement
            except EmptyResultSet:
                return set()
            cursor.execute(f"SELECT t.id FROM {TABLE} t CROSS JOIN ({statement}) narrowed "  # CROSS: the texts first
                           f"WHERE t.id IN ({numbers(text_ids)}) AND narrowed_pk = t.paper_id", values)
            return {text_id for text_id, in cursor.fetchall()}

    def all(self, index: Index) -> np.ndarray:
        """The rows (n,) of its texts, however many."""
        mask = index.alive.copy()
        if self.papers is not None:
            mask &= _mask(index, index.rows_of_papers(np.array(self.all_papers, dtype=np.int64)))
        if self.required:
            having = ids_having(self.required, all_of_them=True)
            mask &= _mask(index, index.rows_of_texts(np.fromiter(having, dtype=np.int64)))
        if self.excluded:
            having = ids_having(self.excluded, all_of_them=False)
            mask &= ~_mask(index, index.rows_of_texts(np.fromiter(having, dtype=np.int64)))
        return np.flatnonzero(mask)

    def _pks(self, further: str) -> list[int]:
        """Primary keys of its papers, numbers alone, which may be very many."""
        try:
            statement, values = self._statement
        except EmptyResultSet:  # Django sees that there can be none: of a cluster, say, whose name fits no pattern
            return []
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT narrowed_pk FROM ({statement}) narrowed {further}", values)
            return [pk for pk, in cursor.fetchall()]

    @cached_property
    def _statement(self) -> tuple[str, Sequence]:
        """SQL of the papers' keys: it is asked several times, and making it costs more than asking."""
        assert self.papers is not None
        return self.papers.order_by().values(narrowed_pk=F("pk")).query.sql_with_params()


def _mask(index: Index, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(index.text_ids), dtype=bool)
    mask[rows] = True
    return mask
