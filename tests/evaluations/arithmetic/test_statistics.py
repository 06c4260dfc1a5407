"""Statistics against simulated data with known answers, and the traps of comparison tables."""

import numpy as np
import pytest
from scipy import stats

from evaluations.arithmetic import statistics
from evaluations.arithmetic.reliability import reliability_of
from evaluations.arithmetic.statistics import (
    Contrast,
    achieved_power,
    collapsed,
    compare_pairs,
    further_seeds,
    holm,
    holm_level,
    mean_interval,
    paired_contrast,
    paired_differences,
    performance_profile,
    probability_of_improvement,
    smallest_separable,
    split_half_reliability,
    tiers,
    upper_half,
    verdict,
)


def runs(generator, means, seeds, *, seed_effect=2.0, noise=1.0):
    """Simulated scores: every method shares the seed's luck, as paired runs do."""
    shared = generator.normal(0, seed_effect, seeds)
    return {f"m{i}": dict(enumerate(mean + shared + generator.normal(0, noise, seeds)))
            for i, mean in enumerate(means)}


def test_mean_interval_equals_scipy():
    x = [70.1, 71.5, 69.8, 72.0]
    low, high = stats.t.interval(0.95, 3, loc=np.mean(x), scale=stats.sem(x))
    found = mean_interval(x)
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((np.mean(x), low, high, 4))


def test_one_value_has_no_interval():
    found = mean_interval([3.0])
    assert (found.mean, found.low, found.high, found.n) == (3.0, None, None, 1)
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])


@pytest.mark.parametrize("seeds", [3, 8])
def test_intervals_cover_the_truth_as_often_as_they_say(seeds):
    generator = np.random.default_rng(1)
    sims = 4000
    covered = paired = 0
    for _ in range(sims):
        a, b = runs(generator, [5.0, 4.0], seeds).values()
        level = mean_interval(list(a.values()))
        covered += level.low <= 5.0 <= level.high
        contrast = paired_contrast(paired_differences(a, b))
        paired += contrast.low <= 1.0 <= contrast.high
    assert 0.93 <= covered / sims <= 0.97
    assert 0.93 <= paired / sims <= 0.97


def test_pairing_takes_the_seeds_luck_out():
    a, b = runs(np.random.default_rng(2), [1.0, 0.0], 10, seed_effect=20.0, noise=0.1).values()
    contrast = paired_contrast(paired_differences(a, b))
    assert contrast.low > 0.8 and contrast.high < 1.2
    assert mean_interval(list(a.values())).half_width > 5


def test_paired_contrast_equals_scipy_and_uses_common_seeds_only():
    a, b = {0: 3.0, 1: 4.5, 2: 6.0, 9: 100.0}, {0: 2.0, 1: 4.0, 2: 4.0, 7: -100.0}
    contrast = paired_contrast(paired_differences(a, b))
    reference = stats.ttest_rel([3.0, 4.5, 6.0], [2.0, 4.0, 4.0])
    assert contrast.n == 3
    assert contrast.mean == pytest.approx(3.5 / 3)
    assert contrast.p_value == pytest.approx(reference.pvalue)
    assert (contrast.low, contrast.high) == pytest.approx(tuple(reference.confidence_interval(0.95)))
    d = np.array([1.0, 0.5, 2.0])
    assert contrast.effect_size == pytest.approx(d.mean() / d.std(ddof=1) * (1 - 3 / 7))


def test_direction_turns_the_difference_round():
    fast, slow = {0: 1.0, 1: 1.2}, {0: 3.0, 1: 3.3}
    assert paired_differences(fast, slow, "lower") == pytest.approx([2.0, 2.1])
    assert paired_differences(fast, slow, "higher") == pytest.approx([-2.0, -2.1])
    with pytest.raises(ValueError, match="higher or lower"):
        paired_differences(fast, slow, "bigger")


