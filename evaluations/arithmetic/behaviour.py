"""Which methods win and lose together: correlations of their scores over the same blocks, and a map of them.

A block is a seed of a setting: one split, one set of initial weights, met by every method. In each block the median of
the methods is taken off their scores, in a unit that all seeds of a setting share: the median deviation of the methods'
means there. Then each method's own median is taken off, so that what is left is not how good it is, but where
it is better and worse than usual; cut at three of its own median deviations, so that one failure does not decide all.
Two methods are near when these go up and down together.

The map is classical scaling of the distances sqrt(2 (1 - r)): deterministic but for its sides, which are set by rule.
Whether it would come out alike with other seeds is measured: every setting's seeds are split in two halves and the
correlations of the pairs of methods in one half are compared with those in the other. Settings take part in the order
of how many methods were measured there: the first alone, the first two and so on, each time with the methods measured
in all of them. The map is the one of most methods that repeats; where none does, there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluations.arithmetic.statistics import BySeed, well_measured

CUT = 3.0
LEAST_METHODS, LEAST_BLOCKS, LEAST_HALF = 5, 8, 4
REPEATS = 0.3  # correlation between two halves of the seeds, below which a map shows luck


@dataclass(frozen=True)
class Behaviour:
    """Methods as points; `told` is the share of the squared distances that the plane keeps, `repeats` the correlation
    of the pairs between two halves of the seeds."""

    names: tuple[str, ...]
    places: tuple[tuple[float, float], ...]
    correlations: np.ndarray
    settings: tuple[Any, ...]
    blocks: int
    told: float
    repeats: float
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
                if found.repeats >= REPEATS:
                    return found
    if seen:
        best = max(of.repeats for of in seen)
        return TooFew("Maps made of two halves of the seeds agree on who is near whom with a correlation of "
                      f"{best:.2f} at best. Below {REPEATS:g} a map would show luck: more seeds, or more settings in "
                      "which the same methods are measured, would make one.")
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
    repeats = _repeats(x, varying) if len(kept) >= LEAST_METHODS else None
    if repeats is None:
        return None
    r = np.corrcoef(z[varying])
    places, told = _scaled(np.sqrt(np.maximum(2 * (1 - r), 0)))
    left_out = {name for of in values.values() for name in of} - set(kept)
    return Behaviour(tuple(kept), places, r, tuple(settings), sum(map(len, seeds)), told, repeats,
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
    units = [_deviation(of.mean(1)) for of in x]
    used = [(of - np.median(of, axis=0)) / unit for of, unit in zip(x, units, strict=True) if unit > 0]
    if not used:
        return np.zeros((len(x[0]), 0)), np.zeros(len(x[0]), dtype=bool)
    z = np.concatenate(used, axis=1)
    z = z - np.median(z, axis=1, keepdims=True)
    own = np.array([[_deviation(row)] for row in z])
    z = np.where(own > 0, np.clip(z, -CUT * own, CUT * own), z)
    z = z - z.mean(1, keepdims=True)
    return z, np.sqrt((z ** 2).sum(1)) > 1e-9


def _deviation(values: np.ndarray) -> float:
    """Median absolute deviation, on the scale of a standard deviation; that itself where half of the values agree."""
    middle = np.median(values)
    robust = 1.4826 * float(np.median(np.abs(values - middle)))
    least = 1e-12 * max(1.0, abs(float(middle)))
    return robust if robust > least else deviation if (deviation := float(values.std())) > least else 0.0


def _repeats(x: Sequence[np.ndarray], varying: np.ndarray) -> float | None:
    found = []
    for part in (0, 1):
        z, _ = _standardised([of[:, part::2] for of in x])
        if z.shape[1] < LEAST_HALF:
            return None
        found.append(np.corrcoef(z[varying]))
    return correlation_of_pairs(*found)


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
