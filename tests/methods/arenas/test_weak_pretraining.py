"""Equations of the arena of weak pretraining against computations that share no code with it."""

import numpy as np
import pytest
import torch

from methods.arenas.weak_pretraining import look, simclr, sub_pseudo_labels, supcon, swag
from methods.arenas.weak_pretraining.arena import ridge


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def unit(generator, *size):
    return torch.nn.functional.normalize(torch.randn(*size, generator=generator), dim=1)


def test_look_one_anchor_at_a_time(drawn):
    z, queue = unit(drawn, 4, 3), unit(drawn, 9, 3)
    y, of = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2])
    losses = []
    for i in range(4):
        s = np.exp((queue @ z[i]).numpy() / 0.5)
        near = np.argsort(-s)[:5]
        own = [j for j in near if of[j] == y[i]]
        if own:
            losses.append(-np.log(s[own].sum() / s[near].sum()))
    assert float(look.among_neighbours(z, y, queue, of, 5, 0.5)) == pytest.approx(np.mean(losses), rel=1e-4)


def test_supcon_one_anchor_at_a_time(drawn):
    z, y = unit(drawn, 6, 3), [0, 0, 1, 1, 1, 2]
    s = np.exp((z @ z.T).numpy() / 0.5)
    losses = []
    for i in range(5):
        rest = sum(s[i, k] for k in range(6) if k != i)
        own = [j for j in range(6) if j != i and y[j] == y[i]]
        losses.append(-np.mean([np.log(s[i, j] / rest) for j in own]))
    assert float(supcon.contrast(z, torch.tensor(y), 0.5)) == pytest.approx(np.mean(losses), rel=1e-4)


def test_simclr_is_supcon_of_pairs(drawn):
    a, b = unit(drawn, 3, 4), unit(drawn, 3, 4)
    pairs = supcon.contrast(torch.cat([a, b]), torch.tensor([0, 1, 2, 0, 1, 2]), 0.3)
    assert float(simclr.contrast(a, b, 0.3)) == pytest.approx(float(pairs), rel=1e-5)


def test_swag_shares_the_target(drawn):
    said, tags = torch.randn(2, 3, generator=drawn), torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    log_p = np.log(np.exp(said.numpy()) / np.exp(said.numpy()).sum(1, keepdims=True))
    wanted = -((log_p[0, 0] + log_p[0, 2]) / 2 + log_p[1, 1]) / 2
    assert float(swag.shared(said, tags)) == pytest.approx(wanted, rel=1e-5)


def test_rare_pairs_go_back_to_their_tag():
    q, p = torch.tensor([0, 0, 0, 1, 1, 2]), torch.tensor([1, 1, 2, 2, 2, 2])
    assert sub_pseudo_labels.classes(q, p, 3, 2).tolist() == [3, 3, 0, 4, 4, 2]


def test_ridge_names_what_is_apart():
    x = torch.tensor([[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.1, 5.0]])
    assert ridge(x, torch.tensor([0, 0, 1, 1]), x).tolist() == [0, 0, 1, 1]
