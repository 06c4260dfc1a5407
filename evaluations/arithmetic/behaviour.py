"""Which methods win and lose together: correlations of their scores over the same blocks, and a map of them.

A block is a seed of a setting: one split, one set of initial weights, met by every method. Within a setting a method's
scores are cut at three of its own median deviations around its median, so that one failure does not decide all, and
taken in a unit that all methods of the setting share: the median deviation of their means. Then the mean of each block
is taken off, and the mean of each method: what is left is not how good it is, but where it is better and worse than
usual. Two methods are near when these go up and down together.

The map is classical scaling of the distances sqrt(2 (1 - r)): deterministic but for its sides, which are set by rule.
Whether it would come out alike with other seeds is measured: every setting's seeds are split in two halves and the
correlations of the pairs of methods in one half are compared with those in the other. Settings take part in the order
of how many methods were measured there: the first alone, the first two and so on, each time with the methods measured
in all of them. The map is the one of most methods that repeats, and more than with methods exchanged at random
(Mantel's test, with an allowance for the maps tried); where none does, there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluations.arithmetic.statistics import ALPHA, BySeed, well_measured

CUT = 3.0
LEAST_METHODS, LEAST_BLOCKS, LEAST_HALF = 5, 8, 4
EXCHANGES = 999
REPEATS = 0.3  # correlation between two halves of the seeds, below which a map shows luck


@dataclass(frozen=True)
class Behaviour:
    """Methods as points; `told` is the share of the squared distances that the plane keeps, `repeats` the correlation
    of the pairs between two halves of the seeds, `p_value` how often methods exchanged at random agree as well."""

    names: tuple[str, ...]
    places: tuple[tuple[float, float], ...]
    correlations: np.ndarray
    settings: tuple[Any, ...]
    blocks: int
    told: float
    repeats: float
    p_value: float
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class TooFew:
    """Why there is no map."""

    reason: str


def behaviour(values: Mapping[Any, Mapping[str, BySeed]], better: str) -> Behaviour | TooFew:
    """Of scores by setting, method and seed."""
    order = sorted((setting for setting in values if values[setting]), key=lambda setting: -len(values[setting]))
    seen = []
    for count in range(1, len(order) + 1):
        settings = order[:count]
        names, seeds = _common({setting: values[setting] for setting in settings})
        blocks = sum(map(len, seeds))
        if len(names) >= LEAST_METHODS and blocks >= LEAST_BLOCKS:
            found = _mapped(values, settings, names, seeds, better)
            if found is not None:
                seen.append(found)
                if found.repeats >= REPEATS and found.p_value <= ALPHA / len(order):
                    return found
    if seen:
        best = max(seen, key=lambda of: of.repeats)
        return TooFew("Maps made of two halves of the seeds agree on who is near whom with a correlation of "
                      f"{best.repeats:.2f} at best, of {len(best.names)} methods (p = {best.p_value:.2g}): a map would "
                      "show luck. More seeds, or more settings in which the same methods are measured, would make one.")
    return TooFew(f"A map takes {LEAST_METHODS} methods that are unlike each other and {LEAST_BLOCKS} blocks (seeds of "
                  "settings) in which all of them were measured: there are not so many in common.")


def _mapped(values: Mapping[Any, Mapping[str, BySeed]], settings: Sequence[Any], names: Sequence[str],
            seeds: Sequence[Sequence[int]], better: str) -> Behaviour | None:
    """None where too few methods vary, or the seeds cannot be halved."""
    sign = -1.0 if better == "lower" else 1.0
    x = [np.array([[sign * values[setting][name][seed] for seed in of] for name in names])
         for setting, of in zip(settings, seeds, strict=True)]
    z, varying = _standardised(x)
    for part in (0, 1):  # who varies in both halves
        varying = varying & _standardised([of[:, part::2] for of in x])[1]
    kept = [name for name, varies in zip(names, varying, strict=True) if varies]
    halves = _repeats(x, varying) if len(kept) >= LEAST_METHODS else None
    if halves is None:
        return None
    r = np.corrcoef(z[varying])
    places, told = _scaled(np.sqrt(np.maximum(2 * (1 - r), 0)))
    left_out = {name for of in values.values() for name in of} - set(kept)
    return Behaviour(tuple(kept), places, r, tuple(settings), sum(map(len, seeds)), told, *halves,
                     tuple(sorted(left_out)))


def correlation_of_pairs(one: np.ndarray, other: np.ndarray) -> float | None:
    """Of the entries above the diagonals of two matrices of the same methods; None where either has no spread."""
    upper = np.triu_indices(len(one), 1)
    a, b = one[upper], other[upper]
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) > 1e-12 and np.ptp(b) > 1e-12 else None


def scaled(distances: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Places in a plane for any distances, by the same rule."""
    return _scaled(distances)[0]


