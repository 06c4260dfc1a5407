"""What a verdict's numbers let one expect: whether the claim holds, and whether the next look will decide it."""

from __future__ import annotations

import math

from scipy.special import ndtri, stdtr

from evaluations.arithmetic import sequential, statistics
from evaluations.models import Verdict

Half = tuple[float, float, float, int]  # difference, the ends of its interval, seeds


def probability(verdict: Verdict) -> float:
    """How probable the claim is by its measurements alone: Student's t of the mean with a flat prior, each half."""
    return math.prod(_positive(*half) for half in _halves(verdict))


def chance_at(verdict: Verdict, look: int) -> float:
    """The chance that the look at so many seeds decides the claim, at the level of Holm's first step."""
    halves = _halves(verdict)
    against = [half for half in halves if half[0] < 0]
    if not against and verdict.cost and len(halves) < 2:
        return 0.0  # what is not recorded confirms nothing
    error = statistics.ALPHA / max(1, verdict.family)
    chances = [_chance(half, look, error) for half in against or halves]
    return max(chances) if against else math.prod(chances)


def entropy(p: float) -> float:
    """Bits of a yes that has probability `p`.

    >>> entropy(0.5), round(entropy(0.11), 3), entropy(1.0)
    (1.0, 0.5, 0.0)
    """
    return sum(-q * math.log2(q) for q in (p, 1 - p) if q > 0)


def _halves(verdict: Verdict) -> list[Half]:
    cost = verdict.cost
    return [(verdict.difference, verdict.low, verdict.high, verdict.n), *(
        [(cost["difference"], cost["low"], cost["high"], cost["n"])] if cost and cost["low"] is not None else [])]


def _positive(mean: float, low: float, high: float, n: int) -> float:
    width = (high - low) / 2
    if width <= 0:  # every seed the same: the sign test
        return 0.5 if mean == 0 else 1 - 2.0 ** -n if mean > 0 else 2.0 ** -n
    return float(stdtr(n - 1, mean * statistics.t_critical(n - 1) / width))


def _chance(half: Half, look: int, error: float) -> float:
    mean, low, high, n = half
    if high <= low:
        return 1.0 if mean else 0.0
    p = _positive(-abs(mean), 0.0, high - low, n)  # of the tail beyond; only the width of the interval counts
    return sequential.chance(-float(ndtri(max(p, 1e-300))), n, look, error)
