"""The arena of active learning: pools, first labels and answers, and the methods' parts against other computations."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from methods.arenas.active_learning.arena import ActiveLearning, ActiveMethod
from methods.arenas.active_learning.badge import away, gradients
from methods.arenas.active_learning.bald import information
from methods.arenas.active_learning.core_set import farthest
from methods.arenas.active_learning.hast import Hast, weights
from methods.arenas.active_learning.joint_outlier_ensemble import spread, weight
from methods.arenas.active_learning.nest import divergence
from methods.arenas.active_learning.stage.logistic import logistic
from methods.arenas.active_learning.stage.task import Task
from methods.kit.engine.registry import load_method, method_files
from methods.kit.method import Card


@pytest.fixture(scope="module")
def stage():
    return ActiveLearning()


def made(stage, setting="default", seed=1):
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return trial, stage.data(trial)


@pytest.mark.parametrize(("setting", "kinds"), [("default", 10), ("open-pool", 5)])
def test_first_labels_are_as_many_of_each_wanted_kind(stage, setting, kinds):
    _, data = made(stage, setting)
    for y, first in zip(data.y, data.first, strict=True):
        assert y[first].bincount().tolist() == [20 // kinds] * kinds
        assert int(y.max()) == (9 if kinds == 10 else 5)
    assert int(data.test_y.max()) == kinds - 1


def test_no_digit_is_in_two_pools_or_in_the_test(stage):
    _, data = made(stage)
    rows = torch.cat([data.x.flatten(0, 1), data.test_x])
    assert len(rows.unique(dim=0)) >= len(rows) - 4                                        # a few are drawn alike


def test_labels_are_told_for_what_is_asked_and_nothing_twice(stage):
    class Twice(ActiveMethod):
        """Asks for one item again and again."""

        card = Card(title="Twice")

        def query(self, task, k):
            return task.asked[:k] if task.turn else task.open[:k]

    trial, data = made(stage)
    with pytest.raises(ValueError, match="without a label"):
        stage.run(Twice(), data, trial)
    task = Task(data.x[0], data.first[0], data.y[0][data.first[0]], 10, trial)
    task.told(torch.tensor([3]), torch.tensor([7]))
    assert task.turn == 1 and 3 not in task.open and task.y[-1] == 7


def test_only_the_upper_bound_sees_all_labels():
    sees = {path.stem for path in method_files("active-learning")
            if load_method("active-learning", path.stem.replace("_", "-")).sees_all_labels}
    assert sees == {"all_labelled"}


def test_the_regression_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(60, 4)), rng.integers(0, 3, 60), rng.uniform(0.1, 2, 60)
    theirs = LogisticRegression(C=1 / 0.5, tol=1e-8, max_iter=1000).fit(x, y, w)
    ours = logistic(torch.tensor(x), torch.tensor(y), 3, 0.5, torch.tensor(np.stack([w, np.ones(60)])), steps=200)
    assert ours.each(torch.tensor(x))[0].softmax(1).numpy() == pytest.approx(theirs.predict_proba(x), abs=1e-3)
    alone = logistic(torch.tensor(x), torch.tensor(y), 3, 0.5, steps=200)
    assert torch.allclose(ours.each(torch.tensor(x))[1], alone(torch.tensor(x)), atol=1e-2)


def test_distances_between_gradients_are_those_of_the_products():
    torch.manual_seed(0)
    p, h = torch.rand(6, 3).softmax(1), torch.randn(6, 4)
    g = torch.einsum("nc,nd->ncd", gradients(p), h).flatten(1)
    assert torch.allclose(away(gradients(p), h, 2), (g - g[2]).square().sum(1), atol=1e-5)


def test_information_is_the_mean_divergence_from_the_mean():
    p = torch.rand(5, 7, 3, dtype=torch.double).softmax(2)
    kl = (p * (p / p.mean(0)).log()).sum(2).mean(0)
    assert torch.allclose(information(p), kl)


def test_each_centre_is_the_farthest_from_those_before():
    h, centres = torch.randn(30, 3), [0, 5]
    for found in farthest(h, torch.tensor(centres), 4).tolist():
        assert found == torch.cdist(h, h[centres]).amin(1).argmax()
        centres.append(found)


def test_neighbours_are_the_nearest_without_a_label(stage):
    trial, data = made(stage)
    task, method = Task(data.x[0], data.first[0], data.y[0][data.first[0]], 10, trial), Hast()
    near, h = method.nearest(task, task.open), data.x[0][task.open].double()
    h = h / h.norm(dim=1, keepdim=True)
    theirs = (h @ h.T).topk(15, dim=1).indices[:, 1:]
    assert ((near == theirs).float().mean() > 0.98).item()


def test_weights_by_hand():
    assert weights(torch.tensor([0, 0, 1, 1]), 2).tolist() == pytest.approx([5.0] * 4)
    assert weight(torch.tensor([[0.25] * 4])).item() == pytest.approx(0, abs=1e-6)
    assert spread(torch.tensor([[2, 0], [1, 0]]), torch.tensor([2, 0]), 2).tolist() == [0.0, 0.0]
    p, near = torch.tensor([[0.2, 0.8]]), torch.tensor([[[0.5, 0.5], [0.9, 0.1]]])

    def kl(a, b):
        return sum(u * np.log(u / v) for u, v in zip(a, b, strict=True))

    first = (kl([0.2, 0.8], [0.5, 0.5]) + kl([0.2, 0.8], [0.9, 0.1])) / 2
    assert divergence(p, near, 0.1).item() == pytest.approx(first + 0.1 * kl([0.5, 0.5], [0.9, 0.1]), abs=1e-5)