def test_differences_that_never_vary_fall_back_on_the_sign_test():
    five, six = paired_contrast([0.5] * 5), paired_contrast([0.5] * 6)
    assert (five.p_value, six.p_value) == (2**-4, 2**-5)
    assert (verdict(five), verdict(six)) == ("inconclusive", "confirmed")
    assert paired_contrast([0.0] * 9).p_value == 1.0
    assert further_seeds(five) == 1
    assert further_seeds(paired_contrast([0.0] * 9)) is None
    rounding = paired_contrast([71.3 - 70.1, 72.3 - 71.1, 73.3 - 72.1])
    assert rounding.effect_size is None and rounding.p_value == 0.25


def test_verdict_rule():
    assert verdict(Contrast(1, 0.1, 1.9, 5, 0.03, 1)) == "confirmed"
    assert verdict(Contrast(-1, -1.9, -0.1, 5, 0.03, -1)) == "refuted"
    assert verdict(Contrast(1, -0.1, 2.1, 5, 0.07, 1)) == "inconclusive"
    assert verdict(Contrast(1, 0.1, 1.9, 5, 0.03, 1), p_value=0.06) == "inconclusive"
    assert verdict(paired_contrast([4.0])) == "inconclusive"


def test_holm_equals_statsmodels():
    from statsmodels.stats.multitest import multipletests
    p = [0.01, 0.04, 0.03, 0.005, 0.2]
    rejected, adjusted, *_ = multipletests(p, method="holm")
    assert holm(p) == pytest.approx(adjusted)
    assert [value <= level for value, level in zip(p, holm_level(p), strict=True)] == list(rejected)
    assert holm([]) == []


def test_power_is_what_simulation_finds():
    generator, sims, effect, n = np.random.default_rng(3), 4000, 0.8, 15
    found = sum(paired_contrast(generator.normal(effect, 1, n)).p_value <= 0.05 for _ in range(sims)) / sims
    assert found == pytest.approx(achieved_power(effect, n), abs=0.03)
    assert achieved_power(40.0, 20) == 1.0
    assert achieved_power(0.0, 20) == pytest.approx(0.05)
    assert achieved_power(1.0, 1) == 0.0


def test_further_seeds_reach_eighty_percent_power_and_one_less_does_not():
    contrast = Contrast(0.5, -0.2, 1.2, 6, 0.2, 0.6)
    more = further_seeds(contrast)
    assert achieved_power(0.6, 6 + more) >= 0.8 > achieved_power(0.6, 6 + more - 1)
    generator = np.random.default_rng(4)
    hits = sum(paired_contrast(generator.normal(0.6, 1, 6 + more)).p_value <= 0.05 for _ in range(2000)) / 2000
    assert 0.77 <= hits <= 0.85
    assert further_seeds(contrast, alpha=0.005) > more
    assert further_seeds(Contrast(1e-6, -1, 1, 6, 0.99, 1e-6)) is None
    assert further_seeds(Contrast(5, 4, 6, 10, 1e-6, 4.0)) == 0


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_tiers_rarely_separate_equal_methods(lost):
    """Family-wise: among equal methods any separation at all is a false one; at most 5 % of tables may show it."""
    generator, sims = np.random.default_rng(5), 800
    false = 0
    for _ in range(sims):
        values = runs(generator, [0.0] * 5, 8)
        values = {name: {s: v for s, v in of.items() if generator.random() >= lost} for name, of in values.items()}
        standings = tiers(values)
        false += any(standing.tier not in (1, None) for standing in standings.values())
        assert all(s.best_rank == 1 and s.worst_rank == len(standings) for s in standings.values()) or \
            any(s.worst_rank < len(standings) for s in standings.values())
    assert false / sims <= 0.05


def test_an_equal_best_is_rarely_pushed_from_the_first_tier_when_others_are_worse():
    generator, sims = np.random.default_rng(6), 800
    pushed = 0
    for _ in range(sims):
        standings = tiers(runs(generator, [0.0, 0.0, -2.0, -6.0], 10))
        pushed += standings["m0"].tier != 1 or standings["m1"].tier != 1
    assert pushed / sims <= 0.05


def test_tiers_find_clear_differences_and_bound_the_ranks():
    standings = tiers(runs(np.random.default_rng(7), [10.0, 10.1, 5.0, 0.0], 10, noise=0.5))
    assert {name: s.tier for name, s in standings.items()} == {"m0": 1, "m1": 1, "m2": 2, "m3": 3}
    assert (standings["m0"].best_rank, standings["m0"].worst_rank) == (1, 2)
    assert (standings["m2"].best_rank, standings["m2"].worst_rank) == (3, 3)
    assert (standings["m3"].best_rank, standings["m3"].worst_rank) == (4, 4)


