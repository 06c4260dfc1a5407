"""What sweeps of the rate at small widths scored, and the best rate of a sweep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

Vector = np.ndarray


@dataclass(frozen=True)
class Sweeps:
    """Bits per byte (widths, rates, moments) of one rule, with the weights without embeddings of every width and the
    pieces read at every moment. `wide` are the weights, `read` the pieces of the run to be planned."""

    weights: Vector
    rates: Vector
    units: Vector
    bits: Vector
    wide: float
    read: float


def best_rate(rates: Vector, bits: Vector) -> float:
    """Where the parabola through the lowest point and its neighbours, over the logarithm of the rate, is lowest; at an
    edge, the edge.

    >>> round(best_rate(np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, 3.0])), 3)
    2.0
    """
    at = int(bits.argmin())
    if at in (0, len(rates) - 1):
        return float(rates[at])
    x, y = np.log(rates[at - 1:at + 2]), bits[at - 1:at + 2]
    square, slope, _ = np.polyfit(x - x[1], y, 2)
    return float(np.exp(x[1] - slope / (2 * square))) if square > 0 else float(rates[at])


def at_rate(rates: Vector, bits: Vector, rate: float) -> float:
    """Bits at a rate between those of a sweep: a line over the logarithm, the ends beyond them.

    >>> round(at_rate(np.array([1.0, 4.0]), np.array([3.0, 2.0]), 2.0), 3)
    2.5
    """
    return float(np.interp(np.log(rate), np.log(rates), bits))


def power_law(weights: Vector, bits: Vector, wide: float) -> float:
    """a N^b + c, fitted to small sizes, at a large one; b between -2 and -0.05, c not below zero."""
    def curve(theta: Vector, n: Vector) -> Vector:
        return np.exp(theta[0] + theta[1] * np.log(n / weights[0])) + theta[2]

    found = [least_squares(lambda theta: curve(theta, weights) - bits, (-1.0, rate, floor), x_scale="jac",
                           bounds=((-8.0, -2.0, 0.0), (3.0, -0.05, 6.0))) for rate in (-0.2, -0.6)
             for floor in (0.5, 0.8 * bits.min())]
    return float(curve(min(found, key=lambda each: each.cost).x, np.array([wide]))[0])


def log_linear(columns: list[Vector], values: Vector) -> Vector:
    """Coefficients of log values on a constant and the logarithms of columns, by least squares."""
    x = np.column_stack([np.ones(len(values)), *(np.log(column) for column in columns)])
    return np.linalg.lstsq(x, np.log(values), rcond=None)[0]


def every_best(known: Sweeps) -> tuple[Vector, Vector, Vector]:
    """Weights, pieces read and best rate of every width at every moment."""
    pairs = [(i, j) for i in range(len(known.weights)) for j in range(len(known.units))]
    return (np.array([known.weights[i] for i, _ in pairs]), np.array([known.units[j] for _, j in pairs]),
            np.array([best_rate(known.rates, known.bits[i, :, j]) for i, j in pairs]))


def resampled(many: int, times: int = 100) -> Vector:
    """(times, many) row numbers, drawn with replacement, always the same."""
    return np.random.default_rng(0).integers(many, size=(times, many))
