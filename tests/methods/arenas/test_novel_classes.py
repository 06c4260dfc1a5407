"""Equations of the arena of unnamed kinds against computations that share no code with it."""

import numpy as np
import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from methods.arenas.novel_classes.cpp import memberships, rate, rate_within
from methods.arenas.novel_classes.cr_kd import relation_loss
from methods.arenas.novel_classes.dtc import belongs
from methods.arenas.novel_classes.spt_net import frames
from methods.arenas.novel_classes.stage._scores import mutual
from methods.arenas.novel_classes.stage.nets import evenly, supervised_contrast
from methods.arenas.novel_classes.stage.parametric import classification


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_mutual_information_is_sklearns(drawn):
    a, b = torch.randint(4, (50,), generator=drawn), torch.randint(3, (50,), generator=drawn)
    assert mutual(a, b) == pytest.approx(100 * normalized_mutual_info_score(b.numpy(), a.numpy()), rel=1e-6)


def test_shares_are_even(drawn):
    q = evenly(torch.randn(40, 4, generator=drawn) / 10, rounds=50)
    assert q.sum(1).numpy() == pytest.approx(np.ones(40), rel=1e-4)
    assert q.sum(0).numpy() == pytest.approx(np.full(4, 10.0), rel=1e-3)
    c = torch.nn.functional.normalize(torch.randn(12, 5, generator=drawn), dim=1)
    s = np.exp(np.abs(c.numpy() @ c.numpy().T) / 0.175)
    for i in range(5):
        s = s / s.sum(1 - i % 2, keepdims=True)
    assert memberships(c).numpy() == pytest.approx(s, rel=1e-3)


def test_relations_are_kept_by_weight(drawn):
    old, new = torch.randn(6, 5, generator=drawn), torch.randn(6, 5, generator=drawn)
    p, q = softmax(old.numpy()[:, :3] / 4), softmax(new.numpy()[:, :3] / 4)
    w = softmax(new.numpy() / 4)[:, :3].sum(1)
    each = -(p * np.log(q)).sum(1) * 16
    assert relation_loss(old, new, 3, 4.0, True).item() == pytest.approx((w / w.mean() * each).mean(), rel=1e-4)
    assert relation_loss(old, new, 3, 4.0, False).item() == pytest.approx(each.mean(), rel=1e-4)


def test_rates(drawn):
    z, members = torch.randn(7, 3, generator=drawn), torch.rand(7, 7, generator=drawn)
    x, pi = z.numpy().astype(float), members.numpy().astype(float)
    wanted = sum(pi[:, j].sum() * np.linalg.slogdet(np.eye(3) + 3 / (pi[:, j].sum() * 0.1) * x.T @ np.diag(pi[:, j]) @ x
                                                    )[1] for j in range(7)) / 14
    assert rate_within(z, members).item() == pytest.approx(wanted, rel=1e-4)
    assert rate(z).item() == pytest.approx(np.linalg.slogdet(np.eye(3) + 3 / 0.7 * x.T @ x)[1] / 2, rel=1e-4)


def test_losses_of_the_parametric_classifier(drawn):
    f, f2, y = torch.rand(6, 4, generator=drawn), torch.rand(6, 4, generator=drawn), torch.tensor([0, 1])
    a, b = f.numpy(), f2.numpy()
    teach = -((softmax(a / 0.04) * np.log(softmax(b / 0.1))).sum(1).mean()
              + (softmax(b / 0.04) * np.log(softmax(a / 0.1))).sum(1).mean()) / 2
    mean = softmax(np.concatenate([a, b]) / 0.1).mean(0)
    named = -np.log(softmax(np.concatenate([a[:2], b[:2]]) / 0.1)[range(4), [0, 1, 0, 1]]).mean()
    wanted = 0.65 * (teach + 2 * (mean * np.log(mean)).sum()) + 0.35 * named
    assert classification(f, f2, y, 1.0, 2.0).item() == pytest.approx(wanted, rel=1e-4)


def test_contrast_with_names(drawn):
    z, y = torch.randn(5, 3, generator=drawn), np.array([0, 0, 1, 1, 1])
    u = z.numpy() / np.linalg.norm(z.numpy(), axis=1, keepdims=True)
    s, total = u @ u.T / 0.07, 0.0
    for i in range(5):
        others = [j for j in range(5) if j != i]
        log_sum = np.log(np.exp(s[i, others]).sum())
        total -= np.mean([s[i, j] - log_sum for j in others if y[j] == y[i]])
    assert supervised_contrast(z, torch.from_numpy(y)).item() == pytest.approx(total / 5, rel=1e-3)


def test_shares_of_student_and_frames(drawn):
    z, m = torch.randn(4, 2, generator=drawn), torch.randn(3, 2, generator=drawn)
    s = 1 / (1 + ((z.numpy()[:, None] - m.numpy()[None]) ** 2).sum(2))
    assert belongs(z, m).numpy() == pytest.approx(s / s.sum(1, keepdims=True), rel=1e-4)
    assert frames(8, 4)[1:3, 1:3].sum() == 0 and frames(8, 4)[0].sum() == 8
