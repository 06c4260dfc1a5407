"""A claim put to the test: its halves at each look of the sequential rule, and the correction within its family.

A claim has a p at each look that its seeds allow, adjusted so that it holds whichever look decides
(`arithmetic/sequential.py`); the smallest counts. Holm's procedure over the family is applied to these, so that claims
at different looks may stand in one family. What a claim comes to is told by the first look that decides it, or by the
last there is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from scipy.special import ndtri

from evaluations.arithmetic import sequential, statistics
from evaluations.arithmetic.statistics import PairedTest
from evaluations.models import Claim, Verdict

LEAST_SEEDS = 2


@dataclass(frozen=True)
class CostEvidence:
    """What the claimant spends less than its rival, by seed; `recorded` is "" when no run records such a cost."""

    recorded: str
    unit: str
    by_seed: dict[int, float]


@dataclass(frozen=True)
class Evidence:
    """A claim's sum by seed, its cost half if it has one, and a digest of everything they came from."""

    claim: Claim
    by_seed: dict[int, float]
    basis: str
    cost: CostEvidence | None = None
    exact: bool = False  # every term repeats at every seed
    sides: tuple[dict[str, Any], ...] = ()  # a term each: what was spent, and the seeds that collapsed

    def first(self, seeds: int) -> Evidence:
        """So much of it as the first so many seeds tell."""
        later = sorted(self.by_seed)[seeds:]
        if not later:
            return self
        cost = self.cost and replace(self.cost, by_seed=_without(self.cost.by_seed, later))
        return replace(self, by_seed=_without(self.by_seed, later), cost=cost, sides=tuple(
            {**side, "collapsed": [seed for seed in side["collapsed"] if seed not in later]} for side in self.sides))


def _without(by_seed: dict[int, float], later: Sequence[int]) -> dict[int, float]:
    return {seed: value for seed, value in by_seed.items() if seed not in later}


@dataclass(frozen=True)
class ClaimTest:
    """A claim's halves put to the test; `halves` are those about which anything is known, the first always."""

    evidence: Evidence
    halves: tuple[PairedTest, ...]

    @classmethod
    def of(cls, evidence: Evidence) -> ClaimTest:
        tests = [statistics.paired_test([by_seed[seed] for seed in sorted(by_seed)]) for by_seed in
                 (evidence.by_seed, evidence.cost.by_seed if evidence.cost else {}) if len(by_seed) >= LEAST_SEEDS]
        return cls(evidence, (_known(tests[0]) if evidence.exact else tests[0], *map(_known, tests[1:])))

    @property
    def whole(self) -> bool:
        """Whether something is known of every half."""
        return len(self.halves) == 2 or self.evidence.cost is None

    @property
    def against(self) -> list[PairedTest]:
        """The halves that point against the claim; one known to be equal does."""
        return [half for half in self.halves if half.mean < 0 or (half.mean == 0 and half.p_value == 0)]

    @property
    def p_value(self) -> float:
        if self.against:
            return min(half.p_value for half in self.against)
        return max(half.p_value for half in self.halves) if self.whole else 1.0

    def status(self, p: float) -> str:
        """What becomes of the claim when its p, adjusted for the others of its family, is `p`."""
        known = any(half.p_value == 0 for half in self.against)  # surely no better, or no cheaper
        if p <= statistics.ALPHA and known or any(
                statistics.verdict(half, p) == Verdict.REFUTED for half in self.against):
            return Verdict.REFUTED
        sure = self.whole and all(statistics.verdict(half, p) == Verdict.CONFIRMED for half in self.halves)
        return Verdict.CONFIRMED if sure else Verdict.INCONCLUSIVE

    def power(self, level: float) -> float | None:
        """The chance that as many seeds decide the claim, were all effects as large as they look (a lower bound)."""
        if self.halves[0].effect_size is None or not (self.whole or self.against):
            return None
        powers = [1.0 if half.effect_size is None else statistics.achieved_power(half.effect_size, half.n, level)
                  for half in self.against or self.halves]
        return max(powers) if self.against else max(0.0, 1 - sum(1 - power for power in powers))

    def chance(self, look: int, error: float) -> float:
        """The probability that the look at so many seeds decides the claim (`sequential.chance`)."""
        if not (self.whole or self.against):
            return 0.0
        chances = [_chance(half, look, error) for half in self.against or self.halves]
        return max(chances) if self.against else math.prod(chances)

    def cost_record(self) -> dict | None:
        """The cost half as plain data."""
        cost = self.evidence.cost
        if cost is None:
            return None
        contrast = self.halves[1] if self.whole else None
        return {"cost": self.evidence.claim.cost, "recorded": cost.recorded, "unit": cost.unit,
                "n": len(cost.by_seed), **{name: getattr(contrast, name, None) for name in ("low", "high", "p_value")},
                "difference": getattr(contrast, "mean", None)}


