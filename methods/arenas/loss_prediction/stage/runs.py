"""Runs as columns, and how a law is fitted to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

Vector = np.ndarray
DELTA = 1e-3                # where a residual of log loss begins to count linearly, as Chinchilla has it


@dataclass(frozen=True)
class Runs:
    """One value a run: weights at work, those without the embeddings, pieces read, different pieces among them, the
    share zlib leaves of the text, its nats a piece under another model, the grain of experts (0: none) and the pieces
    that the dense model had read from which experts grew (0: none)."""

    weights: Vector
    body: Vector
    units: Vector
    unique: Vector
    packed: Vector
    surprise: Vector
    grain: Vector
    before: Vector

    def __len__(self) -> int:
        return len(self.units)

    @property
    def compute(self) -> Vector:
        return 6 * self.weights * self.units

    def where(self, kept: Vector) -> Runs:
        return Runs(**{name: value[kept] for name, value in vars(self).items()})


Law = Callable[[Vector, Runs], Vector]      # parameters, runs -> losses


def fitted(law: Law, starts: list[tuple[float, ...]], low: tuple[float, ...], high: tuple[float, ...], runs: Runs,
           loss: Vector) -> Vector:
    """The parameters with the least Huber loss of log residuals, from the four best of several starts."""
    def residual(theta: Vector) -> Vector:
        return np.log(np.maximum(law(theta, runs), 1e-6)) - np.log(loss)

    first = sorted((np.clip(start, low, high) for start in starts), key=lambda at: float(np.abs(residual(at)).sum()))
    found = [least_squares(residual, start, bounds=(low, high), loss="huber", f_scale=DELTA, x_scale="jac",
                           max_nfev=200) for start in first[:4]]
    return min(found, key=lambda each: each.cost).x


def power(log_scale: float, exponent: float, of: Vector) -> Vector:
    """exp(log_scale) * of ** -exponent, where the scale is told at a typical size so that fits are well behaved.

    >>> power(0.0, 0.5, np.array([4e4]) ).round(3).tolist()          # sqrt(1e4 / 4e4)
    [0.5]
    """
    return np.exp(log_scale - exponent * np.log(of / TYPICAL))


TYPICAL = 1e4
