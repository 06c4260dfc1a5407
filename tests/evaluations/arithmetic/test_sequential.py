"""The rule by which seeds are added: simulated error of whole families, power, and what single looks are held to."""

import numpy as np
import pytest
from scipy.special import stdtr

from evaluations.arithmetic import sequential
from evaluations.arithmetic.sequential import FUTILE, LOOKS, SPENT, adjusted, chance, levels, looks_at, next_look
from evaluations.arithmetic.statistics import ALPHA

NOISE = {
    "normal": lambda generator, shape: generator.normal(0, 1, shape),
    "heavy tails": lambda generator, shape: generator.standard_t(3, shape),
    "skewed": lambda generator, shape: generator.gumbel(0, 1, shape) - np.euler_gamma,
}


def p_values(d):
    """(families, claims) p over all looks at (families, claims, 40) differences, and that of the first look alone."""
    of = []
    for place, seeds in enumerate(LOOKS):
        x = d[..., :seeds]
        t = x.mean(-1) / x.std(-1, ddof=1) * seeds ** 0.5
        of.append(adjusted(2 * stdtr(seeds - 1, -np.abs(t)), place))
    return np.min(of, axis=0), of[0]


def decided(p):
    """(families, claims) bool: Holm within each family."""
    order = np.argsort(p, axis=1)
    stepped = np.maximum.accumulate(np.take_along_axis(p, order, 1) * (p.shape[1] - np.arange(p.shape[1])), axis=1)
    out = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(out, order, stepped <= ALPHA, axis=1)
    return out


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("claims", [1, 2, 5])  # a method has up to five claims in one setting
def test_families_without_an_effect_err_in_five_percent_at_most(noise, claims):
    """Claims of one method share its luck; whenever one of a family is decided at any look, the family errs."""
    generator, families = np.random.default_rng(claims), 12000 // claims + 4000
    own = NOISE[noise](generator, (families, claims, LOOKS[-1]))
    rival = NOISE[noise](generator, (families, 1, LOOKS[-1]))
    # a difference of two methods is symmetric where both have noise of one kind
    p, first = p_values(rival - own)
    erred, at_first = decided(p).any(1).mean(), decided(first).any(1).mean()
    assert erred <= ALPHA + 2 * (ALPHA * (1 - ALPHA) / families) ** 0.5
    assert at_first <= erred
    if noise == "normal" and claims == 1:
        assert erred == pytest.approx(ALPHA, abs=0.005) and at_first == pytest.approx(SPENT[0] * ALPHA, abs=0.005)


@pytest.mark.parametrize("collapses", [0.0, 0.1])
def test_lopsided_differences_err_hardly_more_than_with_ten_seeds_alone(collapses):
    """What a t test cannot bear, more looks cannot mend; they must not make it much worse."""
    generator = np.random.default_rng(11)
    d = NOISE["skewed"](generator, (6000, 1, LOOKS[-1]))
    d += collapses * 10 - 10 * (generator.random(d.shape) < collapses)
    x = d[..., :10]
    alone = (2 * stdtr(9, -np.abs(x.mean(-1) / x.std(-1, ddof=1) * 10 ** 0.5)) <= ALPHA).mean()
    assert (p_values(d)[0] <= ALPHA).mean() <= alone + 0.02


def test_looking_four_times_at_five_percent_would_err_twice_as_often():
    """What the rule is for: the same data, each look tested by itself."""
    d = np.random.default_rng(7).normal(0, 1, (8000, LOOKS[-1]))
    hit = np.zeros(len(d), dtype=bool)
    for seeds in LOOKS:
        x = d[:, :seeds]
        hit |= 2 * stdtr(seeds - 1, -np.abs(x.mean(1) / x.std(1, ddof=1) * seeds ** 0.5)) <= ALPHA
    assert hit.mean() > 2 * ALPHA


def test_a_true_effect_among_untrue_ones_keeps_the_error_and_is_found():
    generator = np.random.default_rng(3)
    d = generator.normal(0, 1, (6000, 3, LOOKS[-1]))
    d[:, 0] += 0.6
    found = decided(p_values(d)[0])
    assert found[:, 1:].any(1).mean() <= ALPHA
    assert found[:, 0].mean() > 0.7


@pytest.mark.parametrize("effect, at_first, at_last", [(0.5, 0.25, 0.65), (0.8, 0.55, 0.97), (1.5, 0.95, 1.0)])
def test_more_seeds_decide_more_and_a_plain_effect_is_decided_at_once(effect, at_first, at_last):
    """It is no rule that never decides: power at the first look and at the last, and the seeds it takes on average."""
    d = np.random.default_rng(5).normal(effect, 1, (4000, 1, LOOKS[-1]))
    whole, first = p_values(d)
    assert (first <= ALPHA).mean() >= at_first and (whole <= ALPHA).mean() >= at_last
    fixed = 2 * stdtr(9, -np.abs(d[..., :10].mean(-1) / d[..., :10].std(-1, ddof=1) * 10 ** 0.5)) <= ALPHA
    assert (first <= ALPHA).mean() >= fixed.mean() - 0.05  # little is lost against a test of ten seeds alone


@pytest.mark.parametrize("error", [0.05, 0.025, 0.01, 0.001])
def test_a_look_decides_exactly_where_its_adjusted_p_reaches_the_error(error):
    for place, level in enumerate(levels(error)):
        assert float(adjusted(level, place)) == pytest.approx(error, rel=2e-3)
        assert adjusted(level * 0.9, place) < error < adjusted(level * 1.1, place)
    assert levels(error)[0] == pytest.approx(SPENT[0] * error)
    # between what the looks would get were they not related at all, and the whole error
    assert all((SPENT[k] - SPENT[k - 1]) * error < levels(error)[k] < error for k in range(1, len(LOOKS)))


def test_adjusted_is_monotone_and_holds_at_the_ends():
    p = np.geomspace(1e-14, 1, 200)
    for place in range(len(LOOKS)):
        found = adjusted(p, place)
        assert (np.diff(found) >= 0).all() and (found >= p).all() and found[-1] == 1 and adjusted(0.0, place) == 0


def test_looks_of_any_number_of_seeds():
    assert [looks_at(n) for n in (3, 9, 10, 19, 20, 40, 90)] == [
        (3,), (9,), (10,), (10,), (10, 20), LOOKS, LOOKS]
    assert [next_look(n) for n in (3, 10, 15, 30, 40, 90)] == [10, 20, 20, 40, None, None]


def test_the_chance_of_a_decision_is_what_happens():
    """Effects drawn as the ten seeds leave them, then the seeds up to the next look."""
    generator, z, n, look = np.random.default_rng(9), 1.5, 10, 20
    effects = generator.normal(z / n ** 0.5, 1 / n ** 0.5, 40000)
    later = (z * n ** 0.5 + generator.normal(effects * (look - n), (look - n) ** 0.5)) / look ** 0.5
    bound = -sequential.ndtri(levels(ALPHA)[1] / 2)
    assert chance(z, n, look, ALPHA) == pytest.approx((np.abs(later) > bound).mean(), abs=0.01)
    assert chance(0.2, 10, 40, ALPHA) < FUTILE < chance(1.0, 10, 40, ALPHA)
    assert chance(-z, n, look, ALPHA) == chance(z, n, look, ALPHA) and chance(z, 20, 20, ALPHA) == 0
