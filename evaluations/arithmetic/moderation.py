"""Variances of many pairs borrow strength from one another: the moderated t test of a table with few seeds.

Ten seeds say little about one pair's variance, and a thousand pairs say much about how variances lie in this table. So
each pair's variance is drawn towards the table's typical one, as far as the pairs are alike (Smyth 2004, "Linear Models
and Empirical Bayes Methods for Assessing Differential Expression in Microarray Experiments", sections 3 and 6.2).
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, polygamma

LEAST_METHODS = 8  # with fewer, the pairs share too many methods for their variances to say how alike they are
MOST_BORROWED = 2.0  # times a pair's own freedom; unbounded, tables of equal methods would err more often than they say


def moderated(variance: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances (g,) drawn towards the typical one, and their degrees of freedom, from positive sample variances (g,)
    with `freedom` (g,) degrees each: s~^2 = (d0 s0^2 + d s^2) / (d0 + d) with d0 + d degrees. Two at least."""
    d0, typical = _prior(variance, freedom)
    borrowed = np.minimum(d0, MOST_BORROWED * freedom)
    return (borrowed * typical + freedom * variance) / (borrowed + freedom), borrowed + freedom


def _prior(variance: np.ndarray, freedom: np.ndarray) -> tuple[float, float]:
    """d0 and s0^2 of the scaled inverse chi-square that the true variances come from, by moments of log s^2."""
    e = np.log(variance) - digamma(freedom / 2) + np.log(freedom / 2)
    beyond = float(e.var(ddof=1) - polygamma(1, freedom / 2).mean())  # how far the true ones vary
    if beyond <= 0:
        return np.inf, float(np.exp(e.mean()))
    d0 = 2 * _trigamma_inverse(beyond)
    return d0, float(np.exp(e.mean() + digamma(d0 / 2) - np.log(d0 / 2)))


def _trigamma_inverse(x: float) -> float:
    """y with trigamma(y) = x, by Newton's steps on 1 / trigamma, convex and nearly linear (Smyth, appendix)."""
    y = 0.5 + 1 / x
    for _ in range(50):
        value = float(polygamma(1, y))
        step = value * (1 - value / x) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y
