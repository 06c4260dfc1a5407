"""The arena of transfer from many tasks: what a run holds, and the methods' equations by other ways."""

import math

import pytest
import torch

from methods.arenas.task_transfer.arena import TaskTransfer
from methods.arenas.task_transfer.muppet import apart, scaled
from methods.arenas.task_transfer.tasksource import capped


def made(setting="default", seed=1):
    stage = TaskTransfer()
    return stage.data(stage.trial(scale="smoke", setting=setting, seed=seed))


def test_settings_differ_in_how_many_tasks_there_are():
    assert len(made().tasks) == 24
    assert len(made("few").tasks) == 3
    assert torch.equal(made().test[0].texts, made("few").test[0].texts)


def test_texts_tuned_on_are_not_asked():
    data = made()
    few, test = ({tuple(row) for row in part[0].texts.tolist()} for part in (data.few, data.test))
    assert not few & test


def test_a_guess_costs_one_whatever_the_classes():
    assert all(scaled(torch.zeros(1, n), torch.tensor([0])).item() == pytest.approx(1.0) for n in (2, 5, 8))


def test_divergences_of_both_ways():
    p, q = torch.tensor([[0.2, 0.8]]), torch.tensor([[0.5, 0.5]])
    by_hand = sum(a * math.log(a / b) + b * math.log(b / a) for a, b in ((0.2, 0.5), (0.8, 0.5)))
    assert apart(p.log(), q.log()).item() == pytest.approx(by_hand, abs=1e-6)


def test_large_tasks_count_no_more_than_the_cap():
    assert capped([100, 900], 300).tolist() == pytest.approx([0.25, 0.75])
