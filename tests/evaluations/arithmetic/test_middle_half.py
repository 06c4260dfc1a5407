"""The interquartile mean and the chance of a place on the front, against values by hand and by scipy."""

import numpy as np
import pytest
from scipy import stats

from evaluations.arithmetic.fronts import front_chances, pareto_front, two_digits
from evaluations.arithmetic.middle_half import interquartile_mean, standardised, stratified_iqm


@pytest.mark.parametrize("n", [1, 3, 4, 7, 10, 21])
def test_the_middle_half_is_that_of_scipys_trimmed_mean(n):
    x = np.random.default_rng(n).normal(size=n)
    assert interquartile_mean(x) == pytest.approx(stats.trim_mean(x, 0.25))


def test_the_middle_half_by_hand():
    assert interquartile_mean([1, 2, 3, 100]) == 2.5, "the first and the last are left out"
    found = stratified_iqm([[0, 10], [20, 1000]])
    assert found.mean == 15 and found.n == 4 and found.low <= 15 <= found.high
    assert stratified_iqm([[5.0]]).low is None and stratified_iqm([[5.0, 5.0]]).high == 5


def test_runs_are_drawn_anew_inside_their_strata():
    """Two constant strata: whatever is drawn, the mean of the middle half stays."""
    found = stratified_iqm([[1.0] * 6, [9.0] * 6])
    assert (found.low, found.mean, found.high) == (5, 5, 5)


def test_the_interval_agrees_with_scipys_bootstrap():
    x = np.random.default_rng(1).normal(10, 2, 40)
    ours = stratified_iqm([x])
    theirs = stats.bootstrap((x,), lambda sample, axis=-1: stats.trim_mean(sample, 0.25, axis=axis), n_resamples=2000,
                             method="percentile", vectorized=True, rng=np.random.default_rng(5)).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.12) and ours.high == pytest.approx(theirs.high, abs=0.12)


def test_standardised_scores_are_the_same_line_for_all_methods_of_a_setting():
    values = {"a": {"x": {0: 1.0, 1: 3.0}, "y": {0: 5.0, 1: 7.0}}, "flat": {"x": {0: 1.0}, "y": {0: 1.0}}}
    found = standardised(values, "higher")
    spread = np.std([2, 6], ddof=1)
    assert list(found) == ["a"] and found["a"]["x"][1] == pytest.approx((3 - 4) / spread)
    assert standardised(values, "lower")["a"]["y"][0] == pytest.approx(-(5 - 4) / spread)


def test_a_front_that_no_seed_changes_is_certain():
    costs = {"cheap": {0: 1.0, 1: 1.0}, "dear": {0: 2.0, 1: 2.0}, "beaten": {0: 3.0, 1: 3.0}}
    values = {"cheap": {0: 5.0, 1: 6.0}, "dear": {0: 8.0, 1: 9.0}, "beaten": {0: 1.0, 1: 2.0}}
    assert front_chances(costs, values, "higher") == {"beaten": 0, "cheap": 1, "dear": 1}
    assert front_chances(costs, values, "lower") == {"beaten": 1, "cheap": 1, "dear": 0}


def test_the_chance_of_a_place_on_the_front_by_hand():
    """With two seeds the second method wins at one by 1 and loses at the other by 1: it is better in the sample that
    draws its good seed twice, one of four; in two of four both means are equal, and the cheaper one alone is on it."""
    costs = {"cheap": {0: 1.0, 1: 1.0}, "dear": {0: 2.0, 1: 2.0}}
    values = {"cheap": {0: 5.0, 1: 5.0}, "dear": {0: 6.0, 1: 4.0}}
    found = front_chances(costs, values, "higher")
    assert found["cheap"] == 1 and found["dear"] == pytest.approx(0.25, abs=0.03)


def test_chances_agree_with_the_front_of_each_sample():
    generator = np.random.default_rng(3)
    costs = {f"m{i}": dict(enumerate(generator.uniform(1, 9, 6))) for i in range(7)}
    values = {f"m{i}": dict(enumerate(generator.normal(i / 3, 1, 6))) for i in range(7)}
    drawn = np.random.default_rng(0).multinomial(6, np.full(6, 1 / 6), size=2000)
    counts = dict.fromkeys(costs, 0)
    for weights in drawn:
        at = [[float(np.average(list(of[name].values()), weights=weights)) for name in costs] for of in (costs, values)]
        for place in pareto_front([two_digits(cost) for cost in at[0]], at[1], "higher"):
            counts[list(costs)[place]] += 1
    assert front_chances(costs, values, "higher") == pytest.approx({name: n / 2000 for name, n in counts.items()},
                                                                  abs=0.002)
