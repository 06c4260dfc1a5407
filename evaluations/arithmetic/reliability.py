"""Would other seeds order the methods alike? The split-half rank correlation of a table and of its better half."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluations.arithmetic import statistics
from evaluations.arithmetic.statistics import BySeed

GOAL = 0.8
LEAST_METHODS, LEAST_SEEDS = 3, 4


@dataclass(frozen=True)
class Reliability:
    """Mean Spearman correlation between the method means of two disjoint halves of the seeds that all methods share.

    `value` is None where there are too few methods or common seeds, or where all means are equal. `upper` is that of
    the better half of the methods alone: a few that fail are easily told from the rest, and readers choose at the top.
    """

    value: float | None
    seeds: int
    methods: int
    upper: float | None = None

    @property
    def enough(self) -> bool:
        return self.value is not None and self.value >= GOAL and (self.upper is None or self.upper >= GOAL)

    @property
    def sentence(self) -> str:
        if self.methods < LEAST_METHODS or self.seeds < LEAST_SEEDS:
            return (f"Whether other seeds would order the methods alike cannot be said yet: that takes {LEAST_METHODS} "
                    f"methods with {LEAST_SEEDS} seeds in common, and there are {self.methods} with {self.seeds}.")
        if self.value is None:
            return "All methods score the same, so there is no order of methods to repeat."
        upper = "" if self.upper is None else f", the better half of them alone with {self.upper:.2f}"
        return (f"Two halves of the seeds, {self.seeds // 2} each of the {self.seeds} that {self.methods} methods "
                f"share, rank the methods with a correlation of {self.value:.2f}{upper}: {self._meaning}.")

    @property
    def _meaning(self) -> str:
        if self.enough:
            return "other seeds would tell the same story"
        if self.value is not None and self.value >= GOAL:
            return (f"other seeds would tell good from bad alike, but the order at the top is not settled (the goal is "
                    f"{GOAL:g}); read the tiers there")
        return (f"below the goal of {GOAL:g}, so the order of the methods is not settled yet; read the tiers, not the "
                "order")


def reliability_of(values: Mapping[str, BySeed], better: str = "higher") -> Reliability:
    """Of the methods with at least half as many seeds as the fullest."""
    measured = statistics.well_measured(values)
    common = set.intersection(*(set(of) for of in measured.values())) if measured else set()
    return Reliability(statistics.split_half_reliability(measured), len(common), len(measured),
                       statistics.split_half_reliability(statistics.upper_half(measured, better)))
