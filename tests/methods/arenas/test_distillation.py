"""Equations of the arena of distillation against computations that share no code with it."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from methods.arenas.distillation import adapt_conf, crd, dist, dkd, phi_s, ssld
from methods.arenas.distillation.arena import linear, settle
from methods.arenas.distillation.stage.attending import Copying
from methods.arenas.distillation.stage.task import js, soft
from methods.kit.stage import teachers
from methods.kit.student_nets import ConvNet, PatchNet


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def test_kd_and_its_temperature(drawn):
    z, taught = torch.randn(5, 4, generator=drawn), torch.randn(5, 4, generator=drawn)
    p, q = (torch.softmax(each / 3, 1).double().numpy() for each in (taught, z))
    assert soft(z, taught, 3.0).numpy() == pytest.approx(9 * (p * np.log(p / q)).sum(1), rel=1e-4)


def test_dkd_adds_up_to_kd(drawn):
    """With alpha 1 and beta 1 - p_T(right) it is KD: the paper's equation 6, one picture at a time."""
    z, taught = torch.randn(6, 5, generator=drawn), torch.randn(6, 5, generator=drawn)
    for i in range(6):
        one = slice(i, i + 1)
        y = taught[one].argmax(1)
        pair, among = dkd.parts(z[one], taught[one], y, 1.0)
        rest = 1 - taught[one].softmax(1)[0, y]
        assert float(pair + rest * among) == pytest.approx(float(soft(z[one], taught[one])), rel=1e-4)


def test_dist_is_correlation(drawn):
    p, q = torch.rand(3, 7, generator=drawn), torch.rand(3, 7, generator=drawn)
    wanted = np.mean([1 - np.corrcoef(a, b)[0, 1] for a, b in zip(p.numpy(), q.numpy(), strict=True)])
    assert float(dist.apart(p, q)) == pytest.approx(wanted, rel=1e-4)


def test_js(drawn):
    from scipy.spatial.distance import jensenshannon
    p, q = (torch.randn(2, 4, 5, generator=drawn)).softmax(2)
    assert js(p, q).numpy() == pytest.approx(jensenshannon(p.numpy(), q.numpy(), axis=1) ** 2, rel=1e-4)


def test_repeated_pictures_go_but_the_first_stays():
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])
    assert ssld.repeated(rows, 0.999).tolist() == [False, False, True]


def test_adapt_conf_weight(drawn):
    z, taught, t = torch.randn(6, 4, generator=drawn), torch.randn(6, 4, generator=drawn), 0.5
    own = np.exp([-math.log(row.softmax(0).max()) / t for row in z])
    other = np.exp([-math.log(row.softmax(0)[said.argmax()]) / t for row, said in zip(z, taught, strict=True)])
    assert adapt_conf.weight(z, taught, t).numpy() == pytest.approx(own / (own + other), rel=1e-4)


def test_crd_is_a_classifier_of_pairs(drawn):
    s, noise = torch.rand(4, 6, generator=drawn) + 0.1, 0.3
    h = s / (s + noise)
    truth = torch.zeros(4, 6)
    truth[:, 0] = 1
    wanted = F.binary_cross_entropy(h, truth, reduction="sum") / 4
    assert float(crd.estimated(s, noise)) == pytest.approx(float(wanted), rel=1e-4)


def test_phi_s_is_isotropic_and_goes_back(drawn):
    y = torch.randn(500, 8, generator=drawn) @ torch.diag(torch.logspace(-2, 2, 8)) + 3
    made = phi_s.phi_standardised(y)
    targets = made.targets(y)
    assert targets.var(0, correction=0).numpy() == pytest.approx(np.ones(8), rel=1e-2)
    assert torch.allclose(made.features(targets), y, atol=0.05)
    assert float(targets.norm(dim=1)[0] / targets.norm(dim=1)[1]) == pytest.approx(
        float((y - y.mean(0)).norm(dim=1)[0] / (y - y.mean(0)).norm(dim=1)[1]), rel=1e-3)          # one scale for all
    h = phi_s.hadamard(8)
    assert torch.allclose(h @ h.T, torch.eye(8, dtype=torch.double), atol=1e-9)


def test_copied_attention_ignores_the_students_own():
    student, teacher, x = PatchNet(8), PatchNet(8).eval(), torch.rand(3, 1, 8, 8)
    copying = Copying(student, teacher).eval()
    before = copying(x).logits
    with torch.no_grad():
        for block in student.blocks:
            block.ask.weight.zero_()
    assert torch.equal(copying(x).logits, before)


@pytest.mark.parametrize("net", [ConvNet(8, 4, 16), PatchNet(8)])
def test_a_network_is_its_two_halves(net):
    x = torch.rand(3, 1, 8, 8)
    net.eval()
    assert net.lower(x).shape[1:] == net.lower_shape
    assert torch.allclose(net(x).logits, net.upper(net.lower(x)).logits, atol=1e-6)


def test_statistics_are_set_from_pictures():
    net, x = ConvNet(8, 4, 16), torch.rand(500, 1, 8, 8)
    settle(net, x)
    wanted = torch.stack([net.lower[0](part).mean((0, 2, 3)) for part in x.split(250)]).mean(0)
    assert torch.allclose(net.lower[1].running_mean, wanted, atol=1e-5)


def test_linear_map_finds_a_linear_truth(drawn):
    x = torch.randn(300, 3, generator=drawn)
    y = x @ torch.randn(3, 2, generator=drawn) + 5
    assert torch.allclose(linear(x[:200], y[:200], x[200:]), y[200:], atol=0.05)


def test_a_small_teacher_is_the_same_each_time():
    kept = teachers.kept("strong", 3, True)
    again = teachers.kept("strong", 8, True)                                             # the same world of five
    assert kept.net is again.net and not any(p.requires_grad for p in kept.net.parameters())
    own, others, _, _ = teachers.pictures(True)
    assert not set(own) & set(others)
