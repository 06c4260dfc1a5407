"""The arena of two views: what its pictures and views are, what is paid for, and its losses by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import logsumexp
from torch import nn

from methods.arenas.self_supervision.arena import SelfSupervision, SelfSupervisionMethod
from methods.arenas.self_supervision.ascl import softened
from methods.arenas.self_supervision.barlow_twins import redundancy
from methods.arenas.self_supervision.byol_ccsl import drawn_together
from methods.arenas.self_supervision.curl import logistic
from methods.arenas.self_supervision.feature_transformation import apart
from methods.arenas.self_supervision.hard_contrastive import nearest_only
from methods.arenas.self_supervision.macl import adapted
from methods.arenas.self_supervision.npid import estimate
from methods.arenas.self_supervision.stage._probe import effective_rank, linear
from methods.arenas.self_supervision.stage.bootstrap import Bootstrap, slowness
from methods.arenas.self_supervision.stage.latent import negatives_of
from methods.arenas.self_supervision.stage.losses import nt_xent
from methods.arenas.self_supervision.stage.queues import MovingKeys
from methods.arenas.self_supervision.stage.scattering import Scattering, morlet
from methods.arenas.self_supervision.stage.task import Task
from methods.arenas.self_supervision.vicreg import covariance, variance
from methods.kit.engine.registry import load_method, method_files
from methods.kit.method import Card
from methods.kit.stage.augmentations import turned, view


@pytest.fixture(scope="module")
def stage():
    return SelfSupervision()


def made(stage, setting="default", seed=1):
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    data = stage.data(trial)
    return trial, data, Task(data, trial)


def features(b=6, d=5, seed=0):
    rng = np.random.default_rng(seed)
    z1, z2 = rng.normal(size=(b, d)), rng.normal(size=(b, d))
    s1, s2 = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (z1, z2))
    return torch.tensor(z1), torch.tensor(z2), s1, s2


def test_a_picture_is_in_one_part_only(stage):
    _, data, _ = made(stage)
    parts = [data.x, data.probe_x, data.val_x, data.test_x]
    assert [len(part) for part in parts] == [256, 300, 100, 300]
    assert len(torch.cat(parts).flatten(1).unique(dim=0)) == sum(map(len, parts))


def test_turning_by_a_quarter_and_back():
    x = torch.rand(2, 1, 8, 8)
    none, quarter = torch.zeros(2), torch.full((2,), torch.pi / 2)
    assert torch.allclose(turned(x, none, none + 1, torch.zeros(2, 2)), x, atol=1e-5)
    assert torch.allclose(turned(x, quarter, none + 1, torch.zeros(2, 2)), x.rot90(1, (2, 3)), atol=1e-5)


def test_a_strong_view_leaves_a_block_out_and_a_weak_one_does_not():
    x = torch.ones(20, 1, 12, 12)
    strong = view(x, torch.Generator().manual_seed(0))
    assert ((strong[:, :, 4:8, 4:8] == 0).flatten(1).any(1)).sum() > 5
    assert (view(x, torch.Generator().manual_seed(0), 0.2)[:, :, 4:8, 4:8] > 0.99).all()


def test_partners_are_others_of_the_same_digit(stage):
    _, data, task = made(stage, "latent-classes")
    task.draw(16)
    partner = task.partner(3)
    for i, row in enumerate(task.rows.tolist() * 3):
        found = (data.x == partner[i]).flatten(1).all(1).nonzero().flatten().tolist()
        assert row not in found and all(data.y[j] == data.y[row] for j in found) and found
    _, data, task = made(stage)
    assert torch.equal(task.draw(5), task.partner())


def test_only_pictures_with_gradients_are_paid_for_and_all_see_as_many(stage):
    trial, data, task = made(stage)
    net, steps = task.network(), []

    def step():
        steps.append(task.progress)
        with torch.no_grad():
            net(task.draw())
        return net(task.view(task.draw(16))).square().mean()

    task.train(net, step, counted=net.encoder)
    assert len(steps) == 2 * 32 * 8 / 16 and trial.counts["pictures"] == 512
    assert task.trained == sum(p.numel() for p in net.parameters())


def test_features_must_be_finite(stage):
    class Given(SelfSupervisionMethod):
        """Says nothing finite."""

        card = Card(title="Given")

        def fit(self, task):
            said = nn.Flatten()
            said.forward = lambda x: x.flatten(1) / 0
            return said

    trial, data, _ = made(stage)
    with pytest.raises(ValueError, match="finite"):
        stage.run(Given(), data, trial)


def test_only_the_upper_bound_sees_labels():
    sees = {path.stem for path in method_files("self-supervision")
            if load_method("self-supervision", path.stem.replace("_", "-")).sees_labels}
    assert sees == {"supervised"}


def test_the_probe_is_ridge_regression():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), np.arange(60) % 10
    val, asked = rng.normal(size=(40, 4)), rng.normal(size=(50, 4))
    z, target = (x - x.mean(0)) / x.std(0, ddof=1), np.eye(10)[y]
    found = []
    for ridge in (1e-3, 1e-1, 10.0):
        w = np.linalg.solve(z.T @ z + ridge * 60 * np.eye(4), z.T @ (target - target.mean(0)))
        said = [((part - x.mean(0)) / x.std(0, ddof=1) @ w + target.mean(0)).argmax(1) for part in (val, asked)]
        found.append((np.mean(said[0] == np.arange(40) % 10), 100 * np.mean(said[1] == np.arange(50) % 10)))
    best = max(found, key=lambda pair: pair[0])[1]
    t = torch.tensor
    assert linear(t(x), t(y), {"val": t(val), "asked": t(asked)}, t(np.arange(40) % 10),
                  t(np.arange(50) % 10)) == pytest.approx(best)


def test_rank_of_even_directions():
    assert effective_rank(torch.eye(7)).item() == pytest.approx(7, rel=1e-4)


def test_the_contrast_of_all_views_by_hand():
    z1, z2, s1, s2 = features()
    s = np.concatenate([s1, s2])
    total = 0.0
    for i in range(12):
        logits = [s[i] @ s[j] / 0.3 for j in range(12) if j != i]
        total += logsumexp(logits) - s[i] @ s[(i + 6) % 12] / 0.3
    assert nt_xent(z1, z2, 0.3).item() == pytest.approx(total / 12)


def test_only_the_nearest_negatives_count():
    z1, z2, s1, s2 = features()
    s = np.concatenate([s1, s2])
    total = 0.0
    for i in range(12):
        own = s[i] @ s[(i + 6) % 12]
        negatives = sorted(s[i] @ s[j] for j in range(12) if j not in (i, (i + 6) % 12))[-3:]
        total += logsumexp(np.array([own, *negatives]) / 0.5) - own / 0.5
    assert nearest_only(z1, z2, 0.5, 0.3).item() == pytest.approx(total / 12)
    assert nearest_only(z1, z2, 0.5, 1.0).item() == pytest.approx(nt_xent(z1, z2, 0.5).item())


def test_the_adapted_temperature_by_hand():
    z1, z2, s1, s2 = features()
    cosines = s1 @ s2.T
    tau = 0.1 * (1 + 0.7 * np.mean(np.diag(cosines)))
    p = np.exp(cosines / tau)
    p = np.diag(p) / p.sum(1)
    assert adapted(z1, z2, 0.1, 0.7).item() == pytest.approx(np.mean(-np.log(p) / (1 - p)))


def test_soft_targets_by_hand():
    _, _, k, queue = features()
    k, queue = k[:2], np.concatenate([queue, k[:1]])
    p = np.exp(k @ queue.T / 0.05)
    p = p / p.sum(1, keepdims=True)
    sure = 1 + (p * np.log(p)).sum(1) / np.log(7)
    target = np.concatenate([np.ones((2, 1)), np.minimum(1, 3 * sure[:, None] * p)], 1)
    target = target / target.sum(1, keepdims=True)
    assert softened(torch.tensor(k), torch.tensor(queue), 0.05, 3.0).numpy() == pytest.approx(target)


def test_noise_contrast_by_hand():
    p = np.random.default_rng(0).random((3, 5)) / 50
    h = p / (p + 4 / 100)
    expected = np.mean(-np.log(h[:, 0]) - np.log(1 - h[:, 1:]).sum(1))
    assert estimate(torch.tensor(p), 100, 4).item() == pytest.approx(expected)


def test_variance_covariance_and_redundancy_by_hand():
    z1, z2, _, _ = features()
    a, b = z1.numpy(), z2.numpy()
    assert variance(z1).item() == pytest.approx(np.maximum(0, 1 - np.sqrt(a.var(0, ddof=1) + 1e-4)).mean() / 2)
    cov = np.cov(a.T)
    assert covariance(z1).item() == pytest.approx((cov**2).sum() / 5 - (np.diag(cov)**2).sum() / 5)
    c = ((a - a.mean(0)) / np.sqrt(a.var(0) + 1e-5)).T @ ((b - b.mean(0)) / np.sqrt(b.var(0) + 1e-5)) / 6
    off = (c**2).sum() - (np.diag(c)**2).sum()
    assert redundancy(z1, z2, 0.1).item() == pytest.approx(((np.diag(c) - 1)**2).sum() + 0.1 * off)


def test_moving_apart_keeps_the_sum_and_lowers_the_product():
    q, k = (F.normalize(torch.randn(8, 4), dim=1) for _ in range(2))
    new_q, new_k = apart(q, k, 1 + torch.rand(8, 4))
    assert torch.allclose(new_q + new_k, q + k, atol=1e-6)
    assert ((new_q * new_k).sum(1) <= (q * k).sum(1) + 1e-6).all()


def test_the_contrast_of_hidden_classes_by_hand():
    rng = np.random.default_rng(0)
    f, positive, negatives = rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 4, 2))
    expected = np.mean([np.log(1 + sum(np.exp(f[i] @ (n - positive[i])) for n in negatives[i])) for i in range(3)])
    assert logistic(*map(torch.tensor, (f, positive, negatives))).item() == pytest.approx(expected)
    drawn = negatives_of(9, 5, torch.Generator().manual_seed(0))
    assert all(i not in row and len(set(row)) == 5 for i, row in enumerate(drawn.tolist()))


def test_like_pictures_are_drawn_together():
    p, t, sp, st = features()
    cosines = sp @ st.T
    weight = (cosines > 0.1) * (1 - np.eye(6))
    expected = np.mean(((2 - 2 * cosines) * weight).sum(1) / np.maximum(weight.sum(1), 1e-6))
    assert drawn_together(p, t, "cosine", 0.1).item() == pytest.approx(expected)
    weight = 1 / (1 + np.exp(-cosines / 0.1)) * (1 - np.eye(6))
    expected = np.mean(((2 - 2 * cosines) * weight).sum(1) / weight.sum(1))
    assert drawn_together(p, t, "sigmoid", 0.1).item() == pytest.approx(expected)


def test_the_slow_copy_follows_and_gets_no_gradient(stage):
    _, _, task = made(stage)
    net = Bootstrap(task.network(), task.projected, task.hidden)
    before = [p.clone() for p in net.slow.parameters()]
    with torch.no_grad():
        for p in net.parameters():
            if p.requires_grad:
                p += 1
    net.let_follow(0.9)
    assert all(torch.allclose(p, b + 0.1, atol=1e-6) for p, b in zip(net.slow.parameters(), before, strict=True))
    assert not any(p.requires_grad for p in net.slow.parameters()) and not net.targets(task.draw(4)).requires_grad
    assert slowness(0.9, 0) == pytest.approx(0.9) and slowness(0.9, 1) == 1


def test_the_queue_drops_its_oldest_keys(stage):
    _, _, task = made(stage)
    keys = MovingKeys(task.network(), 8, 64, 0.9, task.generator)
    assert torch.allclose(keys.queue.norm(dim=1), torch.ones(64), atol=1e-5)
    first = keys.queue.clone()
    for i in range(3):
        keys.push(torch.full((24, 8), float(i)))
    assert (keys.queue[24:48] == 1).all() and (keys.queue[48:] == 2).all() and (keys.queue[:8] == 2).all()
    assert (keys.queue[8:24] == 0).all() and not torch.equal(first, keys.queue)


def test_wavelets_have_no_mean_and_answer_to_their_direction():
    assert abs(morlet(11, 2.0, 0.3)[0].sum().item()) < 1e-5
    scatter = Scattering(4)
    x = torch.sin(torch.arange(20.0) * 3 * torch.pi / 4)[None, None, None].expand(1, 1, 20, 20)     # waves along x
    said = scatter(x)
    assert said.shape == (1, scatter.channels, 5, 5) and said[0, 1:5, 2, 2].argmax() == 0
    flat = scatter(torch.ones(1, 1, 20, 20))
    assert flat[0, 0, 2, 2].item() == pytest.approx(1, abs=1e-3) and flat[0, 1:9, 2, 2].max() < 0.01
