"""The arithmetic behind every number shown: intervals, paired contrasts, tiers, ranks, power. No database here.

Runs are paired by seed: seed s fixes split, initial weights and batch order for every method, so differences are
taken seed by seed and only over seeds both sides have. Throughout, a seed counts as one independent repetition.

A quantity that comes out the same at every seed, three at least, is a count and not an estimate (trainable parameters):
two of them are compared exactly, which takes no test and no correction. Where single values do vary but all differences
are the same number, a t test has no variance to work with; the exact sign test stands in, whose p = 2^(1 - n) needs six
seeds to fall below 0.05. Fewer than two common seeds decide nothing (p is None).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtr, stdtrit

from evaluations.arithmetic.moderation import LEAST_METHODS, moderated

ALPHA = 0.05
POWER = 0.8
MOST_SEEDS = 1000  # further seeds beyond this are reported as out of reach
NEAR_CHANCE = 0.05  # of the way from chance to the ceiling
LEAST_REPEATS = 3  # equal values by which a count is told from a coincidence
CONFIRMED, REFUTED, INCONCLUSIVE = "confirmed", "refuted", "inconclusive"

BySeed = Mapping[int, float]


@dataclass(frozen=True)
class Interval:
    """A mean over n repetitions and its interval; low and high are None when n is 1."""

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def half_width(self) -> float | None:
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Contrast:
    """A mean paired difference: its interval, two-sided p and standardised size (Hedges-corrected d_z).

    `effect_size` is None when the differences do not vary; p_value is None below two seeds.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    p_value: float | None
    effect_size: float | None


@dataclass(frozen=True)
class PairedTest(Contrast):
    """A contrast over two seeds or more, which has an interval and a p."""

    low: float
    high: float
    p_value: float


@lru_cache(maxsize=1024)
def t_critical(freedom: int, level: float = 0.95) -> float:
    return float(stdtrit(freedom, 0.5 + level / 2))


def mean_interval(values: Sequence[float] | np.ndarray, level: float = 0.95) -> Interval:
    """Student's t interval of the mean. Raises ValueError on no values."""
    x = np.asarray(values, dtype=float)
    if not len(x):
        raise ValueError("a mean needs at least one value")
    mean = float(x.mean())
    if len(x) == 1:
        return Interval(mean, None, None, 1)
    half = t_critical(len(x) - 1, level) * float(x.std(ddof=1)) / math.sqrt(len(x))
    return Interval(mean, mean - half, mean + half, len(x))


def paired_differences(ours: BySeed, theirs: BySeed, better: str = "higher") -> list[float]:
    """Differences over the common seeds in seed order; positive means `ours` is better in the metric's direction."""
    sign = _sign(better)
    return [sign * (ours[seed] - theirs[seed]) for seed in sorted(set(ours) & set(theirs))]


def repeats(values: Sequence[float] | np.ndarray) -> bool:
    """Whether a quantity came out the same at every seed, LEAST_REPEATS at least, but for rounding."""
    x = np.asarray(values, dtype=float)
    return len(x) >= LEAST_REPEATS and bool(_constant(np.ptp(x), np.abs(x).max()))


def both_repeat(ours: BySeed, theirs: BySeed) -> bool:
    """Whether both are counts, so that their difference is known and takes no test."""
    return repeats(list(ours.values())) and repeats(list(theirs.values()))


def paired_contrast(differences: Sequence[float], level: float = 0.95, *, exact: bool = False) -> Contrast:
    """Paired t test and interval of the mean difference. Raises ValueError on no differences."""
    if len(differences) == 1:
        return Contrast(float(differences[0]), None, None, 1, None, None)
    return Contrast(**vars(paired_test(differences, level, exact=exact)))


def paired_test(differences: Sequence[float], level: float = 0.95, *, exact: bool = False) -> PairedTest:
    """Paired t test and interval of the mean difference. Raises ValueError below two differences.

    With `exact`, both sides are known to repeat at every seed: the difference is what it is, with p 0 (1 where none).
    """
    d = np.asarray(differences, dtype=float)
    spread = mean_interval(d, level)
    if spread.low is None or spread.high is None:
        raise ValueError("a test needs at least two seeds")
    n, sd = len(d), float(d.std(ddof=1))
    if _constant(sd, float(np.abs(d).max())):
        p = 1.0 if spread.mean == 0 else 0.0 if exact else _sign_p(n)
        return PairedTest(spread.mean, spread.mean, spread.mean, n, p, None)
    t = spread.mean / (sd / math.sqrt(n))
    return PairedTest(spread.mean, spread.low, spread.high, n, float(2 * stdtr(n - 1, -abs(t))),
                      hedges_correction(n - 1) * spread.mean / sd)


