"""The arena of hubs: what is asked of whom, what the scores mean, and that rescoring by hand agrees."""

import numpy as np
import pytest
import torch

from methods.arenas.hubness.arena import Banks, Hubness, HubnessMethod
from methods.arenas.hubness.stage._data import Space, ridge_map, split
from methods.kit.engine.execute import execute
from methods.kit.engine.registry import load_method
from methods.kit.method import Card
from methods.kit.stage.docstrings import documented_functions


class Given(HubnessMethod):
    """Scores are what the test says."""

    card = Card(title="Given")

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def rescore(self, similarity, banks):
        return self.scores(similarity)


@pytest.fixture(scope="module")
def stage():
    return Hubness()


@pytest.fixture(scope="module")
def trial(stage):
    return stage.trial(scale="smoke", seed=1)


@pytest.fixture(scope="module")
def data(stage, trial):
    return stage.data(trial)


def test_pairs_are_what_functions_say_and_do():
    docstrings, bodies = documented_functions(small=True)
    assert len(docstrings) == len(bodies) > 200
    assert len(set(docstrings)) == len(docstrings) and len(set(bodies)) == len(bodies)
    assert all(len(text.split()) >= 4 for text in (*docstrings, *bodies))
    assert not any(said in done for said, done in zip(docstrings, bodies, strict=True)), "a body has no docstring"


def test_scores_at_both_ends(stage, trial, data):
    every = stage.score(Given(lambda s: torch.eye(len(s)) + 0.01 * torch.rand(s.shape)), trial, data)
    assert every["mrr"] == every["r1"] == every["r10"] == 100
    hub = stage.score(Given(lambda s: torch.zeros_like(s) + torch.arange(s.shape[1]).flip(0)), trial, data)
    ranks = np.arange(1, len(data.asked) + 1)
    assert hub["mrr"] == pytest.approx(100 * (1 / ranks).mean(), rel=1e-5)       # all lists are the same
    assert hub["never_found"] == pytest.approx(100 * (1 - 10 / len(ranks)))
    share = 10 / len(ranks)
    assert hub["skewness"] == pytest.approx((1 - 2 * share) / (share * (1 - share)) ** 0.5)      # of a coin
    tied = stage.score(Given(torch.zeros_like), trial, data)
    assert tied["mrr"] == pytest.approx(100 * 2 / (1 + len(ranks))) and tied["r1"] == 0


def test_scores_must_be_finite_and_whole(stage, trial, data):
    for wrong in (lambda s: s / 0, lambda s: s[:, 1:]):
        with pytest.raises(ValueError, match="finite, one for each"):
            stage.score(Given(wrong), trial, data)


def test_space_and_map_by_hand():
    space = Space(["a b", "a b", "a b", "a"], 1)
    assert list(space.place) == ["a", "b"]
    idf = np.log(5 / np.array([5, 4])) + 1
    row = np.log1p([1, 1]) * idf
    assert space.weight == pytest.approx(idf)
    x = np.stack([row / np.linalg.norm(row)] * 3 + [[1, 0]])
    first = np.linalg.svd(x)[2][0]
    assert np.abs(space.directions[:, 0].numpy()) == pytest.approx(np.abs(first), abs=1e-4)
    assert not space.vectors(["never met"]).any()
    x, y = torch.tensor([[2.0]]), torch.tensor([[3.0]])
    assert ridge_map(x, y).item() == pytest.approx(6 / 4.1)


def test_no_pair_is_asked_that_trained(trial):
    parts = split(np.random.default_rng(0).permutation(500), trial.options)
    assert [len(part) for part in parts] == [120, 40, 60] and len(set(np.concatenate(parts))) == 220


def test_the_banks_of_the_settings(stage):
    sizes = {}
    for setting in ("default", "far-bank", "small-bank"):
        made = stage.data(stage.trial(scale="smoke", setting=setting, seed=1))
        sizes[setting] = len(made.bank_queries)
        assert torch.equal(made.bank_queries, made.docstrings[:sizes[setting]]) == (setting != "far-bank")
    assert sizes == {"default": 120, "far-bank": 120, "small-bank": 7}


def test_rescoring_agrees_with_equations_written_out():
    rng = np.random.default_rng(3)
    s, b, m = (rng.uniform(-1, 1, size) for size in ((5, 7), (6, 7), (4, 7)))
    banks = Banks(*(torch.tensor(each) for each in (b, m, rng.uniform(-1, 1, (5, 4)))))

    def found(slug, **params):
        return load_method("hubness", slug)(**params).rescore(torch.tensor(s), banks).numpy()

    inverted = np.exp(3 * s) / np.exp(3 * b).sum(0)
    assert np.exp(found("inverted-softmax", beta=3)) == pytest.approx(inverted)
    dual = inverted * np.exp(2 * s) / np.exp(2 * m).sum(0)
    assert np.exp(found("dual-is", beta1=3, beta2=2)) == pytest.approx(dual)
    active = set(b.argmax(1))
    gated = np.array([np.log(inverted[q]) if s[q].argmax() in active else s[q] for q in range(5)])
    assert 0 < sum(s[q].argmax() in active for q in range(5)) < 5
    assert found("qb-norm", beta=3) == pytest.approx(gated)
    near = np.sort(b, 0)[-2:].mean(0)
    assert found("csls", k=2) == pytest.approx(2 * s - near)
    assert found("nearest-neighbour-normalisation", alpha=0.3, k=2) == pytest.approx(s - 0.3 * near)
    counted = [[s[q, g] - (b[:, g] > s[q, g]).sum() for g in range(7)] for q in range(5)]
    assert found("globally-corrected") == pytest.approx(np.array(counted))
    plan = np.exp(found("sinkhorn", beta=2, turns=100))
    assert plan.sum(1) == pytest.approx(np.ones(5)) and plan.sum(0) == pytest.approx(np.full(7, 5 / 7), abs=1e-3)


def test_shuffled_pairs_teach_nothing(stage, trial, data):
    shuffled = stage.shuffle_labels(data, torch.Generator().manual_seed(0))
    lead = stage.score(load_method("hubness", "cosine")(), trial, data)["mrr"]
    assert stage.score(load_method("hubness", "cosine")(), trial, shuffled)["mrr"] < lead


def test_hubs_are_fewer_after_correction():
    before, after = (execute("hubness", slug, scale="smoke").scores["skewness"] for slug in ("cosine", "csls"))
    assert after < before
