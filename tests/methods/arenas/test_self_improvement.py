"""The arena of self-improvement: what a run holds, and the methods' equations by other ways."""

import itertools
import math

import pytest
import torch

from methods.arenas.self_improvement.arena import SelfImprovement
from methods.arenas.self_improvement.confidence_critique import after
from methods.arenas.self_improvement.score import leave_one_out, turns
from methods.arenas.self_improvement.self_judge import divergence
from methods.arenas.self_improvement.self_sampled_solutions import joins, multi
from methods.arenas.self_improvement.sharpening import gap
from methods.arenas.self_improvement.stage import _programs
from methods.arenas.self_improvement.stage._data import judged
from methods.arenas.self_improvement.stage.sampling import drawn_answers, log_p, most_agreed
from methods.arenas.self_improvement.stage.task import Questions
from methods.kit.stage.digit_starts import blank
from methods.kit.stage.digit_tasks import questions, right, task_of, varied


def made(setting="default", seed=1):
    stage = SelfImprovement()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return stage.data(trial)


def test_answers_follow_the_rules():
    asked, answers = questions(60, torch.Generator().manual_seed(0))
    by_hand = [lambda x: x, lambda x: x[::-1], lambda x: x[1:] + x[:1], lambda x: x[2:] + x[:2],
               lambda x: [9 - d for d in x], lambda x: [(d + 1) % 10 for d in x]]
    for question, answer in zip(asked.tolist(), answers.tolist(), strict=True):
        assert answer == by_hand[(question[0] - 14) // 3](question[1:5])


def test_variants_differ_from_the_rule():
    x = torch.tensor([[1, 2, 3, 4]] * 6)
    tasks = torch.arange(6)
    wrong = [varied(tasks, x, torch.full((6,), v)) for v in (1, 2, 3)]
    assert all((each != right(tasks, x)).any(1).all() for each in wrong)
    assert torch.equal(wrong[2], right(tasks, x).flip(1))


def test_programs_do_what_is_asked_and_other_programs_may_too():
    asked, program = _programs.questions(50, torch.Generator().manual_seed(1))
    assert _programs.solves(asked, program).all()
    twice = torch.full((50, 2), 16)
    halves = torch.tensor([[17, 14]] * 50)
    x = asked[:, 1:5]
    assert torch.equal(_programs.run(x, twice)[:, -1], _programs.run(x, halves)[:, -1])


def test_log_probabilities_of_drawn_answers_are_those_of_the_model():
    net = blank(0, True).eval()
    asked, _ = questions(12, torch.Generator().manual_seed(2))
    said, total = drawn_answers(net, asked, 4, (0, 38), torch.Generator().manual_seed(3))
    assert torch.allclose(total, log_p(net, asked, said), atol=1e-4)
    greedy, _ = drawn_answers(net, asked, 1, (0, 38), torch.Generator(), 0.0)
    assert torch.equal(greedy[:, 0], net(asked)[:, -1].argmax(1))


def test_votes_count_weights():
    said = torch.tensor([[[1], [2], [2], [3]]])
    assert most_agreed(said)[0].tolist() == [[2]]
    assert most_agreed(said, torch.tensor([[5.0, 1.0, 1.0, 1.0]]))[0].tolist() == [[1]]


def test_pairs_are_judged_by_right_digits_but_for_flips():
    asked, answers = questions(3000, torch.Generator().manual_seed(4))
    pairs = torch.stack([answers, (answers + 1) % 10], 1)
    said = judged(Questions(asked, answers), pairs, torch.Generator().manual_seed(5))
    assert (said.better == answers).all(1).float().mean().item() == pytest.approx(0.7, abs=0.03)


def test_what_the_second_attempt_is_worth():
    assert after(0.4, 0.9, 0.3) == pytest.approx(0.4 * 0.9 + 0.6 * 0.3)


def test_a_reward_is_compared_with_the_others():
    rewards = torch.tensor([[1.0, 0.0, 0.0, 3.0]])
    expected = [r - (4.0 - r) / 3 for r in (1.0, 0.0, 0.0, 3.0)]
    assert leave_one_out(rewards)[0].tolist() == pytest.approx(expected)


def test_divergence_from_oneself_is_nothing_and_otherwise_positive():
    net, other = blank(0, True).eval(), blank(1, True).eval()
    asked, answers = questions(6, torch.Generator().manual_seed(6))
    assert turns(net, net, asked, answers)[1].abs().max() < 1e-5
    assert (turns(net, other, asked, answers)[1] > 0).all()
    p, q = 0.3, 0.8
    by_hand = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    logit = [torch.tensor(math.log(v / (1 - v))) for v in (p, q)]
    assert divergence(*logit).item() == pytest.approx(by_hand, abs=1e-5)


def test_objectives_over_several_solutions():
    logs = torch.tensor([-1.0, -3.0])
    assert multi(logs, "mle", 1.0).item() == pytest.approx(2.0)
    assert multi(logs, "mml", 0.1).item() == pytest.approx(-math.log(math.exp(-1) + math.exp(-3)))
    assert multi(logs, "beta-mml", 0.5).item() == pytest.approx(-2 * math.log(math.exp(-0.5) + math.exp(-1.5)))


def test_a_right_beginning_joins_once():
    known = [((1,), (2,), (3,))]
    assert joins(((1,), (2,), (9,)), known) == 0                 # is the beginning of what is there
    assert joins(((1,), (3,), (9,)), known) == 1
    assert joins(((1,), (7,), (9,)), known) == 0


def test_the_gap_is_nothing_where_ratios_are_rewards():
    base, other = torch.tensor(-2.0), torch.tensor(-3.0)
    assert gap(base + 1 / 0.5, other, base, other, 0.5).item() == pytest.approx(0.0)


def test_settings_hold_what_they_say():
    for setting, turned in itertools.product(("default", "programs", "preferences"), (1,)):
        data = made(setting, turned)
        assert data.labelled.asked.shape[1] == (11 if setting == "programs" else 6)
        assert int(task_of(data.test.asked[:, 0]).max()) <= 5
