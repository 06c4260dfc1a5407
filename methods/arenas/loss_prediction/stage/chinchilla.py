"""Chinchilla's law and what other laws take from it."""

from __future__ import annotations

import numpy as np

from methods.arenas.loss_prediction.stage.runs import TYPICAL, Runs, Vector, power

STARTS = [(floor, log_a, alpha, log_b, beta) for floor in (0.5, 2.0) for log_a, log_b in ((-1.0, 0.5), (0.5, -1.0))
          for alpha, beta in ((0.2, 0.3), (0.5, 0.8))]
LOW, HIGH = (0.0, -12.0, 0.01, -12.0, 0.01), (3.5, 5.0, 3.0, 6.0, 3.0)


def chinchilla(theta: Vector, size: Vector, read: Vector) -> Vector:
    """E + A / N^alpha + B / D^beta, theta = E, log A, alpha, log B, beta with A and B told at N = D = 10,000.

    >>> chinchilla(np.array([2.0, 0.0, 0.5, 0.0, 1.0]), np.array([4e4]), np.array([2e4])).round(3).tolist()
    [3.0]
    """
    floor, log_a, alpha, log_b, beta = theta
    return floor + power(log_a, alpha, size) + power(log_b, beta, read)


def best_size(theta: Vector, read: Vector) -> Vector:
    """The size at which these many pieces are best read: where size and reading cost the loss alike,
    alpha A / N^alpha = beta B / D^beta.

    >>> best_size(np.array([2.0, 0.0, 0.5, 0.0, 0.5]), np.array([3e4])).round().tolist()
    [30000.0]
    """
    _, log_a, alpha, log_b, beta = theta
    log = (np.log(alpha / beta) + log_a - log_b + beta * np.log(read / TYPICAL)) / alpha
    return TYPICAL * np.exp(np.clip(log, -30, 30))


def history(runs: Runs) -> tuple[Vector, Vector]:
    """Logarithms of what was read before and after experts grew, in units of ten thousand pieces."""
    return np.log(np.maximum(runs.before, TYPICAL) / TYPICAL), np.log(runs.units / TYPICAL)