def test_pairs_say_whom_a_method_beats():
    pairs = compare_pairs(runs(np.random.default_rng(7), [10.0, 10.1, 5.0, 0.0], 10, noise=0.5))
    assert pairs.around("m2") == (["m3"], ["m0", "m1"])
    assert pairs.around("m0") == (["m2", "m3"], [])


def test_smallest_separable_is_where_the_test_turns():
    seeds, t = range(6), stats.t.ppf(1 - 0.05 / 2, 5)
    noise = np.array([1.0, -1.0, 0.5, -0.5, 2.0, -2.0])
    gap = smallest_separable({"a": dict(enumerate(noise)), "b": dict.fromkeys(seeds, 0.0)})
    assert gap == pytest.approx(t * noise.std(ddof=1) / 6**0.5)
    for shift, tier in ((gap * 1.01, 2), (gap * 0.99, 1)):
        standings = tiers({"a": dict(enumerate(noise + shift)), "b": dict.fromkeys(seeds, 0.0)})
        assert standings["b"].tier == tier
    assert smallest_separable({"a": {0: 1.0}, "b": {0: 2.0}}) is None


def test_tiers_follow_the_direction_of_the_metric():
    values = runs(np.random.default_rng(8), [1.0, 5.0], 8, noise=0.3)
    assert tiers(values, "higher")["m1"].tier == 1 and tiers(values, "higher")["m0"].tier == 2
    assert tiers(values, "lower")["m0"].tier == 1 and tiers(values, "lower")["m1"].tier == 2


def test_a_noisy_method_below_a_separated_one_stays_with_the_leader_it_may_equal():
    """The data prove b worse than a but cannot tell c from a, though c's mean is the lowest."""
    seeds = range(8)
    wobble = [-9, 9, -8, 8, -9, 9, -8, 8]
    values = {"a": {s: 10.0 + 0.01 * s for s in seeds}, "b": {s: 9.0 + 0.02 * s for s in seeds},
              "c": {s: 8.0 + wobble[s] for s in seeds}}
    standings = tiers(values)
    assert [standings[name].tier for name in "abc"] == [1, 2, 1]
    assert (standings["c"].best_rank, standings["c"].worst_rank) == (1, 3)


def test_ties_share_a_tier():
    same = {s: 50.0 + s for s in range(6)}
    standings = tiers({"a": same, "b": dict(same), "c": {s: v - 10 - 0.1 * s for s, v in same.items()}})
    assert [standings[name].tier for name in "abc"] == [1, 1, 2]


def test_a_method_run_only_on_easy_seeds_does_not_lead():
    """Seed 0 is easy: plain means would rank `lucky` first although it is worse wherever both ran."""
    good = {0: 90.0, 1: 50.1, 2: 50.0, 3: 49.9, 4: 50.2, 5: 50.0}
    lucky = {0: 88.0, 1: 48.0}
    standings = tiers({"good": good, "lucky": lucky})
    assert np.mean(list(lucky.values())) > np.mean(list(good.values()))
    assert list(standings) == ["good", "lucky"]


def test_too_few_common_seeds_give_no_tier():
    values = {"a": {0: 1.0, 1: 1.1, 2: 1.2}, "b": {0: 0.5}, "c": {7: 9.0, 8: 9.1}, "d": {}}
    standings = tiers(values)
    assert standings["a"].tier == 1
    assert standings["b"].tier is None and standings["c"].tier is None
    assert (standings["b"].best_rank, standings["b"].worst_rank) == (1, 3)
    assert "d" not in standings
    assert tiers({}) == {}
    assert tiers({"a": {0: 1.0}})["a"].tier is None
    assert tiers({"a": {0: 1.0, 1: 2.0}})["a"] == statistics.Standing(1, 1, 1)


def test_two_lucky_seeds_with_equal_differences_do_not_separate():
    values = {"a": {0: 80.0, 1: 81.0}, "b": {0: 79.0, 1: 80.0}}
    assert tiers(values)["b"].tier == 1


