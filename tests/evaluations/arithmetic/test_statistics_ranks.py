"""Rank comparisons across blocks, against published tables and other libraries."""

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats

from evaluations.arithmetic.ranks import compare_ranks, critical_difference, nemenyi_q


def table(generator, means, blocks, noise=1.0):
    return {f"m{i}": {b: float(mean + 5 * b + generator.normal(0, noise)) for b in range(blocks)}
            for i, mean in enumerate(means)}


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_q_is_demsars_table_with_the_root_of_two(methods, q):
    assert nemenyi_q(methods) == pytest.approx(q, abs=2e-3)


def test_critical_difference_of_demsars_example():
    """Four methods on fourteen data sets: CD = 2.569 * sqrt(4 * 5 / (6 * 14)) = 1.25."""
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_critical_difference_agrees_with_scikit_posthocs():
    values = table(np.random.default_rng(0), [0, 0.8, 1.6, 2.4, 5], 12)
    found = compare_ranks(values)
    matrix = np.array([[values[name][b] for name in found.names] for b in range(12)])
    p = scikit_posthocs.posthoc_nemenyi_friedman(matrix).to_numpy()
    ranks = np.array(found.average_ranks)
    gap = np.abs(ranks[:, None] - ranks[None, :])
    apart, upper = gap > found.critical_difference, np.triu_indices(5, 1)
    assert apart[upper].any() and not apart[upper].all()
    assert ((p < 0.05) == apart)[upper].all()
    assert found.p_value == pytest.approx(stats.friedmanchisquare(*matrix.T).pvalue)


def test_direction_decides_who_is_first():
    values = {"small": {b: 1.0 + b for b in range(6)}, "large": {b: 5.0 + b for b in range(6)},
              "middle": {b: 3.0 + b for b in range(6)}}
    assert compare_ranks(values, "higher").names == ("large", "middle", "small")
    assert compare_ranks(values, "lower").names == ("small", "middle", "large")
    per_block = {b: "lower" if b < 5 else "higher" for b in range(6)}
    assert compare_ranks(values, per_block).names[0] == "small"


def test_only_blocks_that_all_methods_share_are_averaged():
    values = table(np.random.default_rng(1), [0, 3, 6], 8)
    del values["m0"][2], values["m1"][5]
    values["m2"][99] = -1000.0
    found = compare_ranks(values)
    assert found.blocks == (0, 1, 3, 4, 6, 7)
    assert found.dropped_blocks == (2, 5, 99)
    assert any("2, 5, 99" in warning for warning in found.warnings)


def test_ties_share_a_rank():
    values = {"a": dict.fromkeys(range(6), 1.0), "b": dict.fromkeys(range(6), 1.0), "c": dict.fromkeys(range(6), 0.0)}
    assert compare_ranks(values).average_ranks == (1.5, 1.5, 3.0)


def test_complete_ties_are_no_difference():
    found = compare_ranks({name: dict.fromkeys(range(6), 1.0) for name in "abc"})
    assert found.p_value == 1.0
    assert found.groups == (("a", "b", "c"),)


def test_all_different_draws_no_bar():
    values = table(np.random.default_rng(2), [0, 100, 200], 30)
    assert compare_ranks(values).groups == ()
    assert compare_ranks(values, posthoc="wilcoxon-holm").groups == ()


def test_none_different_draws_one_bar():
    found = compare_ranks(table(np.random.default_rng(3), [0, 0, 0, 0], 10))
    assert found.p_value > 0.05
    assert found.groups == (found.names,)


@pytest.mark.parametrize("posthoc", ["nemenyi", "wilcoxon-holm"])
def test_bars_are_maximal_and_never_inside_one_another(posthoc):
    found = compare_ranks(table(np.random.default_rng(4), [0, 0.6, 1.2, 1.8, 2.4, 3.0], 14), posthoc=posthoc)
    assert len(found.groups) >= 2
    for one in found.groups:
        assert not any(set(one) < set(other) for other in found.groups)


def test_friedman_with_nemenyi_rarely_separates_equal_methods():
    generator, sims, false = np.random.default_rng(5), 400, 0
    for _ in range(sims):
        found = compare_ranks(table(generator, [0.0] * 5, 12))
        false += found.groups != (found.names,)
    assert false / sims <= 0.06


def test_few_blocks_are_warned_of_and_two_methods_use_wilcoxon():
    found = compare_ranks(table(np.random.default_rng(6), [0, 1, 2], 3))
    assert "only 3 blocks" in found.warnings[0]
    two = compare_ranks(table(np.random.default_rng(6), [0, 9], 8))
    assert two.test == "Wilcoxon signed-rank" and two.critical_difference is None and two.groups == ()


def test_nothing_to_compare():
    assert compare_ranks({"a": {0: 1.0, 1: 2.0}}) is None
    assert compare_ranks({"a": {0: 1.0}, "b": {1: 1.0}}) is None
    with pytest.raises(ValueError, match="post-hoc"):
        compare_ranks({"a": {0: 1.0}, "b": {0: 1.0}}, posthoc="bonferroni")
