"""A build's test of itself: titles are asked of it and of an exact search, and how many of the ten nearest it finds.

A title's own text is left aside, which would be found too easily. The exact neighbours are gathered while the vectors
pass by on their way into the index, and kept with it: a build that has grown knows them for the price of its news.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from papers.search.opened import Index

NEAREST = 10
KEPT = 30  # exact neighbours of each title that are remembered: some will change or go


@dataclass
class Trial:
    """Titles' vectors, the text each belongs to, and so far the exact nearest among all other texts."""

    queries: np.ndarray  # (titles, dimension)
    owners: np.ndarray  # (titles,) text ids
    text_ids: np.ndarray  # (titles, up to KEPT), the nearest first
    cosines: np.ndarray  # the same shape, -inf where there is none

    @classmethod
    def of(cls, queries: np.ndarray, owners: np.ndarray) -> Trial:
        none = (len(queries), 0)
        return cls(queries, owners, np.zeros(none, np.int64), np.zeros(none, np.float32))

    def take(self, text_ids: np.ndarray, vectors: np.ndarray) -> None:
        """Texts (n,) with their unit vectors (n, dimension), none of them seen before."""
        if not len(self.queries) or not len(text_ids):
            return
        cosines = self.queries @ vectors.T
        cosines[self.owners[:, None] == text_ids[None]] = -np.inf
        if len(text_ids) > KEPT:
            best = np.argpartition(-cosines, KEPT - 1, axis=1)[:, :KEPT]
            ids, cosines = text_ids[best], np.take_along_axis(cosines, best, axis=1)
        else:
            ids = np.broadcast_to(text_ids, cosines.shape)
        ids, cosines = np.hstack([self.text_ids, ids]), np.hstack([self.cosines, cosines])
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :KEPT]
        self.text_ids, self.cosines = np.take_along_axis(ids, order, 1), np.take_along_axis(cosines, order, 1)

    def forget(self, text_ids: np.ndarray) -> None:
        """Texts that have changed or gone are nobody's neighbours, and their titles no longer asked."""
        self.cosines = np.where(np.isin(self.text_ids, text_ids), -np.inf, self.cosines).astype(np.float32)
        order = np.argsort(-self.cosines, axis=1, kind="stable")
        self.text_ids = np.take_along_axis(self.text_ids, order, 1)
        self.cosines = np.take_along_axis(self.cosines, order, 1)
        left = ~np.isin(self.owners, text_ids)
        self.queries, self.owners, self.text_ids, self.cosines = (
            self.queries[left], self.owners[left], self.text_ids[left], self.cosines[left])

    def recall(self, index: Index) -> float | None:
        """The share of the exact nearest that the index finds; None when no title has enough neighbours."""
        shares = []
        for query, owner, ids, cosines in zip(self.queries, self.owners.tolist(), self.text_ids, self.cosines,
                                              strict=True):
            exact = ids[np.isfinite(cosines)][:NEAREST].tolist()
            if len(exact) == NEAREST:
                found = [text_id for text_id, _ in index.search(query, NEAREST + 1) if text_id != owner][:NEAREST]
                shares.append(len(set(exact) & set(found)) / NEAREST)
        return float(np.mean(shares)) if shares else None