def test_all_different_and_none_different():
    apart = {f"m{i}": {s: 10.0 * i + 0.1 * ((s * (i + 2)) % 5) for s in range(10)} for i in range(5)}
    assert [tiers(apart)[f"m{i}"].tier for i in range(5)] == [5, 4, 3, 2, 1]
    noise = runs(np.random.default_rng(10), [0.0] * 4, 6)
    assert {s.tier for s in tiers(noise).values()} == {1}


def test_counts_are_compared_exactly_and_take_no_part_in_the_correction():
    """Trainable parameters: whoever has fewer is better, however many methods are compared."""
    counts = {f"m{i}": dict.fromkeys(range(4), 1000.0 + 10 * (i // 2)) for i in range(12)}
    assert [tiers(counts, "lower")[f"m{i}"].tier for i in range(12)] == [1 + i // 2 for i in range(12)]
    assert smallest_separable(counts) is None
    noisy = {**counts, "noisy": {s: 1000.0 + s for s in range(4)}}
    pairs, exact = compare_pairs(noisy), compare_pairs(counts)
    assert exact.exact.all() and exact.separated == (66 - 6) / 66
    place = pairs.names.index("noisy")
    assert not pairs.exact[place].any() and pairs.p_value[place, pairs.names.index("m0")] > 0.05
    assert compare_pairs({"a": {0: 1.0, 1: 1.0}, "b": {0: 2.0, 1: 2.0}}).p_value.min() == 0.5, "two may be luck"


def test_collapsed_seeds():
    scores = {0: 10.0, 1: 14.4, 2: 14.6, 3: 93.0, 4: 8.9}
    assert collapsed(scores, 10.0, 100.0) == (0, 1, 4)
    assert collapsed(scores, 10.0, None) == (0, 4)
    assert collapsed(scores, None, 100.0) == ()
    assert collapsed({0: 2.31, 1: 2.29, 2: 1.0}, 2.3026, 0.0, "lower") == (0, 1)


def test_the_upper_half_is_that_of_the_direction():
    means = {"a": 5.0, "b": 1.0, "c": 4.0, "d": 2.0, "e": 3.0}
    values = {name: dict.fromkeys(range(4), mean) for name, mean in means.items()}
    assert set(upper_half(values)) == {"a", "c", "e"} and set(upper_half(values, "lower")) == {"b", "d", "e"}


def test_reliability_of_a_table_whose_bottom_alone_is_settled():
    """Half of the methods fail and the others are equal: the whole looks reliable, its upper half is not."""
    found = reliability_of(runs(np.random.default_rng(5), [*np.linspace(0, 60, 8), *[80.0] * 8], 10))
    assert found.value > 0.8 > found.upper and not found.enough
    assert "the order at the top is not settled" in found.sentence


def test_reliability_tells_signal_from_noise():
    generator = np.random.default_rng(12)
    assert split_half_reliability(runs(generator, np.linspace(0, 20, 10), 10)) > 0.95
    noise = [split_half_reliability(runs(generator, [0.0] * 10, 10)) for _ in range(30)]
    assert abs(np.mean(noise)) < 0.15
    assert split_half_reliability(runs(generator, [0, 1], 10)) is None
    assert split_half_reliability(runs(generator, [0, 1, 2], 3)) is None
    assert split_half_reliability({name: {s: 1.0 for s in range(6)} for name in "abc"}) is None


def test_probability_of_improvement():
    better = probability_of_improvement([3, 4, 5], [1, 2, 3])
    assert better.mean == pytest.approx(8.5 / 9)
    assert better.low <= better.mean <= better.high
    assert probability_of_improvement([3, 4, 5], [1, 2, 3], "lower").mean == pytest.approx(0.5 / 9)
    assert probability_of_improvement([1, 1], [1, 1]).mean == 0.5


def test_performance_profile_counts_runs_at_least_as_good():
    assert performance_profile([1, 2, 3, 4], [0, 2, 5]) == [1.0, 0.75, 0.0]
    assert performance_profile([1, 2, 3, 4], [0, 2, 5], "lower") == [0.0, 0.5, 1.0]
