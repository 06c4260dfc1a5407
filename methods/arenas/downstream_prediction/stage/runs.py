"""What is known of small models: who they are, and what they answered to every item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

Vector = np.ndarray
CHANCE = 0.25


@dataclass(frozen=True)
class Models:
    """A value a model: all weights, those without the embeddings, pieces read."""

    weights: Vector
    body: Vector
    units: Vector

    def __len__(self) -> int:
        return len(self.units)

    @property
    def compute(self) -> Vector:
        """In units of 10^10 operations."""
        return 6 * self.weights * self.units / 1e10


@dataclass(frozen=True)
class Known:
    """Known models and, by model: `score` (n,) in shares, `loss` (n,) bits per byte of plain text, `right` (n, items)
    whether each item was answered right, `log_p` (n, items) of the right answer, `shares` (n, items) its part of the
    probability of the answers offered; `base` (n,) the score without any labels, and in `negation` `plain` (n,) the
    score without the "not" and `turned` (n,) how often the "not" changed the answer. `chance` is the floor of the
    score: that of guessing, and in `negation`, where models do worse than that, 0."""

    models: Models
    score: Vector
    loss: Vector
    right: Vector
    log_p: Vector
    shares: Vector
    base: Vector
    plain: Vector
    turned: Vector
    chance: float


def fitted(curve: Callable[[Vector], Vector], starts: list[tuple[float, ...]], low: tuple[float, ...],
           high: tuple[float, ...], wanted: Vector) -> Vector:
    """The parameters of least squared distance of a curve to what is wanted, from the best of several starts."""
    found = [least_squares(lambda theta: curve(theta) - wanted, np.clip(start, low, high), bounds=(low, high),
                           x_scale="jac", max_nfev=200) for start in starts]
    return min(found, key=lambda each: each.cost).x


def sigmoid(x: Vector) -> Vector:
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def power_law(theta: Vector, x: Vector) -> Vector:
    """floor + exp(scale) x ** -rate.

    >>> power_law(np.array([1.0, 0.0, 0.5]), np.array([4.0])).tolist()
    [1.5]
    """
    return theta[0] + np.exp(theta[1] - theta[2] * np.log(x))


LOSS = {"starts": [(floor, 0.5, rate) for floor in (0.5, 2.0) for rate in (0.1, 0.4)],
        "low": (0.0, -10.0, 0.005), "high": (3.5, 5.0, 3.0)}        # of a power law of loss
