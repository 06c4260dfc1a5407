"""Would other seeds order the methods alike? The split-half rank correlation of a table, in words."""

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

    `value` is None where there are too few methods or common seeds, or where all means are equal.
    """

    value: float | None
    seeds: int
    methods: int

    @property
    def enough(self) -> bool:
        return self.value is not None and self.value >= GOAL

    @property
    def sentence(self) -> str:
        if self.methods < LEAST_METHODS or self.seeds < LEAST_SEEDS:
            return (f"Whether other seeds would order the methods alike cannot be said yet: that takes {LEAST_METHODS} "
                    f"methods with {LEAST_SEEDS} seeds in common, and there are {self.methods} with {self.seeds}.")
        if self.value is None:
            return "All methods score the same, so there is no order of methods to repeat."
        meaning = "other seeds would tell the same story" if self.enough else \
            f"below the goal of {GOAL:g}, so the order of the methods is not settled yet; read the tiers, not the order"
        return (f"Two halves of the seeds, {self.seeds // 2} each of the {self.seeds} that {self.methods} methods "
                f"share, rank the methods with a correlation of {self.value:.2f}: {meaning}.")


def reliability_of(values: Mapping[str, BySeed]) -> Reliability:
    """Of the methods with at least half as many seeds as the fullest."""
    measured = statistics.well_measured(values)
    common = set.intersection(*(set(of) for of in measured.values())) if measured else set()
    return Reliability(statistics.split_half_reliability(measured), len(common), len(measured))
