"""Moderated variances: the equations on a worked case, errors no more frequent than said, and more found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma, polygamma

from evaluations.arithmetic.moderation import LEAST_METHODS, MOST_BORROWED, _prior, _trigamma_inverse, moderated
from evaluations.arithmetic.statistics import compare_pairs

SEEDS = 10


def test_the_prior_is_found_again_in_variances_drawn_from_it():
    """s^2 ~ s0^2 F(d, d0), Smyth's equation for the marginal distribution, with d0 = 8 and s0^2 = 4."""
    generator = np.random.default_rng(0)
    variance = 4 * generator.f(9, 8, 20_000)
    d0, typical = _prior(variance, np.full(20_000, 9.0))
    assert d0 == pytest.approx(8, rel=0.1) and typical == pytest.approx(4, rel=0.05)


def test_trigamma_is_inverted():
    for x in (0.01, 0.5, 3.0, 40.0):
        assert polygamma(1, _trigamma_inverse(x)) == pytest.approx(x, rel=1e-6)


def test_equal_variances_borrow_as_much_as_they_may_and_stay_what_they_are():
    variance, freedom = moderated(np.full(50, 2.0), np.full(50, 9.0))
    assert freedom == pytest.approx(9 * (1 + MOST_BORROWED))
    typical = 2 * np.exp(np.log(4.5) - digamma(4.5))  # log s^2 of a chi-square lies below the log of its mean
    assert variance == pytest.approx((MOST_BORROWED * typical + 2) / (MOST_BORROWED + 1))


def scores(generator, deviations, shifts, seeds=SEEDS):
    x = np.asarray(shifts)[:, None] + np.asarray(deviations)[:, None] * generator.standard_normal(
        (len(deviations), seeds))
    return {f"m{row:02}": dict(enumerate(values)) for row, values in enumerate(x)}


@pytest.mark.parametrize(("methods", "seeds", "spread", "wild"), [
    (LEAST_METHODS, SEEDS, 0.2, 1.0), (12, SEEDS, 0.2, 4.0), (20, SEEDS, 0.6, 1.0), (12, 5, 0.3, 3.0)])
def test_of_equal_methods_none_is_called_better_more_often_than_said(methods, seeds, spread, wild):
    """Also where variances differ and one method is wild; 600 tables, so that 7 % would be more than chance."""
    generator, tables, false = np.random.default_rng(methods), 600, 0
    for _ in range(tables):
        deviations = np.exp(spread * generator.standard_normal(methods))
        deviations[0] *= wild
        false += bool((compare_pairs(scores(generator, deviations, np.zeros(methods), seeds)).p_value <= 0.05).any())
    assert false / tables <= 0.067


def test_more_pairs_are_told_apart_than_by_each_pairs_own_variance(monkeypatch):
    generator = np.random.default_rng(3)
    values = scores(generator, np.ones(20), np.linspace(0, 4, 20))
    found = compare_pairs(values).separated
    monkeypatch.setattr("evaluations.arithmetic.statistics.LEAST_METHODS", 100)
    assert found > 1.15 * compare_pairs(values).separated


def test_few_methods_keep_their_own_variances():
    values = scores(np.random.default_rng(4), np.ones(LEAST_METHODS - 1), np.zeros(LEAST_METHODS - 1))
    assert (compare_pairs(values).freedom == SEEDS - 1).all()
