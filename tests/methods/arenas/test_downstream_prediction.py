"""Curves against scores that they made."""

import numpy as np
import pytest

from methods.arenas.downstream_prediction.accuracy_extrapolation import AccuracyExtrapolation
from methods.arenas.downstream_prediction.amuro_and_char import AmuroAndChar
from methods.arenas.downstream_prediction.log_law import LogLaw
from methods.arenas.downstream_prediction.negation_decomposition import NegationDecomposition
from methods.arenas.downstream_prediction.stage.runs import Known, Models

MODELS = Models(np.repeat([1e4, 4e4], 5), np.repeat([5e3, 3e4], 5), np.tile([1e5, 2e5, 3e5, 5e5, 8e5], 2))
LARGER = Models(np.array([4e4, 4e4]), np.array([3e4, 3e4]), np.array([1.2e6, 2e6]))


def known(score, **others) -> Known:
    none = np.zeros(len(score))
    items = none[:, None]
    return Known(**{"models": MODELS, "score": score, "loss": none + 3, "right": items, "log_p": items, "shares": items,
                    "base": none + 0.3, "plain": none, "turned": none, "chance": 0.25, **others})


def logistic(models: Models) -> np.ndarray:
    return 0.25 + 0.75 / (1 + np.exp(1.5 - 0.4 * np.log(models.compute)))


def test_a_logistic_curve_is_found_again():
    method = AccuracyExtrapolation()
    method.fit(known(logistic(MODELS)))
    assert method.predict(LARGER) == pytest.approx(logistic(LARGER), abs=1e-4)


def test_the_log_law_is_found_again():
    def law(models):
        return (0.05 + 0.1 * np.log(models.units / 1e4)) ** 0.7

    method = LogLaw()
    method.fit(known(law(MODELS)))
    assert method.predict(LARGER) == pytest.approx(law(LARGER), abs=1e-3)


def test_each_size_has_a_line_of_its_own_height():
    score = np.repeat([0.1, 0.2], 5) + 0.03 * np.log(MODELS.units)
    method = AmuroAndChar()
    method.fit(known(score))
    assert method.predict(LARGER) == pytest.approx(0.2 + 0.03 * np.log(LARGER.units))


def test_negation_puts_two_curves_together():
    x = np.log(MODELS.compute)
    q, m = 0.6 + 0.02 * x, 1 / (1 + np.exp(2 - 0.1 * x))
    method = NegationDecomposition()
    method.fit(known(q, plain=q, turned=m))
    x = np.log(LARGER.compute)
    q, m = 0.6 + 0.02 * x, 1 / (1 + np.exp(2 - 0.1 * x))
    assert method.predict(LARGER) == pytest.approx(q * m + (1 - q) * (1 - m), abs=1e-4)
