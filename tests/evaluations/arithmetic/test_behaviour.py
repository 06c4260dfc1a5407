"""The map by behaviour: who goes up and down together lies together, and no map is drawn of luck."""

import numpy as np
import pytest

from evaluations.arithmetic.behaviour import TooFew, behaviour, correlation_of_pairs, scaled


def scores(*, seeds=10, signal=1.0, noise=0.1, settings=("default",), seed=0):
    """Two groups of three methods: one gains where the other loses."""
    generator = np.random.default_rng(seed)
    found = {}
    for setting in settings:
        luck = generator.normal(0, signal, seeds)
        found[setting] = {f"{group}{i}": {s: 50 + 5 * i + sign * luck[s] + generator.normal(0, noise)
                                          for s in range(seeds)}
                          for group, sign in (("a", 1), ("b", -1)) for i in range(3)}
    return found


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_methods_that_win_and_lose_together_are_near(better):
    found = behaviour(scores(), better)
    at = dict(zip(found.names, map(np.array, found.places), strict=True))
    within = max(np.linalg.norm(at[f"{group}{i}"] - at[f"{group}{j}"]) for group in "ab" for i in range(3)
                 for j in range(i))
    between = min(np.linalg.norm(at[f"a{i}"] - at[f"b{j}"]) for i in range(3) for j in range(3))
    assert between > 4 * within, "however good they are"
    assert found.repeats > 0.9 and found.blocks == 10 and found.told > 0.9 and found.left_out == ()
    assert found.places == behaviour(scores(), better).places


def test_luck_makes_no_map_and_one_failed_seed_does_not_unmake_one():
    assert "agree on who is near whom" in behaviour(scores(signal=0, noise=1), "higher").reason
    values = scores()
    values["default"]["a0"][3] = -1000.0
    found = behaviour(values, "higher")
    r = found.correlations[found.names.index("a0")]
    assert r[found.names.index("a1")] > 0.5 > 0 > r[found.names.index("b1")]


def test_too_few_methods_or_blocks_are_refused_in_words():
    few = {"default": dict(list(scores()["default"].items())[:4])}
    for values in (few, scores(seeds=5), {}, {"default": {}}):
        assert isinstance(behaviour(values, "higher"), TooFew)
        assert "takes 5 methods" in behaviour(values, "higher").reason


def test_settings_take_part_as_long_as_it_takes():
    """Alone the seeds of the first setting are luck; with the second, which fewer methods know, there is a map."""
    values = scores(signal=0, noise=0.5)
    values["default"]["alone"] = {s: float(s) for s in range(10)}
    values["other"] = {name: {s: value + (8 if name[0] == "a" else -8) for s, value in of.items()}
                       for name, of in scores(signal=0, noise=0.5, seed=1)["default"].items()}
    found = behaviour(values, "higher")
    assert found.settings == ("default", "other") and found.left_out == ("alone",) and found.blocks == 20


def test_distances_in_a_plane_are_kept():
    at = np.array([(0, 0), (3, 0), (0, 4), (5, 5.0)])
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)
    found = np.array(scaled(apart))
    assert np.allclose(np.linalg.norm(found[:, None] - found[None], axis=2), apart)


def test_correlation_of_pairs():
    one = np.array([[1, .9, .1], [.9, 1, .2], [.1, .2, 1]])
    assert correlation_of_pairs(one, one) == pytest.approx(1) and correlation_of_pairs(one, -one) == pytest.approx(-1)
    assert correlation_of_pairs(one, np.ones((3, 3))) is None
