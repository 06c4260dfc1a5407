"""What an account likes, learned from its own stars, reads and hides: a linear classifier on the stored vectors.

The idea is arxiv-sanity-lite's; here the negatives are a bounded sample and what the account has hidden, and the
best papers are found by the index along the classifier's direction instead of by scoring every paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from threadpoolctl import threadpool_limits

from papers.models import SearchText
from papers.search.index import Index
from papers.search.vectors import vectors_of
from papers.shelf.models import Mark

MOST = 500  # stars, as many reads and as many hides: the newest
BACKGROUND = 500  # papers drawn from all of them, that stand for what is not liked
READ_WEIGHT = 0.3  # of a read beside a star
STRENGTH = 1.0  # inverse of the penalty on the weights
FOLDS = 5
FEWEST_TESTED = 10  # stars without which a self-test says nothing
TOP = 10  # of the ranking, whose precision the self-test tells


@dataclass(frozen=True)
class Examples:
    """An account's papers with a vector, newest first, and their unit vectors (n, dimension)."""

    starred: list[int]
    stars: np.ndarray
    reads: np.ndarray
    hides: np.ndarray
    background: np.ndarray


@dataclass(frozen=True)
class Taste:
    """The classifier, as a unit direction (dimension,), and the starred papers it comes from."""

    direction: np.ndarray
    starred: tuple[int, ...]
    stars: np.ndarray  # (n, dimension), in half precision: many accounts are kept
    reads: int
    hides: int

    def nearest_star(self, vectors: np.ndarray) -> list[tuple[int, float]]:
        """For each vector (m, dimension) the starred paper nearest to it and the cosine."""
        cosines = vectors @ self.stars.astype(np.float32).T
        best = cosines.argmax(axis=1)
        return [(self.starred[star], float(cosines[row, star])) for row, star in enumerate(best)]


@dataclass(frozen=True)
class Quality:
    """How well held-out stars are told from other papers: `auc` is the share of pairs of a held-out star and another
    paper that are ordered rightly (0.5 is chance); `precision` the share of held-out stars among the first `top`.

    `n` stars were held out, a fifth at a time, among `others` papers; auc and precision are None where n is too small.
    `chance` is what a random order's precision would be.
    """

    n: int
    others: int = 0
    auc: float | None = None
    precision: float | None = None
    chance: float | None = None
    top: int = TOP


def taste_of(user, revision: int, index: Index) -> Taste | None:
    """What is learned of the account; None where no starred paper has a vector. Kept while what it rests on stays."""
    return _taste(user.pk, revision, index.manifest["build"], _Whole(index))


def quality_of(user, revision: int, index: Index) -> Quality:
    """The self-test on the account's own history. Kept while nothing it rests on changes."""
    return _quality(user.pk, revision, index.manifest["build"], _Whole(index))


class _Whole:
    """An index that is equal to any other, so that caches look at the build's name alone."""

    def __init__(self, index: Index):
        self.index = index

    def __eq__(self, other):
        return isinstance(other, _Whole)

    def __hash__(self):
        return 0


@lru_cache(maxsize=64)
def _taste(user: int, revision: int, build: str, whole: _Whole) -> Taste | None:
    examples = examples_of(user, whole.index)
    if not examples.starred:
        return None
    direction = learned(examples.stars, examples.reads, examples.hides, examples.background)
    return Taste(direction, tuple(examples.starred), examples.stars.astype(np.float16), len(examples.reads),
                 len(examples.hides))


@lru_cache(maxsize=32)
def _quality(user: int, revision: int, build: str, whole: _Whole) -> Quality:
    examples = examples_of(user, whole.index)
    return tested(examples.stars, examples.reads, examples.hides, examples.background)


def examples_of(user: int, index: Index) -> Examples:
    """The account's marks as vectors, and the background."""
    marks = Mark.objects.filter(user=user)

    def newest(column: str, marks=marks) -> list[int]:
        return list(marks.filter(**{f"{column}__isnull": False}).order_by(f"-{column}").values_list(
            "paper", flat=True)[:MOST])

    starred = newest(Mark.STARRED)
    hidden = [pk for pk in newest(Mark.HIDDEN) if pk not in set(starred)]
    read = newest(Mark.READ, marks.filter(starred_at=None, hidden_at=None))
    ids, stars = _vectors(starred, index)
    own = {*starred, *hidden, *read}
    return Examples(ids, stars, _vectors(read, index)[1], _vectors(hidden, index)[1], _background(index, own))


