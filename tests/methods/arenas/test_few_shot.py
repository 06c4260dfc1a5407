"""The arena of few drawings: what an episode holds, and the closed forms against other computations."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from methods.arenas.few_shot.arena import FewShot
from methods.arenas.few_shot.cipa import calibrated
from methods.arenas.few_shot.gda import gaussians
from methods.arenas.few_shot.gda_alone import rule
from methods.arenas.few_shot.logistic_probe import probe
from methods.arenas.few_shot.one_step_transduction import again
from methods.arenas.few_shot.stage import _encoder
from methods.arenas.few_shot.tip_adapter import votes
from methods.kit.engine.registry import load_method, method_files


def made(setting="default", seed=1):
    stage = FewShot()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return stage, trial, stage.data(trial)


@pytest.mark.parametrize(("setting", "shots"), [("default", 5), ("one-shot", 1)])
def test_an_episode_holds_so_many_drawings_and_no_query_twice(setting, shots):
    _, _, data = made(setting)
    assert data.test.support.shape[:3] == (20, 3, shots)
    assert all(y.bincount().tolist() == [6, 6, 6] for y in data.test.y)
    for support, query in zip(data.test.support, data.test.query, strict=True):
        rows = torch.cat([support.flatten(0, 1), query])
        assert len(rows.unique(dim=0)) >= len(rows) - 1


def test_queries_are_unbalanced_where_the_setting_says_so():
    _, _, data = made("unbalanced-queries")
    assert any(y.bincount(minlength=3).tolist() != [6, 6, 6] for y in data.test.y)
    assert (data.test.y >= 0).all() and data.test.y.shape == (20, 18)


def test_kinds_of_a_split_do_not_meet():
    for split in range(_encoder.SPLITS):
        parts = [set(part.tolist()) for part in _encoder.kinds_of(split)]
        assert [len(part) for part in parts] == [200, 45, 100] and len(set.union(*parts)) == 345


def test_who_sees_more_says_so():
    found = {path.stem: load_method("few-shot", path.stem.replace("_", "-")) for path in method_files("few-shot")}
    assert {name for name, cls in found.items() if cls.sees_many} == {"many_shot_mean"}
    assert {name for name, cls in found.items() if cls.transductive} == {"cipa", "one_step_transduction"}


@pytest.mark.parametrize("shots", [1, 4])
def test_the_gaussian_rule_by_an_inverse(shots):
    support = np.random.default_rng(0).normal(size=(2, 3, shots, 5))
    w, b = gaussians(torch.tensor(support))
    alone = rule(torch.tensor(support))
    assert torch.allclose(w, alone[0]) and torch.allclose(b, alone[1])
    for e in range(2):
        means = support[e].mean(1)
        away = (support[e] - (means[:, None] if shots > 1 else support[e].mean((0, 1)))).reshape(-1, 5)
        cov = np.cov(away.T)
        inverse = 5 * np.linalg.inv((len(away) - 1) * cov + np.trace(cov) * np.eye(5))
        assert w[e].numpy() == pytest.approx(means @ inverse)
        assert b[e].numpy() == pytest.approx(-0.5 * np.einsum("nd,dc,nc->n", means, inverse, means))


def test_the_probe_is_that_of_scikit_learn():
    support = np.random.default_rng(0).normal(size=(1, 3, 6, 4))
    w, b = probe(torch.tensor(support), 0.5, steps=200)
    theirs = LogisticRegression(C=2, tol=1e-8, max_iter=1000).fit(support.reshape(18, 4), np.repeat(range(3), 6))
    logits = torch.tensor(support.reshape(18, 4)) @ w[0].T + b[0]
    assert logits.softmax(1).numpy() == pytest.approx(theirs.predict_proba(support.reshape(18, 4)), abs=1e-3)


def test_votes_and_means_by_loops():
    rng = np.random.default_rng(0)
    support, query = rng.normal(size=(1, 2, 3, 4)), rng.normal(size=(1, 5, 4))
    found = votes(torch.tensor(query), torch.tensor(support), 2.0)[0].numpy()
    hand = [[sum(np.exp(-2 * (1 - q @ s)) for s in kind) for kind in support[0]] for q in query[0]]
    assert found == pytest.approx(np.array(hand))
    means = support.mean(2)
    near = query[0] @ (means[0] / np.linalg.norm(means[0], axis=1, keepdims=True)).T / 0.5
    p = np.exp(near) / np.exp(near).sum(1, keepdims=True)
    new = [(support[0, c].sum(0) + sum(p[i, c] * query[0, i] for i in range(5))) / (3 + p[:, c].sum()) for c in (0, 1)]
    assert again(torch.tensor(query), torch.tensor(support), torch.tensor(means), 0.5)[0].numpy() == pytest.approx(
        np.array(new))


def test_both_sides_are_centred_by_their_own():
    x = torch.rand(2, 3, 4, 5)
    found = torch.nn.functional.normalize(x.sqrt(), dim=-1)
    found = found - found.mean((1, 2), keepdim=True)
    assert torch.allclose(calibrated(x), torch.nn.functional.normalize(found, dim=-1), atol=1e-6)
