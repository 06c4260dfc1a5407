"""The arena of pretext tasks: which halves belong together, what the head is, and that fits agree with others' code."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import FactorAnalysis
from sklearn.linear_model import Ridge

from methods.arenas.pretext_tasks.arena import PretextMethod, PretextTasks
from methods.arenas.pretext_tasks.stage._data import paste
from methods.arenas.pretext_tasks.stage._head import balanced, ridge_head
from methods.arenas.pretext_tasks.stage.task import Task, ridge_map
from methods.arenas.pretext_tasks.unsupervised_mle import factor_analysis, posterior
from methods.kit.engine.execute import execute
from methods.kit.engine.registry import load_method, method_files
from methods.kit.method import Card


@pytest.fixture(scope="module")
def stage():
    return PretextTasks()


def made(stage, setting="default", seed=1):
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return trial, stage.data(trial)


def test_halves_of_one_picture_or_of_another_of_its_digit(stage):
    from methods.kit.stage.data import digits
    images, labels = digits()
    digit_of = {image[:4].tobytes() + image[4:].tobytes(): label for image, label in zip(images, labels, strict=True)}
    lower = {image[4:].tobytes(): label for image, label in zip(images, labels, strict=True)}
    _, own = made(stage, "same-picture")
    assert all(digit_of[up.numpy().tobytes() + down.numpy().tobytes()] == y
               for up, down, y in zip(own.x1, own.x2, own.y.tolist(), strict=True))
    _, others = made(stage)
    pairs = [up.numpy().tobytes() + down.numpy().tobytes() for up, down in zip(others.x1, others.x2, strict=True)]
    assert sum(pair in digit_of for pair in pairs) < len(pairs) / 10
    assert np.mean([lower[down.numpy().tobytes()] == y
                    for down, y in zip(others.x2, others.y.tolist(), strict=True)]) > 0.98      # some halves are equal


def test_no_upper_half_is_in_two_parts(stage):
    _, data = made(stage, "same-picture")
    parts = [data.x1, data.refine_x1, data.pool_x, data.val_x, data.test_x]
    assert len(torch.cat(parts).unique(dim=0)) >= sum(map(len, parts)) - 5                     # digits drawn alike


def test_the_patch_is_the_same_in_both_halves_and_its_place_in_all_pictures():
    up, down = np.full((50, 4, 8), 0.5, np.float32), np.full((50, 4, 8), 0.5, np.float32)
    paste(up, down, 2, np.random.default_rng(0), np.random.default_rng(1))
    assert (up == down).all() and ((up != 0.5).sum((1, 2)) == 4).all()
    assert ((up != 0.5).any(0)).sum() == 4 and len({picture.tobytes() for picture in up}) == 16


def test_refinement_has_its_own_labels(stage):
    sizes = {name: len(made(stage, name)[1].refine_y) for name in ("shared-nuisance", "few-refinement",
                                                                   "many-refinement")}
    assert sizes == {"shared-nuisance": 30, "few-refinement": 3, "many-refinement": 300}


@pytest.mark.parametrize("n", [5, 40])
def test_the_head_is_ridge_regression(n):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, 12)), rng.integers(0, 10, n)
    weights, offset = ridge_head(torch.tensor(x), torch.tensor(y), 0.3)
    theirs = Ridge(alpha=0.3 * n).fit(x, np.eye(10)[y])
    assert (x @ weights.numpy() + offset.numpy()) == pytest.approx(theirs.predict(x))


def test_the_map_is_ridge_regression():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)).astype(np.float32), rng.normal(size=(30, 3)).astype(np.float32)
    weights, offset = ridge_map(torch.from_numpy(x), torch.from_numpy(y), 0.1)
    assert x @ weights.numpy() + offset.numpy() == pytest.approx(Ridge(alpha=3.0).fit(x, y).predict(x), abs=1e-4)


def test_draws_are_balanced():
    labels = np.repeat(np.arange(10), 20)
    rows = balanced(labels, 3, np.random.default_rng(0))
    assert (np.bincount(labels[rows]) == 3).all() and len(set(rows)) == 30


def test_factor_analysis_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 8)) + 0.5 * rng.normal(size=(500, 8))
    x = torch.tensor(x - x.mean(0), dtype=torch.float32)
    loadings, noise = factor_analysis(x, 3, 500)
    theirs = FactorAnalysis(3, tol=1e-8, max_iter=5000, svd_method="lapack").fit(x.numpy())
    assert (loadings @ loadings.T).numpy() == pytest.approx(theirs.components_.T @ theirs.components_, abs=0.02)
    assert noise.numpy() == pytest.approx(theirs.noise_variance_, abs=0.02)
    means = (x @ posterior(loadings, noise).T @ loadings.T).numpy()
    assert means == pytest.approx(theirs.transform(x.numpy()) @ theirs.components_, abs=0.05)


def test_independence_given_the_label_is_what_helps(stage):
    class Halved(PretextMethod):
        """Least squares of a linear basis: for a run that takes a moment."""

        card = Card(title="Halved")

        def fit(self, x1, x2, task):
            weights, offset = ridge_map(x1, x2, 0.1)
            return lambda x: x @ weights + offset

    lead = {}
    for setting in ("default", "same-picture"):
        trial, data = made(stage, setting)
        lead[setting] = (stage.score(Halved(), trial, data)["accuracy_50"]
                         - stage.score(load_method("pretext-tasks", "raw-half")(), trial, data)["accuracy_50"])
    assert lead["default"] > lead["same-picture"]


def test_only_the_upper_bound_sees_all_labels(stage):
    trial, data = made(stage)
    assert Task(data, trial, None).labels is None
    assert execute("pretext-tasks", "all-labels-features", scale="smoke").scores["accuracy_50"] > \
        execute("pretext-tasks", "raw-half", scale="smoke").scores["accuracy_50"]
    known = {slug: load_method("pretext-tasks", slug).sees_all_labels
             for slug in (path.stem.replace("_", "-") for path in method_files("pretext-tasks"))}
    assert {slug for slug, sees in known.items() if sees} == {"all-labels-features"} and len(known) > 5
