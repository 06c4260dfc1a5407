"""Laws against constants that made the losses, and against each other where one is a case of another."""

import numpy as np
import pytest

from methods.arenas.loss_prediction.data_constrained_law import worth
from methods.arenas.loss_prediction.overtraining_law import OvertrainingLaw
from methods.arenas.loss_prediction.stage.chinchilla import HIGH, LOW, STARTS, best_size, chinchilla
from methods.arenas.loss_prediction.stage.runs import Runs, fitted
from methods.arenas.loss_prediction.upcycling_law import UpcyclingLaw


def runs(**given: float) -> Runs:
    weights, units = (grid.ravel() for grid in np.meshgrid([1e4, 3e4, 1e5], [1e5, 2e5, 4e5, 8e5]))
    none = np.zeros(12)
    return Runs(**{"weights": weights, "body": weights / 2, "units": units, "unique": units, "packed": none,
                   "surprise": none, "grain": none, "before": none, **given})


def test_a_fit_finds_what_made_the_losses():
    made = np.array([1.2, 0.0, 0.4, 0.3, 0.5])
    known = runs()
    found = fitted(lambda theta, r: chinchilla(theta, r.weights, r.units), STARTS, LOW, HIGH, known,
                   chinchilla(made, known.weights, known.units))
    larger = chinchilla(found, np.array([4e5]), np.array([2e6]))
    assert larger == pytest.approx(chinchilla(made, np.array([4e5]), np.array([2e6])), rel=2e-3)


def test_over_training_is_chinchilla_with_one_exponent():
    eta, log_a, log_b, floor, known = 0.2, -0.5, 0.3, 1.0, runs()
    said = OvertrainingLaw().law(np.array([log_a, log_b, eta, floor]), known)
    scale = (6 / 1e10) ** -eta
    of_size = scale * np.exp(log_a) * known.weights ** (-2 * eta)
    of_reading = scale * np.exp(log_b) * known.units ** (-2 * eta)
    assert said == pytest.approx(floor + of_size + of_reading)


def test_the_best_size_costs_as_much_as_the_reading():
    theta = np.array([1.0, 0.2, 0.4, -0.3, 0.6])
    read = np.array([3e5])
    size = best_size(theta, read)
    by_size = theta[2] * (chinchilla(theta, size, read) - chinchilla(theta, size * 1e40, read))
    by_reading = theta[4] * (chinchilla(theta, size, read) - chinchilla(theta, size, read * 1e40))
    assert by_size == pytest.approx(by_reading, rel=1e-6)


def test_little_repetition_is_worth_all_of_it_and_much_has_an_end():
    assert worth(np.array([200.0]), np.array([100.0]), 1e6) == pytest.approx(200.0, rel=1e-4)
    assert worth(np.array([1e9]), np.array([100.0]), 5.0) == pytest.approx(600.0)


def test_the_interaction_slows_what_comes_after():
    known = runs(before=np.full(12, 1e5))
    law = UpcyclingLaw()
    base, slow = (law.law(np.array([0.0, 0.1, 0.3, a3, 0.0]), known) for a3 in (0.0, 0.05))
    assert slow / base == pytest.approx((known.units / 1e4) ** (0.05 * np.log(10)))
