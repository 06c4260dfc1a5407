"""When a comparison may be given more seeds without being wrong more often: a group-sequential rule. No database here.

A comparison is looked at when it has 10 seeds, and while it is undecided again at 20, 30 and 40; there it ends. Were
each look a test at 5 %, four looks would err in about 11 % of the comparisons without a difference. So the error is
spent over the looks (Lan and DeMets 1983): eight tenths at the first, which is what most verdicts rest on, and the rest
evenly. `levels` are the p values that each look's own test has to reach, from the joint distribution of the looks'
means under normal noise (Armitage, McPherson and Rowe 1969); paired t tests enter by their p (Jennison and Turnbull
2000, section 4.4). `adjusted` turns the p of one look into one that may be held against any level whatever look it is
of, so that Holm's procedure over a family holds at every moment, its claims being at looks of their own.

The rule looks at seeds in their order, 10 at a time: seeds between two looks wait for the next, and fewer than 10 are
a foretaste, tested as the first look is. Whether to go on (`chance`) may be decided in any way without harm.

Where differences are lopsided (a method that collapses at one seed in ten), a t test of ten seeds errs in more than
5 %, by itself as under this rule: such seeds are named beside the verdict.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from evaluations.arithmetic.statistics import ALPHA

LOOKS = (10, 20, 30, 40)
SPENT = (0.8, 0.8 + 0.2 / 3, 0.8 + 0.4 / 3, 1.0)  # share of the error that may be made up to each look
FUTILE = 0.2  # less of a chance is not worth its seeds
SMALLEST = 1e-9  # errors below are in proportion to this one
_GRID, _KNOTS, _HALVINGS = 161, 24, 40


def looks_at(n: int) -> tuple[int, ...]:
    """How many seeds each look takes that `n` seeds allow; below the first, all of them."""
    return tuple(look for look in LOOKS if look <= n) or (n,)


def counted(n: int) -> int:
    """How many of `n` seeds the rule has looked at."""
    return looks_at(n)[-1]


def next_look(n: int) -> int | None:
    """The seeds at which a comparison with `n` is looked at next; None when it has come to its end."""
    return next((look for look in LOOKS if look > n), None)


@lru_cache(maxsize=256)
def levels(error: float) -> tuple[float, ...]:
    """The two-sided p that each look's test must reach, that the looks together err with probability `error`.

    >>> [round(level, 4) for level in levels(0.05)]
    [0.04, 0.0071, 0.0067, 0.0072]
    """
    times = [look / LOOKS[-1] for look in LOOKS]
    found = [SPENT[0] * error]
    bound = -ndtri(found[0] / 2) * times[0] ** 0.5
    at, weight = _nodes(bound)
    undecided = weight * np.exp(-at * at / (2 * times[0])) / (2 * np.pi * times[0]) ** 0.5
    for place in range(1, len(LOOKS)):
        sd = (times[place] - times[place - 1]) ** 0.5
        bound = _bound(at, undecided, sd, (SPENT[place] - SPENT[place - 1]) * error)
        found.append(float(2 * ndtr(-bound / times[place] ** 0.5)))
        to, weight = _nodes(bound)
        steps = np.exp(-(to[None, :] - at[:, None]) ** 2 / (2 * sd * sd)) / ((2 * np.pi) ** 0.5 * sd)
        at, undecided = to, weight * (undecided[:, None] * steps).sum(0)
    return tuple(found)


def _nodes(bound: float) -> tuple[np.ndarray, np.ndarray]:
    """Sums at which a comparison goes on, and the trapezoidal weights of their density."""
    at = np.linspace(-bound, bound, _GRID)
    weight = np.full(_GRID, at[1] - at[0])
    weight[[0, -1]] /= 2
    return at, weight


def _bound(at: np.ndarray, undecided: np.ndarray, sd: float, error: float) -> float:
    """The sum that those still undecided pass with probability `error` after one more step."""
    low, high = 0.0, 12.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        passed = float((undecided * (ndtr((at - middle) / sd) + ndtr((-middle - at) / sd))).sum())
        low, high = (middle, high) if passed > error else (low, middle)
    return high


@lru_cache(maxsize=1)
def _table() -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of errors (knots,) and of the levels they allow (looks, knots)."""
    errors = np.unique([*np.geomspace(SMALLEST, 0.999, _KNOTS), *(ALPHA / np.arange(1, 7))])
    return np.log(errors), np.log(np.array([levels(float(error)) for error in errors])).T


def adjusted(p: np.ndarray | float, place: int) -> np.ndarray:
    """The smallest error at which a look, the `place`-th from 0, decides with this p: its p for all looks at once."""
    p = np.asarray(p, dtype=float)
    if place == 0:
        return np.minimum(1.0, p / SPENT[0])
    errors, allowed = _table()
    log_p = np.log(np.maximum(p, 1e-300))
    below = np.minimum(log_p - allowed[place, 0], 0.0)  # in proportion, where the table ends
    found = np.exp(np.interp(log_p, allowed[place], errors) + below)
    return np.where(p <= 0, 0.0, np.where(log_p > allowed[place, -1], 1.0, found))


def level_at(look: int, error: float) -> float:
    """The p that the test on `look` seeds must reach; below the first look, as there."""
    return levels(error)[max(0, len(looks_at(look)) - 1)]


def chance(z: float, n: int, look: int, error: float) -> float:
    """The predictive probability that the test on `look` seeds decides, after `n` of them gave this standard score.

    The effect is as uncertain as the n seeds leave it (a flat prior): the score then is normal around
    z sqrt(look / n) with variance (look - n) / n.

    >>> round(chance(2.0, 10, 20, 0.05), 3), round(chance(0.0, 30, 40, 0.05), 4)
    (0.555, 0.0)
    """
    if look <= n:
        return 0.0
    bound, mean, sd = -ndtri(level_at(look, error) / 2), z * (look / n) ** 0.5, ((look - n) / n) ** 0.5
    return float(ndtr((mean - bound) / sd) + ndtr((-mean - bound) / sd))
