"""The arena of tuning data: what a run holds, and the methods' equations by other ways."""

import pytest
import torch

from methods.arenas.tuning_data.arena import TuningDataArena, _wrong
from methods.arenas.tuning_data.ensemble_instruct import overlaps
from methods.arenas.tuning_data.guiding_complexity import hard_ones
from methods.arenas.tuning_data.self_guide import repeated
from methods.arenas.tuning_data.stage.examples import Examples, drawn_pieces, nats
from methods.arenas.tuning_data.stage.task import Task
from methods.arenas.tuning_data.word_edits import swapped
from methods.kit.stage.digit_starts import attempted, blank, slots, table
from methods.kit.stage.digit_tasks import questions, right, task_of


def made(setting="default", seed=1):
    stage = TuningDataArena()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    data = stage.data(trial)
    return data, Task(data.seeds, data.start, data.others, data.unlabelled, trial)


def test_seeds_are_right_and_in_the_first_word():
    data, task = made()
    assert _wrong([data.seeds]) == 0
    assert ((data.seeds.asked[:, 0] - 14) % 3 == 0).all()
    assert ((data.reworded.asked[:, 0] - 14) % 3 > 0).all()
    shown = task.demonstrations(data.test.asked)
    assert torch.equal(task_of(shown.asked[:, 0]), task_of(data.test.asked[:, 0]))


def test_hard_examples_go_wrong_as_often_as_is_said():
    _, task = made("supervision")
    task.trial.options.pool = 4000
    assert _wrong([task.hard(4000, 0.0, 0.0)]) == 0
    noisy = task.hard(4000, 0.4, 0.5)
    middle = right(task_of(noisy.asked[:, 1]), noisy.asked[:, 2:6])
    assert _wrong([noisy]) == pytest.approx(40, abs=3.5)
    assert (middle != noisy.answers[:, :4]).any(1).double().mean().item() == pytest.approx(0.2, abs=0.03)


def test_steps_of_hard_examples_are_their_two_tasks():
    _, task = made("supervision")
    hard = task.hard(10, 0.0, 0.0)
    steps = task.steps_of(hard)
    assert _wrong([steps]) == 0
    assert torch.equal(steps.answers[:10], hard.answers[:, :4])
    assert torch.equal(steps.answers[10:], hard.answers[:, 5:])


def test_mixtures_cost_what_is_allowed():
    assert 16 * hard_ones(1200) + 2 * 10 * hard_ones(1200) <= 12000


def test_the_loss_is_that_of_the_answers_alone():
    net = blank(0, True).eval()
    asked, answers = questions(5, torch.Generator().manual_seed(0))
    each = nats(net, Examples(asked, answers))
    ids = torch.cat([asked, answers], 1)
    logits = net(ids)
    by_hand = -logits[2, 7].log_softmax(0)[answers[2, 2]]
    assert each[2, 2].item() == pytest.approx(by_hand.item(), abs=1e-5)


def test_prompts_read_once_are_answered_as_if_read_each_time():
    net = blank(0, True).eval()
    asked, _ = questions(6, torch.Generator().manual_seed(1))
    twice, _ = drawn_pieces(net, torch.cat([asked, asked]), 4, (0, 10), torch.Generator(), 0.0)
    assert torch.equal(twice[:6], twice[6:])


def test_what_stands_twice_and_what_changes_places():
    assert repeated(torch.tensor([[3], [1], [3], [1], [2]])).tolist() == [False, False, True, True, False]
    assert swapped(torch.tensor([[1, 2, 3]]), torch.tensor([1]), torch.tensor([1])).tolist() == [[1, 2, 3]]
    said = torch.tensor([[[1, 2, 3, 4]], [[1, 2, 0, 0]], [[1, 2, 3, 0]]])
    assert overlaps(said)[0, 0].tolist() == [1.0, 0.5, 0.75]


def test_attempts_are_mended_as_often_as_the_world_says():
    ids = attempted(6000, 0, torch.Generator().manual_seed(2))
    tasks, forms = task_of(ids[:, 0]), (ids[:, 0] - 14) % 3
    wanted = right(tasks, ids[:, 1:5])
    first, second = ((ids[:, at:at + 4] == wanted).all(1) for at in (6, 11))
    _, stays, mends = table(0)
    assert second[first].double().mean().item() == pytest.approx(stays[tasks, forms][first].mean().item(), abs=0.03)
    assert second[~first].double().mean().item() == pytest.approx(mends[tasks, forms][~first].mean().item(), abs=0.03)


def test_slots_begin_anew():
    assert slots(torch.tensor([[14, 1, 11, 2, 15, 3]])).tolist() == [[0, 1, 5, 6, 0, 1]]