def _common(values: Mapping[Any, Mapping[str, BySeed]]) -> tuple[list[str], list[list[int]]]:
    """The methods measured in all settings, and by setting their common seeds. Methods with less than half of the seeds
    of the fullest are left out, so that none empties the rest."""
    enough = [set(well_measured(of)) for of in values.values()]
    names = sorted(set.intersection(*enough))
    return names, [sorted(set.intersection(*(set(of[name]) for name in names))) if names else [] for of in
                   values.values()]


def _standardised(x: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Of (methods, seeds) by setting: (methods, blocks) as the module's text says, and which methods vary. Settings in
    which all means are equal tell nothing and are left out."""
    cut = [_cut(of) for of in x]
    units = [_deviation(of.mean(1)) for of in cut]
    used = [of / unit for of, unit in zip(cut, units, strict=True) if unit > 0]
    if not used:
        return np.zeros((len(x[0]), 0)), np.zeros(len(x[0]), dtype=bool)
    z = np.concatenate(used, axis=1)
    z = z - z.mean(0)
    z = z - z.mean(1, keepdims=True)
    return z, np.sqrt((z ** 2).sum(1)) > 1e-9


def _cut(of: np.ndarray) -> np.ndarray:
    """Each method's scores within CUT of its own deviations of its median."""
    middle = np.median(of, axis=1, keepdims=True)
    reach = CUT * np.array([[_deviation(row)] for row in of])
    return middle + np.clip(of - middle, -reach, reach)


def _deviation(values: np.ndarray) -> float:
    """Median absolute deviation, on the scale of a standard deviation; that itself where half of the values agree."""
    middle = np.median(values)
    robust = 1.4826 * float(np.median(np.abs(values - middle)))
    least = 1e-12 * max(1.0, abs(float(middle)))
    return robust if robust > least else deviation if (deviation := float(values.std())) > least else 0.0


def _repeats(x: Sequence[np.ndarray], varying: np.ndarray) -> tuple[float, float] | None:
    """The correlation of the pairs between two halves of the seeds, and Mantel's p of it. Fixed generator."""
    found = []
    for part in (0, 1):
        z, _ = _standardised([of[:, part::2] for of in x])
        if z.shape[1] < LEAST_HALF:
            return None
        found.append(np.corrcoef(z[varying]))
    r = correlation_of_pairs(*found)
    if r is None:
        return None
    generator, one, other = np.random.default_rng(0), found[0], found[1]
    orders = [generator.permutation(len(one)) for _ in range(EXCHANGES)]
    as_good = sum((correlation_of_pairs(one[np.ix_(order, order)], other) or 0.0) >= r - 1e-12 for order in orders)
    return r, (as_good + 1) / (EXCHANGES + 1)


def _scaled(distances: np.ndarray) -> tuple[tuple[tuple[float, float], ...], float]:
    n = len(distances)
    centring = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centring @ distances ** 2 @ centring)
    values, vectors = values[::-1], vectors[:, ::-1]
    places = vectors[:, :2] * np.sqrt(np.maximum(values[:2], 0))
    for axis in range(2):  # the first method furthest out lies to the right, and above
        furthest = int(np.argmax(np.round(np.abs(places[:, axis]), 9)))
        if places[furthest, axis] < 0:
            places[:, axis] = -places[:, axis]
    whole = np.maximum(values, 0).sum()
    told = float(np.maximum(values[:2], 0).sum() / whole) if whole > 0 else 1.0
    return tuple((round(float(a), 9), round(float(b), 9)) for a, b in places), told
