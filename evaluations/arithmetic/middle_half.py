"""The interquartile mean: the mean of the middle half of all runs, which neither a lucky nor a collapsed seed moves.

Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the Statistical Precipice": a quarter of the runs,
rounded down, is left out at each end of all runs of all strata together; the interval is a percentile bootstrap that
draws runs anew within each stratum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluations.arithmetic.statistics import BySeed, Interval

RESAMPLES = 2000
CUT = 0.25


def interquartile_mean(values: Sequence[float] | np.ndarray) -> float:
    return float(_middle(np.asarray(values, dtype=float).ravel()))


def stratified_iqm(strata: Sequence[Sequence[float]], resamples: int = RESAMPLES) -> Interval:
    """Over all runs of the strata, with its 95 % interval, which a single run does not have. Fixed generator."""
    of = [np.asarray(stratum, dtype=float) for stratum in strata if len(stratum)]
    runs = np.concatenate(of)
    if len(runs) < 2:
        return Interval(interquartile_mean(runs), None, None, len(runs))
    generator = np.random.default_rng(0)
    drawn = np.concatenate([stratum[generator.integers(len(stratum), size=(resamples, len(stratum)))]
                            for stratum in of], axis=1)
    low, high = np.quantile(_middle(drawn), [0.025, 0.975])
    return Interval(interquartile_mean(runs), float(low), float(high), len(runs))


def standardised(values: Mapping[Any, Mapping[str, BySeed]], better: str) -> dict[Any, dict[str, dict[int, float]]]:
    """By stratum and method, the scores as distances from the mean of the methods' means in the stratum, in units of
    these means' standard deviation, higher being better: the same straight line for all methods of a stratum. A stratum
    in which all means are equal tells nothing and is left out."""
    sign = -1.0 if better == "lower" else 1.0
    found: dict[Any, dict[str, dict[int, float]]] = {}
    for stratum, of in values.items():
        means = np.array([np.mean(list(by_seed.values())) for by_seed in of.values()])
        spread = float(means.std(ddof=1)) if len(means) > 1 else 0.0
        if spread > 1e-12 * max(1.0, float(np.abs(means).max())):
            found[stratum] = {name: {seed: sign * (value - float(means.mean())) / spread for seed, value in
                                     by_seed.items()} for name, by_seed in of.items()}
    return found


def _middle(x: np.ndarray) -> np.ndarray:
    """Of the last axis."""
    n = x.shape[-1]
    cut = int(CUT * n)
    return np.sort(x, axis=-1)[..., cut:n - cut].mean(-1)