def hedges_correction(freedom: int) -> float:
    """Factor that removes the upward bias of Cohen's d in small samples (Hedges 1981, approximate form)."""
    return 1 - 3 / (4 * freedom - 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given (Holm 1979)."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    out = np.empty(len(p))
    out[order] = np.minimum(adjusted, 1.0)
    return out.tolist()


def holm_level(p_values: Sequence[float], alpha: float = ALPHA) -> list[float]:
    """The level each hypothesis is held to by Holm's procedure: alpha over the number not yet rejected."""
    p = np.asarray(p_values, dtype=float)
    levels, level, stopped = np.empty(len(p)), alpha, False
    for place, index in enumerate(np.argsort(p, kind="stable")):
        level = level if stopped else alpha / (len(p) - place)
        stopped = stopped or p[index] > level
        levels[index] = level
    return levels.tolist()


def verdict(contrast: Contrast, p_value: float | None = None, alpha: float = ALPHA) -> str:
    """Confirmed when the interval lies above zero, refuted when below, else inconclusive.

    `p_value`, the contrast's own unless a corrected one is given, must also be at most `alpha`.
    """
    p = contrast.p_value if p_value is None else p_value
    if p is None or p > alpha or contrast.low is None or contrast.high is None:
        return INCONCLUSIVE
    return CONFIRMED if contrast.low > 0 else REFUTED if contrast.high < 0 else INCONCLUSIVE


def achieved_power(effect_size: float, n: int, alpha: float = ALPHA) -> float:
    """Probability that a two-sided paired t test on n seeds finds an effect of this standardised size."""
    from statsmodels.stats.power import TTestPower  # slow to import, and only workers need it
    if n < 2:
        return 0.0
    # Both tails apart: the far one is lost to underflow for large effects, where it is nothing.
    near, far = (float(TTestPower().power(abs(effect_size), n, alpha / 2, alternative=tail))
                 for tail in ("larger", "smaller"))
    return min(1.0, near + (0.0 if math.isnan(far) else far))


def further_seeds(contrast: Contrast, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """How many more seeds decide the contrast with probability `power`, were the effect as large as it looks.

    None when more than MOST_SEEDS would be needed, or when nothing can be said (one seed, no difference at all).
    """
    if contrast.effect_size is None:
        if contrast.n < 2 or contrast.mean == 0:
            return None
        return max(0, math.ceil(1 - math.log2(alpha)) - contrast.n)
    enough = contrast.n + MOST_SEEDS
    if achieved_power(contrast.effect_size, enough, alpha) < power:
        return None
    short = 1
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if achieved_power(contrast.effect_size, middle, alpha) >= power \
            else (middle, enough)
    return max(0, enough - contrast.n)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every pair of methods on its common seeds: (k, k) arrays of the mean paired difference in the better direction,
    the differences' standard deviation that the test uses and its degrees of freedom, p Holm-adjusted over all pairs
    that are tested (1 below two common seeds), those seeds, and whether both methods repeat at every seed: such a pair
    is compared exactly and is no test."""

    names: list[str]
    difference: np.ndarray
    deviation: np.ndarray
    freedom: np.ndarray
    p_value: np.ndarray
    common: np.ndarray
    exact: np.ndarray

    @property
    def separated(self) -> float | None:
        """The share of pairs with one significantly better; None without two methods."""
        upper = np.triu_indices(len(self.names), 1)
        return float((self.p_value[upper] <= ALPHA).mean()) if len(self.names) > 1 else None

    def worse(self, alpha: float = ALPHA) -> np.ndarray:
        """(k, k) bool: the row's method is significantly worse than the column's."""
        return (self.p_value <= alpha) & (self.difference < 0)

    def around(self, name: str, alpha: float = ALPHA) -> tuple[list[str], list[str]]:
        """The methods significantly worse than `name`, and those significantly better."""
        place, worse = self.names.index(name), self.worse(alpha)
        return [self.names[i] for i in np.flatnonzero(worse[:, place])], \
            [self.names[i] for i in np.flatnonzero(worse[place])]


def compare_pairs(values: Mapping[str, BySeed], better: str = "higher") -> Pairs:
    """Paired t tests of all pairs of methods, names in alphabetical order; methods without values are left out.

    From LEAST_METHODS methods on the variances are moderated: with ten seeds and a thousand pairs, plain t tests find
    little, and what they find first are pairs whose variance came out small by luck.
    """
    names = sorted(name for name in values if values[name])
    seeds = sorted({seed for name in names for seed in values[name]})
    column = {seed: place for place, seed in enumerate(seeds)}
    x = np.full((len(names), len(seeds)), np.nan)
    for row, name in enumerate(names):
        for seed, value in values[name].items():
            x[row, column[seed]] = _sign(better) * value
    d = x[:, None, :] - x[None, :, :]  # (k, k, seeds)
    here = ~np.isnan(d)
    n = here.sum(2)
    mean = np.where(here, d, 0).sum(2) / np.maximum(n, 1)
    square = np.where(here, (d - mean[:, :, None]) ** 2, 0).sum(2)
    sd = np.sqrt(square / np.maximum(n - 1, 1))
    freedom = np.maximum(n - 1, 1).astype(float)
    constant = _constant(sd, np.where(here, np.abs(d), 0).max(2, initial=0))
    upper = np.triu_indices(len(names), 1)
    varying = tuple(place[(n[upper] >= 2) & ~constant[upper]] for place in upper)
    if len(names) >= LEAST_METHODS and len(varying[0]) > 1:
        variance, freed = moderated(sd[varying] ** 2, freedom[varying])
        for places in (varying, varying[::-1]):
            sd[places], freedom[places] = np.sqrt(variance), freed
    t = mean / np.where(constant, 1, sd) * np.sqrt(n)
    p = np.where(constant, np.where(mean != 0, _sign_p(n), 1.0), 2 * stdtr(freedom, -np.abs(t)))
    count = np.array([repeats(row[~np.isnan(row)]) for row in x], dtype=bool)
    exact = count[:, None] & count[None, :] & (n >= LEAST_REPEATS)
    tested = (n[upper] >= 2) & ~exact[upper]
    adjusted = np.where(exact[upper] & (mean[upper] != 0), 0.0, 1.0)
    adjusted[tested] = holm(p[upper][tested])
    out = np.ones_like(p)
    out[upper] = adjusted
    return Pairs(names, mean, sd, freedom, np.minimum(out, out.T), n, exact)


def smallest_separable(values: Mapping[str, BySeed], alpha: float = ALPHA) -> float | None:
    """How far two typical methods must lie apart for `tiers` to separate them: at Holm's first step, for the median
    deviation of paired differences. None without a pair that has two common seeds."""
    pairs = compare_pairs(values)
    upper = np.triu_indices(len(pairs.names), 1)
    n, sd, freedom = pairs.common[upper], pairs.deviation[upper], pairs.freedom[upper]
    tested = (n >= 2) & ~pairs.exact[upper]
    if not tested.any():
        return None
    t = stdtrit(freedom[tested], 1 - alpha / tested.sum() / 2)
    return float(np.median(t * sd[tested] / np.sqrt(n[tested])))


@dataclass(frozen=True)
class Standing:
    """Where a method stands among those compared.

    `tier` 1 holds the leader and all the data cannot separate from it; None below two common seeds with the leader.
    `best_rank` and `worst_rank` bound the rank: one plus the methods proven better, and all but those proven worse.
    """

    tier: int | None
    best_rank: int
    worst_rank: int


def tiers(values: Mapping[str, BySeed], better: str = "higher", alpha: float = ALPHA) -> dict[str, Standing]:
    """Tiers from the top, by paired t tests of all pairs on their common seeds, Holm-corrected over the pairs.

    The leader is the method with the largest advantage, the mean over its rivals of the paired mean difference (on
    complete data, the best mean; with missing seeds no method gains from having run only the easy ones). Tier 1 is the
    leader and every method not significantly worse than it. Those leave, the best of the rest leads tier 2, and
    so on. The chance that any method is put below one that is truly no better is at most `alpha`. Two methods of
    one tier may differ from each other; each is inseparable from their tier's leader only.
    Equal advantages are ordered by name.
    """
    pairs = compare_pairs(values, better)
    names, common = pairs.names, pairs.common
    if not names:
        return {}
    seen = common >= 1
    np.fill_diagonal(seen, False)
    advantage = np.where(seen, pairs.difference, 0).sum(1) / np.maximum(seen.sum(1), 1)
    order = [int(i) for i in np.argsort(-advantage, kind="stable")]
    worse = pairs.worse(alpha)
    tier: dict[int, int | None] = {}
    left = [i for i in order if len(values[names[i]]) > 1]
    number = 0
    while left:
        number += 1
        leader, members, rest = left[0], [left[0]], []
        for i in left[1:]:
            if common[i, leader] < 2:
                tier[i] = None
            elif worse[i, leader]:
                rest.append(i)
            else:
                members.append(i)
        tier.update(dict.fromkeys(members, number))
        left = rest
    total = len(names)
    return {names[i]: Standing(tier.get(i), 1 + int(worse[i].sum()), total - int(worse[:, i].sum())) for i in order}


def well_measured(values: Mapping[str, BySeed]) -> dict[str, BySeed]:
    """The methods with at least half as many seeds as the fullest, so that one barely begun does not empty the rest."""
    most = max((len(of) for of in values.values()), default=0)
    return {name: of for name, of in values.items() if of and 2 * len(of) >= most}


def split_half_reliability(values: Mapping[str, BySeed], splits: int = 100) -> float | None:
    """Would other seeds order the methods alike? Spearman's correlation of the method means between two halves.

    The seeds all methods share are split at random into disjoint halves, `splits` times (a fixed generator), and the
    correlations averaged. None below three methods or four common seeds, or when all means are equal.
    """
    from scipy.stats import rankdata  # slow to import
    if len(values) < 3:
        return None
    seeds = sorted(set.intersection(*(set(of) for of in values.values())))
    if len(seeds) < 4:
        return None
    x = np.array([[of[seed] for seed in seeds] for of in values.values()])  # (k, seeds)
    generator, half = np.random.default_rng(0), len(seeds) // 2
    orders = [generator.permutation(len(seeds)) for _ in range(splits)]
    first, second = (rankdata([x[:, order[part]].mean(1) for order in orders], axis=1) for part in (
        slice(half), slice(half, None)))  # (splits, k)
    told = (np.ptp(first, axis=1) > 0) & (np.ptp(second, axis=1) > 0)
    if not told.any():
        return None
    a, b = (ranks[told] - ranks[told].mean(1, keepdims=True) for ranks in (first, second))
    return float(np.mean((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))))


def upper_half(values: Mapping[str, BySeed], better: str = "higher") -> dict[str, BySeed]:
    """The better half of the methods by their means, the middle one included."""
    ranked = sorted(values, key=lambda name: -_sign(better) * float(np.mean(list(values[name].values()))))
    return {name: values[name] for name in ranked[:(len(ranked) + 1) // 2]}


def collapsed(by_seed: BySeed, chance: float | None, ceiling: float | None, better: str = "higher") -> tuple[int, ...]:
    """The seeds whose score is no better than chance, or by less than a twentieth of what lies between chance and the
    ceiling: there the method learned nothing. None where the metric has no chance level."""
    if chance is None:
        return ()
    sign = _sign(better)
    slack = NEAR_CHANCE * max(0.0, sign * (ceiling - chance)) if ceiling is not None else 0.0
    return tuple(sorted(seed for seed, value in by_seed.items() if sign * (value - chance) <= slack))


def probability_of_improvement(ours: Sequence[float], theirs: Sequence[float], better: str = "higher",
                               resamples: int = 2000) -> Interval:
    """Chance that a run of ours beats a run of theirs, a tie counting half; 95 % percentile bootstrap interval.

    Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the Statistical Precipice", section 4.3.
    """
    a, b = (_sign(better) * np.asarray(x, dtype=float) for x in (ours, theirs))
    wins = (np.sign(a[:, None] - b[None, :]) + 1) / 2  # (n, m): 1 win, 0.5 tie, 0 loss
    generator = np.random.default_rng(0)
    rows = _times_drawn(generator.integers(len(a), size=(resamples, len(a))), len(a))
    columns = _times_drawn(generator.integers(len(b), size=(resamples, len(b))), len(b))
    drawn = (rows @ wins * columns).sum(1) / wins.size  # sums of halves: exact, whatever their order
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(wins.mean()), float(low), float(high), min(len(a), len(b)))


def _times_drawn(places: np.ndarray, count: int) -> np.ndarray:
    """How often each of `count` things is among the places (resamples, drawn): (resamples, count)."""
    resamples = len(places)
    numbered = places + count * np.arange(resamples)[:, None]
    return np.bincount(numbered.ravel(), minlength=count * resamples).reshape(resamples, count).astype(float)


def performance_profile(values: Sequence[float], thresholds: Sequence[float], better: str = "higher") -> list[float]:
    """Share of runs at least as good as each threshold (Dolan and Moré 2002, over runs)."""
    x = _sign(better) * np.asarray(values, dtype=float)
    return [float((x >= _sign(better) * threshold).mean()) for threshold in thresholds]


def _sign(better: str) -> float:
    if better not in ("higher", "lower"):
        raise ValueError(f"a metric is better when higher or lower, not {better!r}")
    return 1.0 if better == "higher" else -1.0


def _constant(sd, scale):
    """Differences that vary only by rounding do not vary."""
    return sd <= 1e-9 * np.maximum(scale, 1e-12)


def _sign_p(n):
    """Two-sided exact sign test of n differences of one sign."""
    return 2.0 ** (1 - np.minimum(n, 1000))