def _vectors(papers: Sequence[int], index: Index) -> tuple[list[int], np.ndarray]:
    """Those of the papers with a vector of the index's model, in their order, and the vectors (n, dimension)."""
    texts = dict(SearchText.objects.filter(paper__in=list(papers)).values_list("paper", "pk"))
    stored = vectors_of(texts.values(), index.model_id)
    having = [paper for paper in papers if texts.get(paper) in stored]
    return having, np.stack([stored[texts[paper]] for paper in having]) if having else np.empty((0, 0), np.float32)


def _background(index: Index, own: set[int]) -> np.ndarray:
    """Vectors (n, dimension) of at most BACKGROUND papers of which the account has said nothing, always the same."""
    rows = np.flatnonzero(index.alive & (index.paper_ids > 0))
    chosen = np.random.default_rng(0).permutation(rows)[:BACKGROUND + len(own)]
    texts = [int(index.text_ids[row]) for row in chosen if int(index.paper_ids[row]) not in own][:BACKGROUND]
    stored = vectors_of(texts, index.model_id)
    found = [stored[text] for text in texts if text in stored]
    return np.stack(found) if found else np.empty((0, 0), np.float32)


def learned(stars: np.ndarray, reads: np.ndarray, hides: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The unit direction (dimension,) in which liked papers lie: stars and, less, reads against hides and background.

    Both sides weigh the same in all; without anything to tell them from, the direction is the mean of what is liked.
    """
    liked = [(stars, 1.0), (reads, READ_WEIGHT)]
    others = [(hides, 1.0), (background, min(1.0, 3 * len(hides) / max(len(background), 1)) if len(hides) else 1.0)]
    vectors, labels, weights = [], [], []
    for label, groups in ((1, liked), (0, others)):
        groups = [(each, weight) for each, weight in groups if len(each)]
        whole = sum(len(each) * weight for each, weight in groups)
        for each, weight in groups:
            vectors.append(each)
            labels.append(np.full(len(each), label))
            weights.append(np.full(len(each), 100 * weight / whole))
    if len({int(part[0]) for part in labels}) < 2:
        mean = np.concatenate(vectors).mean(axis=0)
    else:
        from sklearn.linear_model import LogisticRegression  # a second of importing that most pages need not wait for
        with threadpool_limits(1):
            model = LogisticRegression(C=STRENGTH, tol=1e-3)
            model.fit(np.concatenate(vectors), np.concatenate(labels), sample_weight=np.concatenate(weights))
        mean = model.coef_[0]
    return (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)


def tested(stars: np.ndarray, reads: np.ndarray, hides: np.ndarray, background: np.ndarray) -> Quality:
    """Each star is held out once, a fifth at a time, and ranked among hides and background not learned from."""
    n = len(stars)
    if n < FEWEST_TESTED or len(background) < FEWEST_TESTED:
        return Quality(n)
    order = np.random.default_rng(0).permutation(n)
    spread = np.random.default_rng(1).permutation(len(background))
    hidden = np.random.default_rng(2).permutation(len(hides))
    aucs, hits, chances, others = [], [], [], 0
    for fold in range(FOLDS):
        held = np.zeros(n, dtype=bool)
        held[order[fold::FOLDS]] = True
        unseen = np.zeros(len(background), dtype=bool)
        unseen[spread[fold::FOLDS]] = True
        away = np.zeros(len(hides), dtype=bool)
        away[hidden[fold::FOLDS]] = True
        direction = learned(stars[~held], reads, hides[~away], background[~unseen])
        good = stars[held] @ direction
        bad = background[unseen] @ direction
        if away.any():
            bad = np.concatenate([bad, hides[away] @ direction])
        aucs.append((np.searchsorted(np.sort(bad), good, "left") + np.searchsorted(np.sort(bad), good, "right")).sum()
                    / (2 * len(bad)))
        top = min(TOP, len(good))
        hits.append((np.argsort(-np.concatenate([good, bad]), kind="stable")[:top] < len(good)).mean())
        chances.append(len(good) / (len(good) + len(bad)))
        others += len(bad)
    return Quality(n, others, float(sum(aucs) / n), float(np.mean(hits)), float(np.mean(chances)),
                   min(TOP, n // FOLDS))
