"""The arena of few labels: which pictures have them, what is paid for, and its losses by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervised
from methods.arenas.semi_supervised.fixmatch import guessed
from methods.arenas.semi_supervised.flexmatch import thresholds
from methods.arenas.semi_supervised.fst import Fst
from methods.arenas.semi_supervised.mean_teacher import MeanTeacher
from methods.arenas.semi_supervised.shrink_match import ShrinkMatch, shrunk
from methods.arenas.semi_supervised.stage.task import Task
from methods.kit.engine.registry import load_method, method_files


@pytest.fixture(scope="module")
def stage():
    return SemiSupervised()


def made(stage, setting="default", seed=1):
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    data = stage.data(trial)
    return trial, data, Task(data, trial)


@pytest.mark.parametrize(("setting", "each"), [("default", 4), ("one-label", 1), ("other-style", 20)])
def test_so_many_labels_of_each_digit(stage, setting, each):
    _, data, _ = made(stage, setting)
    assert torch.bincount(data.y).tolist() == [each] * 10
    parts = [data.x, data.free_x, data.val_x, data.test_x]
    assert [len(part) for part in parts[1:]] == [300, 100, 400]
    if setting == "default":
        assert len(torch.cat(parts).flatten(1).unique(dim=0)) == sum(map(len, parts))


def test_only_the_upper_bound_sees_labels(stage):
    sees = {path.stem for path in method_files("semi-supervised")
            if load_method("semi-supervised", path.stem.replace("_", "-")).sees_labels}
    assert sees == {"all_labels"}
    assert made(stage)[2].draw().free_y is None


def test_looking_ahead_costs_steps_where_pictures_are_counted(stage):
    found = {}
    for setting in ("other-style", "other-style-steps"):
        for ahead in (0, 2):
            trial, data, _ = made(stage, setting)
            stage.score(Fst(ahead=ahead), trial, data)
            found[setting, ahead] = trial.counts["steps"]
    assert {key: steps for key, steps in found.items() if key != ("other-style", 2)} == {
        ("other-style", 0): 40, ("other-style-steps", 0): 40, ("other-style-steps", 2): 40}
    assert found["other-style", 2] == 22                              # 80 and then 150 of 3,200 pictures a step


def test_guesses_by_hand():
    rng = np.random.default_rng(0)
    weak, strong = 3 * rng.normal(size=(8, 5)), rng.normal(size=(8, 5))
    q, p = (np.exp(a) / np.exp(a).sum(1, keepdims=True) for a in (weak, strong))
    expected = sum(-np.log(p[i, q[i].argmax()]) for i in range(8) if q[i].max() >= 0.8) / 8
    assert guessed(torch.tensor(weak), torch.tensor(strong), 0.8).item() == pytest.approx(expected) and expected


def test_thresholds_by_hand():
    last = torch.tensor([0] * 6 + [1] * 3 + [-1] * 9)
    found = thresholds(last, 3, 0.95)
    assert found.tolist() == pytest.approx([0.95 * (6 / 9) / (2 - 6 / 9), 0.95 * (3 / 9) / (2 - 3 / 9), 0.0])


def test_the_smaller_choice_by_hand():
    p = torch.tensor(np.random.default_rng(0).dirichlet(np.full(6, 0.5), size=200))
    kept, enough = shrunk(p, 0.9)
    for row, keeps, ok in zip(p.tolist(), kept.tolist(), enough.tolist(), strict=True):
        order = sorted(range(6), key=lambda c: -row[c])
        for c in range(2, 6):
            sure = row[order[0]] / (row[order[0]] + sum(row[j] for j in order[c:])) >= 0.9
            if sure or c == 5:
                break
        assert ok == sure and {j for j in range(6) if keeps[j]} == {order[0], *order[c:]}


def test_doubtful_guesses_do_not_reach_the_main_classifier(stage):
    _, _, task = made(stage)
    method = ShrinkMatch(lam=0.0, tau=0.9)
    net = method.network(task)
    method.share = torch.tensor(1.0)
    batch = task.draw()
    grads = []
    for shrink in (0.0, 1.0):
        method.shrink = shrink
        net.zero_grad()
        method.loss(net, batch, task).backward()
        grads.append([net.classifier.weight.grad.clone(), net.aux[0].weight.grad])
    assert torch.equal(grads[0][0], grads[1][0])
    assert grads[1][1] is not None


def test_the_teacher_is_the_mean_of_what_the_student_was(stage):
    _, _, task = made(stage)
    method, seen = MeanTeacher(momentum=0.999), []
    net = method.network(task)
    for task.step in range(4):
        with torch.no_grad():
            net.classifier.bias += 1
        seen.append(net.classifier.bias.detach().clone())
        method.after_step(net, task)
    assert torch.allclose(method.teacher.classifier.bias, torch.stack(seen).mean(0), atol=1e-5)


def test_the_teacher_sees_the_future_and_the_student_goes_back(stage):
    _, _, task = made(stage)
    method = Fst(ahead=2, momentum=0.5)
    net = method.network(task)
    moved = []

    def move(loss):
        with torch.no_grad():
            net.classifier.bias += 1
        moved.append(net.classifier.bias.detach().clone())

    task.step, task.move = 5, move
    start = net.classifier.bias.detach().clone()
    teacher = method.teacher.classifier.bias.clone()
    method.step(net, task)
    for student in (start, start + 1, start + 2):
        teacher = 0.5 * teacher + 0.5 * student
    assert torch.equal(net.classifier.bias, start) and len(moved) == 2
    assert torch.allclose(method.teacher.classifier.bias, teacher, atol=1e-6)
    assert F.mse_loss(teacher, start) > 0
