"""Rules against each other where they must agree, and the law of rates against rates that it made."""

import numpy as np
import pytest
import torch

from methods.arenas.hyperparameter_transfer.stage.sweeps import Sweeps, best_rate, power_law
from methods.arenas.hyperparameter_transfer.step_law import StepLaw
from methods.kit.stage.lm_widths import RULES, Wide, rates_of


def test_rules_agree_at_the_base_and_part_above_it():
    def first(width, rule):
        torch.manual_seed(0)
        net = Wide(width, rule)
        return net, [group["factor"] for group in rates_of(net, rule)]

    base = [first(16, rule) for rule in RULES]
    for net, factors in base:
        assert factors == [1.0, 1.0]
        assert torch.equal(net.say, base[0][0].say)
    assert [first(64, rule)[1] for rule in RULES] == [[1.0, 1.0], [0.25, 1.0], [0.25, 1.0]]
    standard, mup = first(64, "standard")[0].say, first(64, "mup")[0].say
    assert torch.allclose(mup, standard / 2)


def test_all_weights_train_once():
    net = Wide(16, "mup")
    grouped = [p for group in rates_of(net, "mup") for p in group["params"]]
    assert len(grouped) == len(set(map(id, grouped))) == len(list(net.parameters()))


def test_the_step_law_finds_the_powers_that_made_the_rates():
    rates = np.geomspace(1e-4, 1.0, 40)
    weights, units = np.array([1e3, 4e3, 16e3]), np.array([1e4, 2e4, 4e4])
    best = 2.0 * weights[:, None] ** -0.5 * units ** 0.1
    bits = 3 + (np.log(rates)[None, :, None] - np.log(best)[:, None, :]) ** 2
    known = Sweeps(weights, rates, units, bits, 64e3, 4e4)
    assert StepLaw().plan(known) == pytest.approx(2.0 * 64e3 ** -0.5 * 4e4 ** 0.1, rel=1e-3)


def test_the_lowest_point_of_a_parabola_lies_between_rates():
    rates = np.array([0.01, 0.02, 0.04])
    assert best_rate(rates, (np.log(rates) - np.log(0.025)) ** 2) == pytest.approx(0.025)


def test_a_power_law_is_followed():
    n = np.array([1e3, 4e3, 16e3])
    assert power_law(n, 2 + (n / 1e3) ** -0.5, 64e3) == pytest.approx(2.125, abs=1e-3)
