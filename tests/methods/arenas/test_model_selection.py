"""Equations of the arena of model selection against computations that share no code with it."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from methods.arenas.model_selection import (
    knn_purity,
    leep,
    linguistic_collapse,
    log_me,
    model_spider,
    osborn,
    posterior_metric,
    silhouette,
)
from methods.arenas.model_selection.stage._zoo import probed
from methods.arenas.model_selection.stage.empirical import conditional_entropy, expected


@pytest.fixture
def items():
    rng = np.random.default_rng(0)
    y = np.arange(24) % 3
    return torch.from_numpy(rng.normal(size=(24, 4)) + y[:, None]), torch.from_numpy(y)


def test_evidence_is_the_best_of_the_marginal_likelihood(items):
    x, y = items[0].numpy(), (items[1] == 0).double().numpy()

    def lost(logs):
        cov = np.eye(len(y)) / np.exp(logs[1]) + x @ x.T / np.exp(logs[0])
        return -multivariate_normal(np.zeros(len(y)), cov).logpdf(y) / len(y)

    best = -minimize(lost, [0.0, 0.0], method="Nelder-Mead").fun
    assert log_me.evidence(items[0], torch.from_numpy(y)[:, None]) == pytest.approx(best, abs=1e-4)


def test_leep_by_hand():
    chances, y = torch.tensor([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]]), torch.tensor([0, 0, 1])
    joint = np.array([[1.4, 0.6], [0.1, 0.9]]) / 3
    given = joint / joint.sum(0)
    wanted = [given[0] @ [0.8, 0.2], given[0] @ [0.6, 0.4], given[1] @ [0.1, 0.9]]
    assert leep.expected(chances, y).tolist() == pytest.approx(wanted)
    assert expected is leep.expected


def test_purity_and_silhouette_by_loops(items):
    x, y = items
    z = x / x.norm(dim=1, keepdim=True)
    shares, said = [], []
    for i in range(len(x)):
        near = sorted((j for j in range(len(x)) if j != i), key=lambda j: -float(z[i] @ z[j]))[:3]
        shares.append(np.mean([int(y[j] == y[i]) for j in near]))
        mean = {c: np.mean([float((x[i] - x[j]).norm()) for j in range(len(x)) if j != i and y[j] == c])
                for c in range(3)}
        a, b = mean[int(y[i])], min(v for c, v in mean.items() if c != int(y[i]))
        said.append((b - a) / max(a, b))
    assert knn_purity.purity(x, y, 3) == pytest.approx(np.mean(shares))
    assert silhouette.silhouette_of(x, y) == pytest.approx(np.mean(said))


def test_transport_keeps_its_margins_and_finds_the_near(items):
    cost = torch.cdist(items[0][:6], items[0][:6]).square()
    pi = osborn.coupling(cost, 2000)
    assert torch.allclose(pi.sum(0), torch.full((6,), 1 / 6, dtype=pi.dtype), atol=1e-6)
    assert torch.allclose(pi.sum(1), torch.full((6,), 1 / 6, dtype=pi.dtype), atol=1e-3)
    assert float((pi * cost).sum()) < 0.2 * float(cost.mean())


def test_conditional_entropy_is_joint_less_marginal():
    joint = torch.tensor([[0.1, 0.3], [0.4, 0.2]]).double()
    whole = -(joint * joint.log()).sum()
    columns = joint.sum(0)
    assert conditional_entropy(joint) == pytest.approx(float(whole + (columns * columns.log()).sum()))


def test_posterior_against_scipy(items):
    x, y = items[0].numpy(), items[1].numpy()
    z = (x - x.mean(0)) / x.std(0, ddof=1)
    dens = np.stack([np.log(np.mean(y == c)) + multivariate_normal(
        z[y == c].mean(0), np.cov(z[y == c].T, bias=True) + 0.05 * np.eye(4)).logpdf(z) for c in range(3)])
    wanted = (dens - np.logaddexp.reduce(dens, 0))[y, np.arange(len(y))].mean()
    assert posterior_metric.log_posterior(items[0][:, None], items[1]).item() == pytest.approx(wanted)


def test_variability_by_loops(items):
    x, y = items
    means = [x[y == c].mean(0) for c in range(3)]
    spread = [float((x[y == c] - means[c]).square().sum(1).mean()) for c in range(3)]
    wanted = np.mean([(spread[c] + spread[d]) / (2 * float((means[c] - means[d]).square().sum()))
                      for c, d in ((0, 1), (0, 2), (1, 2))])
    assert linguistic_collapse.variability(*linguistic_collapse.moments(x, y)).item() == pytest.approx(wanted)


def test_list_loss_is_of_naming_one_after_another():
    said, worth = torch.tensor([[0.3, -1.0, 2.0]]), torch.tensor([[5.0, 9.0, 1.0]])
    order, total = [1, 0, 2], 0.0
    for r in range(3):
        left = [math.exp(said[0, i]) for i in order[r:]]
        total -= math.log(left[0] / sum(left))
    assert model_spider.list_loss(said, worth).item() == pytest.approx(total / 3, rel=1e-5)


def test_probe_is_right_where_kinds_are_apart_and_at_chance_where_not():
    kinds = torch.eye(4)[:, None] * 10 + 0.1 * torch.randn(4, 60, 4, generator=torch.manual_seed(0))
    assert probed(kinds) == 100
    assert abs(probed(torch.randn(4, 400, 4, generator=torch.manual_seed(1))) - 25) < 6
