"""Comparing methods across blocks (settings, arenas, or seeds) by rank: Friedman, post-hoc tests, critical difference.

Follows Demšar (2006), "Statistical Comparisons of Classifiers over Multiple Data Sets". Ranks are averaged only over
blocks in which every method was measured, ties share their ranks, and rank 1 is best in each block's own direction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from evaluations.arithmetic.statistics import ALPHA, holm

FEW_BLOCKS = 5


@dataclass(frozen=True)
class RankComparison:
    """Methods by average rank, best first, and which of them the ranks cannot separate.

    `groups` are the maximal runs of neighbours (two or more) with no separable pair: the bars of the diagram.
    `critical_difference` is None for the Wilcoxon-Holm post-hoc, which has none.
    """

    names: tuple[str, ...]
    average_ranks: tuple[float, ...]
    blocks: tuple[Any, ...]
    dropped_blocks: tuple[Any, ...]
    test: str
    p_value: float
    critical_difference: float | None
    groups: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...]


@lru_cache(maxsize=256)
def nemenyi_q(methods: int, alpha: float = ALPHA) -> float:
    """Demšar's q: the studentized range statistic for infinite freedom divided by the square root of two."""
    from scipy.stats import studentized_range  # slow to import
    return float(studentized_range.ppf(1 - alpha, methods, np.inf)) / math.sqrt(2)


def critical_difference(methods: int, blocks: int, alpha: float = ALPHA) -> float:
    """CD = q * sqrt(k (k + 1) / (6 N)): average ranks further apart than this differ significantly (Nemenyi)."""
    return nemenyi_q(methods, alpha) * math.sqrt(methods * (methods + 1) / (6 * blocks))


def compare_ranks(values: Mapping[str, Mapping[Any, float]], better: str | Mapping[Any, str] = "higher",
                  posthoc: str = "nemenyi", alpha: float = ALPHA) -> RankComparison | None:
    """Friedman's test and, where it rejects, a post-hoc: "nemenyi" or "wilcoxon-holm".

    `values` maps method to block to value; `better` is one direction or one per block. Two methods are compared by
    Wilcoxon's signed-rank test alone. None when fewer than two methods or fewer than two common blocks are there.
    """
    if posthoc not in ("nemenyi", "wilcoxon-holm"):
        raise ValueError(f"the post-hoc is nemenyi or wilcoxon-holm, not {posthoc!r}")
    names = sorted(values)
    everywhere = {block for of in values.values() for block in of}
    common = sorted(block for block in everywhere if all(block in values[name] for name in names))
    if len(names) < 2 or len(common) < 2:
        return None
    from scipy.stats import rankdata
    sign = {block: -1.0 if (better if isinstance(better, str) else better[block]) == "lower" else 1.0
            for block in common}
    x = np.array([[sign[block] * values[name][block] for name in names] for block in common])  # (blocks, k)
    average = rankdata(-x, axis=1).mean(0)
    order = [int(i) for i in np.argsort(average, kind="stable")]
    x, average, names = x[:, order], average[order], [names[i] for i in order]
    test, p_value, pairs = _tests(x, posthoc)
    cd = critical_difference(len(names), len(common), alpha) if posthoc == "nemenyi" and len(names) > 2 else None
    apart = np.zeros((len(names), len(names)), dtype=bool)
    if p_value <= alpha and cd is not None:
        apart = np.abs(average[:, None] - average[None, :]) > cd
    elif p_value <= alpha and pairs is not None:
        apart = pairs <= alpha
    dropped = tuple(sorted(everywhere - set(common)))
    return RankComparison(tuple(names), tuple(float(r) for r in average), tuple(common), dropped, test, p_value, cd,
                          tuple(tuple(names[i] for i in run) for run in _maximal_runs(apart)),
                          _warnings(len(common), dropped))


def _tests(x: np.ndarray, posthoc: str) -> tuple[str, float, np.ndarray | None]:
    """Name and p of the test over all columns of x (blocks, k), and the corrected p of every pair where needed."""
    from scipy.stats import friedmanchisquare
    k = x.shape[1]
    if k == 2:
        p = _wilcoxon(x[:, 0], x[:, 1])
        return "Wilcoxon signed-rank", p, np.array([[1.0, p], [p, 1.0]])
    every_block_a_tie = not np.ptp(x, axis=1).any()
    p = 1.0 if every_block_a_tie else float(friedmanchisquare(*x.T).pvalue)
    if posthoc == "nemenyi":
        return "Friedman with Nemenyi", p, None
    upper = np.triu_indices(k, 1)
    pairs = np.ones((k, k))
    pairs[upper] = holm([_wilcoxon(x[:, i], x[:, j]) for i, j in zip(*upper, strict=True)])
    return "Friedman with Wilcoxon-Holm", p, np.minimum(pairs, pairs.T)


def _wilcoxon(a: np.ndarray, b: np.ndarray) -> float:
    from scipy.stats import wilcoxon
    return 1.0 if np.array_equal(a, b) else float(wilcoxon(a, b).pvalue)


def _maximal_runs(apart: np.ndarray) -> list[range]:
    """Runs of neighbouring methods without a separable pair, none inside another."""
    runs: list[range] = []
    for start in range(len(apart)):
        end = start + 1
        while end < len(apart) and not apart[start:end, end].any():
            end += 1
        if end - start > 1 and (not runs or runs[-1].stop < end):
            runs.append(range(start, end))
    return runs


def _warnings(blocks: int, dropped: Sequence[Any]) -> tuple[str, ...]:
    found = []
    if blocks < FEW_BLOCKS:
        found.append(f"only {blocks} blocks: below {FEW_BLOCKS} a rank test can hardly tell methods apart")
    if dropped:
        found.append(f"left out, for not every method was measured there: {', '.join(map(str, dropped))}")
    return tuple(found)
