"""How many of an arena's verdicts luck alone would make: what corrections within families leave for the ledger.

Were no effect real, each paired difference would be as likely to have the other sign. So the signs are drawn anew, one
a seed for all claims of the arena at once (claims that share rivals and seeds stay as dependent as they are), each
claim is tested at its looks and corrected as before, and those decided are counted. That number, over the verdicts
really decided, bounds the share of them that are false (Storey and Tibshirani 2003 with every hypothesis taken for
null). Counts that are compared exactly leave nothing to luck and are not among them; of a claim "at a lower cost" the
first half alone is drawn, which makes the bound larger.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from evaluations.arithmetic import sequential
from evaluations.arithmetic.statistics import ALPHA, BySeed
from evaluations.models import FalseDiscoveries, Verdict
from methods.models import Arena

DRAWS = 400


@dataclass(frozen=True)
class Claimed:
    """A claim's differences by seed, and the family it is corrected in."""

    by_seed: BySeed
    family: Hashable
    basis: str


def reckon(arena: Arena, scale: str, tested: Sequence[Claimed]) -> None:
    """Bring the arena's row up to date; nothing is drawn when the numbers behind it are the same."""
    rule = repr((sequential.LOOKS, sequential.SPENT))
    basis = hashlib.sha256("".join([rule, *sorted(each.basis for each in tested)]).encode()).hexdigest()
    if FalseDiscoveries.objects.filter(arena=arena, scale=scale, basis=basis).exists():
        return
    counts = decided_by_luck(tested)
    FalseDiscoveries.objects.update_or_create(arena=arena, scale=scale, defaults={
        "tested": len(tested), "by_luck": float(counts.mean()), "by_luck_at_most": float(np.quantile(counts, 0.95)),
        "draws": DRAWS, "basis": basis})


def decided_by_luck(tested: Sequence[Claimed], draws: int = DRAWS) -> np.ndarray:
    """(draws,) how many of the claims Holm's procedure within each family decides when every seed's sign is drawn."""
    counts = np.zeros(draws)
    if not tested:
        return counts
    seeds = sorted({seed for each in tested for seed in each.by_seed})
    signs = np.random.default_rng(0).choice((-1.0, 1.0), size=(draws, len(seeds)))
    families: dict[Hashable, list[np.ndarray]] = defaultdict(list)
    for each in tested:
        of = np.array([each.by_seed.get(seed, np.nan) for seed in seeds])
        families[each.family].append(_p_values(signs, of))
    for p_values in families.values():
        p = np.sort(np.stack(p_values, axis=1), axis=1)  # (draws, claims)
        adjusted = np.maximum.accumulate(p * (p.shape[1] - np.arange(p.shape[1])), axis=1)
        counts += (adjusted <= ALPHA).sum(1)
    return counts


def _p_values(signs: np.ndarray, by_seed: np.ndarray) -> np.ndarray:
    """(draws,) p over all looks at (seeds,) differences under each draw of signs."""
    here = ~np.isnan(by_seed)
    d = signs[:, here] * by_seed[here]
    return np.min([sequential.adjusted(_p_at(d[:, :seeds]), place) for place, seeds in
                   enumerate(sequential.looks_at(d.shape[1]))], axis=0)


def _p_at(d: np.ndarray) -> np.ndarray:
    """(draws,) two-sided p of the paired t test of (draws, seeds) differences."""
    n = d.shape[1]
    sd = d.std(axis=1, ddof=1)
    flat = sd <= 1e-12 * max(float(np.abs(d).max()), 1e-300)
    t = d.mean(1) / np.where(flat, 1.0, sd) * np.sqrt(n)
    return np.where(flat, np.where(d[:, 0] == 0, 1.0, 2.0 ** (1 - n)), 2 * stdtr(n - 1, -np.abs(t)))


@dataclass(frozen=True)
class LedgerErrors:
    """Of all arenas together: verdicts decided by a test, and how many luck alone would decide."""

    decided: int
    by_luck: float
    by_luck_at_most: float

    @property
    def share(self) -> float | None:
        """At most this share of what is decided is false, on average."""
        return min(1.0, self.by_luck / self.decided) if self.decided else None

    @property
    def sentence(self) -> str:
        if self.share is None:
            return ""
        return (f"{self.decided} verdicts are decided by a test. Were no effect real, luck alone would decide about "
                f"{self.by_luck:.0f} ({self.by_luck_at_most:.0f} at most in 19 of 20 repetitions): about "
                f"{self.share:.0%} of them are false at most.")


def ledger_errors(*, arena: str = "", scale: str = "full") -> LedgerErrors:
    """Of one arena or of all; two queries. The bounds of the arenas are added up."""
    decided = Verdict.objects.filter(current=True, scale=scale, claim__method__present=True, p_value__gt=0).exclude(
        status=Verdict.INCONCLUSIVE)
    rows = FalseDiscoveries.objects.filter(scale=scale, arena__present=True)
    if arena:
        decided, rows = decided.filter(claim__method__arena=arena), rows.filter(arena=arena)
    found = list(rows.values_list("by_luck", "by_luck_at_most"))
    return LedgerErrors(decided.count(), sum(each for each, _ in found), sum(most for _, most in found))
