"""The arena of noisy questions: beliefs, information and hardness by other means."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from methods.arenas.twenty_questions.arena import TwentyQuestions
from methods.arenas.twenty_questions.stage.policies import hardness, kind_of
from methods.arenas.twenty_questions.stage.task import Task, information

TABLE = torch.tensor(np.random.default_rng(0).uniform(0.1, 0.9, (4, 6)), dtype=torch.float)


def test_belief_is_by_bayes_rule():
    task = Task(TABLE, 3, TwentyQuestions().trial(scale="smoke"))
    games = task.start(2)
    games = games.told(torch.tensor([1, 5]), torch.tensor([True, False]), TABLE)
    games = games.told(torch.tensor([1, 0]), torch.tensor([False, False]), TABLE)
    first = TABLE[:, 1] * (1 - TABLE[:, 1])
    second = (1 - TABLE[:, 5]) * (1 - TABLE[:, 0])
    assert torch.allclose(games.belief.exp(), torch.stack([first / first.sum(), second / second.sum()]), atol=1e-5)
    assert games.asked[0, 1] == 2 and games.yes[0, 1] == 1


def test_information_is_the_expected_fall_of_entropy():
    task = Task(TABLE, 3, TwentyQuestions().trial(scale="smoke"))
    games = task.start(1).told(torch.tensor([2]), torch.tensor([True]), TABLE)

    def entropy(each):
        return torch.special.entr(each.belief.exp()).sum().item()

    for j in range(6):
        yes = (games.belief.exp() @ TABLE[:, j]).item()
        after = [entropy(games.told(torch.tensor([j]), torch.tensor([said]), TABLE)) for said in (True, False)]
        hand = entropy(games) - yes * after[0] - (1 - yes) * after[1]
        assert information(games, TABLE)[0, j].item() == pytest.approx(hand, abs=1e-5)


def test_hardness_is_that_of_a_linear_program():
    world = TABLE[:1]
    yes, no = TABLE.log(), (1 - TABLE).log()
    lead = (world * (yes[0] - yes) + (1 - world) * (no[0] - no))[1:].numpy()
    found = linprog([*[0] * 6, -1], A_ub=np.hstack([-lead, np.ones((3, 1))]), b_ub=np.zeros(3),
                    A_eq=[[*[1] * 6, 0]], b_eq=[1], bounds=[(0, 1)] * 6 + [(None, None)])
    assert 1 / hardness(world, TABLE, 2000).item() == pytest.approx(-found.fun, rel=0.02)
    assert kind_of(TABLE, TABLE).tolist() == [0, 1, 2, 3]
