"""Equations of the arena of typefaces against computations that share no code with it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from methods.arenas.domain_generalization.group_dro import weighed
from methods.arenas.domain_generalization.ridg import rationale
from methods.arenas.domain_generalization.stage.contrast import styled
from methods.arenas.domain_generalization.stage.means import RunningMeans
from methods.arenas.domain_generalization.stage.nets import apart, gaussian_apart
from methods.arenas.domain_generalization.stage.sharpness import backward_uphill
from methods.arenas.domain_generalization.udim import head_gradients, inconsistency


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def test_rationales_move_to_running_means(drawn):
    means, bank, w = RunningMeans(0.1), {}, torch.randn(4, 3, generator=drawn)
    for _ in range(3):
        z, y = torch.randn(10, 3, generator=drawn), torch.randint(4, (10,), generator=drawn)
        products = np.stack([[[float(z[i, d] * w[k, d]) for d in range(3)] for k in range(4)] for i in range(10)])
        wanted = 0.0
        for label in set(y.tolist()):
            mine = products[y.numpy() == label]
            bank[label] = 0.9 * bank[label] + 0.1 * mine.mean(0) if label in bank else mine.mean(0)
            wanted += ((mine - bank[label]) ** 2).sum(2).mean()
        assert means.loss(rationale(z, w), y).item() == pytest.approx(wanted, rel=1e-4)


def test_distances_of_samples(drawn):
    a, b = torch.randn(6, 3, generator=drawn), torch.randn(5, 3, generator=drawn) + 1
    x, y = a.numpy(), b.numpy()
    wanted = ((x.mean(0) - y.mean(0)) ** 2).mean() + ((np.cov(x.T) - np.cov(y.T)) ** 2).mean()
    assert apart(a, b).item() == pytest.approx(wanted, rel=1e-4)

    def kernel(u, v):
        squared = ((u[:, None] - v[None]) ** 2).sum(2)
        return sum(np.exp(-gamma * squared) for gamma in (0.001, 0.01, 0.1, 1, 10, 100, 1000)).mean()

    assert gaussian_apart(a, b).item() == pytest.approx(kernel(x, x) + kernel(y, y) - 2 * kernel(x, y), rel=1e-4)


def test_gradients_of_the_head_picture_by_picture(drawn):
    head = torch.nn.Linear(3, 4)
    z, y = torch.randn(6, 3, generator=drawn), torch.randint(4, (6,), generator=drawn)
    in_weight, in_bias = head_gradients(head(z), y, z)
    each = [torch.autograd.grad(F.cross_entropy(head(z[i:i + 1]), y[i:i + 1]), list(head.parameters()))
            for i in range(6)]
    assert torch.allclose(in_weight, torch.stack([g.flatten() for g, _ in each]), atol=1e-5)
    assert torch.allclose(in_bias, torch.stack([g for _, g in each]), atol=1e-5)
    given, made = (in_weight[:3], in_bias[:3]), (in_weight[3:], in_bias[3:])
    spread = [[((g - own.mean(0)) ** 2).mean(0) for g, own in zip(kind, given, strict=True)] for kind in (given, made)]
    one, other = (torch.cat(parts) for parts in spread)
    middle = (one + other) / 2
    wanted = (((one - middle) ** 2).mean() + ((other - middle) ** 2).mean()) / 2
    wanted = wanted + sum((g ** 2).sum(1).mean() / g.shape[1] for g in made)
    assert inconsistency(given, made).item() == pytest.approx(wanted.item(), rel=1e-4)


def test_low_amplitudes_are_the_reference(drawn):
    x = torch.rand(3, 1, 8, 8, generator=drawn)
    found = np.fft.fftshift(np.fft.fft2(styled(x, x[:1].expand_as(x), 0.5).numpy()), axes=(2, 3))
    before = np.fft.fftshift(np.fft.fft2(x.numpy()), axes=(2, 3))
    assert np.abs(found)[1, 0, 2:7, 2:7] == pytest.approx(np.abs(before)[0, 0, 2:7, 2:7], rel=1e-3, abs=1e-4)
    assert np.abs(found)[1, 0, 1, 1:8] == pytest.approx(np.abs(before)[1, 0, 1, 1:8], rel=1e-3, abs=1e-4)


def test_sharpness_is_taken_uphill():
    net = torch.nn.Linear(2, 1, bias=False)
    w = net.weight.detach().clone()
    backward_uphill(net, lambda: net.weight.pow(4).sum(), 0.1)
    g = 4 * w**3
    assert torch.allclose(net.weight.grad, 4 * (w + 0.1 * g / g.norm())**3, atol=1e-5)
    assert torch.allclose(net.weight, w, atol=1e-6)
    assert weighed(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 2.0]), 0.5)[1].item() == pytest.approx(
        np.e / (1 + np.e), rel=1e-5)
