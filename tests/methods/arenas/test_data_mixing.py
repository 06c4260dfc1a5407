"""Equations of the arena of data mixing against computations that share no code with it."""

import numpy as np
import pytest
import torch

from methods.arenas.data_mixing import dataset_decomposition, meta_pretraining
from methods.arenas.data_mixing.stage import fits, unlearning
from methods.arenas.data_mixing.unimax import capped
from methods.kit.lm_nets import Body
from methods.kit.lm_reading import per_passage


def test_a_law_is_found_again():
    drawn = torch.Generator().manual_seed(0)
    r = fits.dirichlet(60, 3, drawn)
    t = torch.tensor([-2.0, 0.5, 0.0])
    c, k, found = fits.law(r, 2 + (0.2 + r @ t).exp(), drawn, restarts=5, turns=200, ridge=1e-6)
    again = c + (k + r @ found).exp()
    assert torch.allclose(again, 2 + (0.2 + r @ t).exp(), atol=0.01)


def test_slopes_are_least_squares():
    rng = np.random.default_rng(0)
    w = rng.dirichlet(np.ones(3), 40)
    y = w @ np.array([1.0, 2.0, 4.0])
    slopes = fits.linear(torch.tensor(w), torch.tensor(y), 1e-8).numpy()
    assert np.allclose(slopes - slopes[0], [0, 1, 3], atol=1e-3)


def test_mixtures_add_up():
    assert torch.allclose(fits.dirichlet(5, 4, torch.Generator().manual_seed(0)).sum(1), torch.ones(5))


def test_a_hessian_product_is_the_change_of_the_gradient():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Body(12, 16, 1, 1).double()
        ids = torch.randint(0, 12, (2, 9))
        size = sum(p.numel() for p in net.parameters())
        v = torch.randn(size, dtype=torch.double)

    def gradient(shift):
        at = 0
        with torch.no_grad():
            for p in net.parameters():
                p += shift * v[at:at + p.numel()].view_as(p)
                at += p.numel()
        return torch.cat([g.flatten() for g in torch.autograd.grad(per_passage(net, ids).mean(),
                                                                   list(net.parameters()))])

    wanted = (gradient(1e-5) - gradient(-2e-5)) / 2e-5
    gradient(1e-5)
    assert torch.allclose(meta_pretraining.hessian_product(net, ids, v), wanted, rtol=1e-2, atol=1e-4)


def test_caps_fill_the_small_and_spread_the_rest():
    assert capped([100, 10, 1000], 300, 1) == [100.0, 10.0, 190.0]


def test_lengths_grow_within_each_cycle():
    assert [dataset_decomposition.length_at(i / 12, 4) for i in range(6)] == [16, 32, 64, 16, 32, 64]


def test_impacts_become_a_mixture():
    found = unlearning.mixture_of(torch.tensor([0.0, 1.0, 2.0]))
    assert found.tolist() == pytest.approx((np.exp([-2, 0, 2]) / np.exp([-2, 0, 2]).sum()).tolist(), rel=1e-5)
