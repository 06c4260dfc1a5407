"""Which methods no other beats at the same or a lower cost, and how sure their places on that front are.

Costs that agree to two digits count as equal: a busy machine makes the third one up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluations.arithmetic.statistics import BySeed

RESAMPLES = 2000
CERTAIN = 0.95


def pareto_front(costs: Sequence[float], values: Sequence[float], better: str) -> list[int]:
    """Places of the points that no other beats at the same or lower cost, from cheap to expensive."""
    sign = -1.0 if better == "lower" else 1.0
    front: list[int] = []
    for i in sorted(range(len(costs)), key=lambda i: (costs[i], -sign * values[i])):
        if not front or sign * values[i] > sign * values[front[-1]]:
            front.append(i)
    return front


def two_digits(value: float) -> float:
    return float(f"{value:.1e}")


def front_chances(costs: Mapping[str, BySeed], values: Mapping[str, BySeed], better: str,
                  resamples: int = RESAMPLES) -> dict[str, float]:
    """For each method the share of bootstrap samples of the seeds in which its means lie on the front.

    One sample draws the seeds of all methods together, since seed s is the same split and the same initial weights for
    each of them; a method that has none of the seeds drawn keeps its own mean. Fixed generator.
    """
    names = sorted(set(costs) & set(values))
    if not names:
        return {}
    seeds = sorted({seed for of in (costs, values) for name in names for seed in of[name]})
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=resamples).astype(float)
    cost = _two_digits(_means(drawn, seeds, [costs[name] for name in names]))  # (resamples, methods)
    value = _means(drawn, seeds, [values[name] for name in names]) * (-1.0 if better == "lower" else 1.0)
    order = np.lexsort((-value, cost), axis=1)
    ranked = np.take_along_axis(value, order, axis=1)
    before = np.maximum.accumulate(ranked, axis=1)[:, :-1]
    on_front = np.concatenate([np.ones((resamples, 1), dtype=bool), ranked[:, 1:] > before], axis=1)
    shares = np.zeros((resamples, len(names)))
    np.put_along_axis(shares, order, on_front.astype(float), axis=1)
    return dict(zip(names, shares.mean(0).tolist(), strict=True))


def _means(drawn: np.ndarray, seeds: Sequence[int], of: Sequence[BySeed]) -> np.ndarray:
    x = np.array([[by_seed.get(seed, np.nan) for seed in seeds] for by_seed in of])
    here = ~np.isnan(x)
    filled = np.where(here, x, 0.0)
    counted = drawn @ here.T
    own = filled.sum(1) / here.sum(1)
    return np.where(counted > 0, drawn @ filled.T / np.maximum(counted, 1), own)


def _two_digits(x: np.ndarray) -> np.ndarray:
    """Rounded to two significant digits, as `two_digits` does."""
    size = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(x), 1e-300))) - 1)
    return np.round(x / size) * size