def _chance(half: PairedTest, look: int, error: float) -> float:
    if half.effect_size is not None:
        z = math.copysign(-float(ndtri(max(half.p_value, 1e-300) / 2)), half.mean)
        return sequential.chance(z, half.n, look, error)
    decides = half.p_value == 0 or (half.mean != 0 and 2.0 ** (1 - look) <= sequential.level_at(look, error))
    return 1.0 if decides else 0.0


def _known(half: PairedTest) -> PairedTest:
    """What differs by the same amount at every seed is known, not estimated."""
    return replace(half, p_value=0.0) if half.effect_size is None else half


@dataclass(frozen=True)
class Looked:
    """A claim tested at every look that its seeds allow, the first of them first."""

    evidence: Evidence
    tests: tuple[ClaimTest, ...]

    @classmethod
    def at(cls, evidence: Evidence) -> Looked:
        looks = sequential.looks_at(len(evidence.by_seed))
        return cls(evidence.first(looks[-1]), tuple(ClaimTest.of(evidence.first(seeds)) for seeds in looks))

    @property
    def family(self) -> tuple[int, frozenset[str]]:
        """The method, and the settings its claim is about."""
        claim = self.evidence.claim
        return claim.method_id, frozenset(term["setting"] for term in claim.terms)

    @cached_property
    def numbers(self) -> tuple[Any, ...]:
        """What the claim comes to: two with equal numbers are one test."""
        cost = self.evidence.cost
        return (tuple(sorted(self.evidence.by_seed.items())),
                (cost.recorded, tuple(sorted(cost.by_seed.items()))) if cost else None)

    @cached_property
    def _p_values(self) -> list[float]:
        """Of each look, adjusted for all looks."""
        return [float(sequential.adjusted(test.p_value, place)) for place, test in enumerate(self.tests)]

    @property
    def p_value(self) -> float:
        return min(self._p_values)

    def told_by(self, adjusted: Adjusted) -> ClaimTest:
        """The first look that decides the claim at the level its family leaves it, else the last."""
        if adjusted.p_value > statistics.ALPHA:
            return self.tests[-1]
        deciding = (test for test, p in zip(self.tests, self._p_values, strict=True) if p <= adjusted.level)
        return next(deciding, self.tests[self._p_values.index(self.p_value)])  # Holm's product may round otherwise

    def seeds_needed(self, error: float) -> int | None:
        """Further seeds up to the first look that will more likely than not decide an undecided claim, else up to the
        last. None where even that has too small a chance (`sequential.FUTILE`) or lies behind."""
        last = self.tests[-1]
        n, end = last.halves[0].n, sequential.LOOKS[-1]
        if last.chance(end, error) < sequential.FUTILE:
            return None
        return next((look for look in sequential.LOOKS if last.chance(look, error) > 0.5), end) - n


@dataclass(frozen=True)
class Adjusted:
    """A claim's p after Holm, the error it may make over all its looks, and how many tests its family has."""

    p_value: float
    level: float
    family: int


def in_families(tests: Sequence[Looked]) -> list[Adjusted]:
    """Each test adjusted for those of its family; equal numbers count once."""
    families: dict[Any, dict[Any, float]] = defaultdict(dict)
    for test in tests:
        families[test.family].setdefault(test.numbers, test.p_value)
    adjusted = {}
    for family, p_of in families.items():
        p = list(p_of.values())
        for numbers, value, level in zip(p_of, statistics.holm(p), statistics.holm_level(p), strict=True):
            adjusted[family, numbers] = Adjusted(value, level, len(p))
    return [adjusted[test.family, test.numbers] for test in tests]


