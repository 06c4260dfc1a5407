"""The arena of metric learning: kinds that nobody has learnt, what is wrong where a setting says so, and the losses
against other computations."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from methods.arenas.metric_learning.arena import MetricLearning
from methods.arenas.metric_learning.multi_similarity import soft
from methods.arenas.metric_learning.proxy_anchor import anchored
from methods.arenas.metric_learning.stage.losses import angular
from methods.arenas.metric_learning.stage.memory import Middles
from methods.arenas.metric_learning.stage.omni import OmniNet, wide_enough
from methods.arenas.metric_learning.stage.task import Task
from methods.arenas.metric_learning.supcon import supervised
from methods.kit.stage.drawings import retrieval


def made(setting="default", seed=1):
    trial = MetricLearning().trial(scale="smoke", setting=setting, seed=seed)
    return trial, MetricLearning().data(trial)


def test_no_drawing_is_learnt_and_asked():
    _, data = made()
    parts = [part.x.flatten(1) for part in (data.train, data.val, data.bound, data.test)]
    for i, one in enumerate(parts):
        for other in parts[i + 1:]:
            alike = (one[:, None] == other[None]).all(-1)                        # strokes may be drawn alike
            assert alike.any(1).float().mean() < 0.3
    assert len(data.train.y.unique()) == 12 and len(data.test.y.unique()) == len(data.bound.y.unique()) == 8


def test_settings_change_what_they_say():
    clean, wrong, degraded = (made(setting)[1] for setting in ("default", "noisy-labels", "degraded"))
    assert torch.equal(clean.train.x, wrong.train.x)
    assert 0.2 < (clean.train.y != wrong.train.y).float().mean() < 0.5
    assert torch.equal(clean.test.y, wrong.test.y) and not clean.bad.any()
    same = (degraded.test.x == clean.test.x).flatten(1).all(1)
    assert not (~same & ~degraded.bad).any() and 0.3 < degraded.bad.float().mean() < 0.7
    domains = made("domains")[1]
    assert set(domains.domain.tolist()) == {0, 1, 2} and torch.equal(domains.domain, domains.train.y % 3)


def test_a_batch_has_as_many_of_each_kind():
    trial, data = made()
    task = Task(data, trial)
    _, y = task.batch()
    assert sorted(y.bincount()[y.unique()].tolist()) == [trial.options.each_kind] * trial.options.batch
    task.relabel(torch.where(data.train.y < 5, data.train.y, -1))
    assert set(task.batch()[1].tolist()) <= set(range(5))


def test_retrieval_is_the_plain_double_loop():
    z, y = torch.randn(30, 5, generator=torch.Generator().manual_seed(0)), torch.arange(30) % 4
    unit = F.normalize(z)
    scores, first = [], []
    for i in range(30):
        order = sorted((j for j in range(30) if j != i), key=lambda j: -float(unit[i] @ unit[j]))
        wanted = sum(y[j] == y[i] for j in order)
        hits, total = 0, 0.0
        for place, j in enumerate(order[:wanted], 1):
            hits += int(y[j] == y[i])
            total += (hits / place) * int(y[j] == y[i])
        scores.append(total / int(wanted))
        first.append(bool(y[order[0]] == y[i]))
    assert retrieval(z, y) == pytest.approx((100 * np.mean(scores), 100 * np.mean(first)))


def test_losses_are_those_of_plain_loops():
    rng = torch.Generator().manual_seed(3)
    z, y = torch.randn(6, 4, generator=rng), torch.tensor([0, 0, 1, 1, 2, 2])
    unit = F.normalize(z).numpy().astype(float)
    s = unit @ unit.T
    supcon = np.mean([-np.mean([np.log(np.exp(s[i, j] / 0.1) / sum(np.exp(s[i, k] / 0.1) for k in range(6) if k != i))
                                for j in range(6) if j != i and y[i] == y[j]]) for i in range(6)])
    assert supervised(z, y, 0.1).item() == pytest.approx(supcon, rel=1e-4)
    same, other = (y[:, None] == y[None]) & ~torch.eye(6, dtype=torch.bool), y[:, None] != y[None]
    weighed = np.mean([np.log(1 + sum(np.exp(-2 * (s[i, j] - 0.5)) for j in range(6) if same[i, j])) / 2
                       + np.log(1 + sum(np.exp(50 * (s[i, j] - 0.5)) for j in range(6) if other[i, j])) / 50
                       for i in range(6)])
    assert soft(torch.from_numpy(s), same, other, 2.0, 50.0, 0.5).item() == pytest.approx(weighed)
    cosines, kinds = torch.from_numpy(s[:, :3]), y.numpy()
    turned = [[np.cos(np.arccos(np.clip(c, -1, 1)) + 0.5) if k == kinds[i] else c for k, c in enumerate(row)]
              for i, row in enumerate(s[:3, :3])]
    plain = np.mean([-np.log(np.exp(8 * row[kinds[i]]) / np.exp(8 * np.array(row)).sum())
                     for i, row in enumerate(turned)])
    assert angular(cosines[:3].float(), y[:3], 0.5, 0.0, 8.0).item() == pytest.approx(plain, rel=1e-2)
    pulled = [np.log(1 + sum(np.exp(-4 * (s[i, k] - 0.1)) for i in range(6) if kinds[i] == k)) for k in range(3)]
    pushed = [np.log(1 + sum(np.exp(4 * (s[i, k] + 0.1)) for i in range(6) if kinds[i] != k)) for k in range(3)]
    assert anchored(cosines, y, 4.0, 0.1).item() == pytest.approx(np.mean(pulled) + np.mean(pushed))


def test_a_memory_follows_what_is_seen():
    memory = Middles(torch.eye(2), torch.tensor([0, 1]))
    memory.see(torch.tensor([[0.0, 5.0]]), torch.tensor([0]))
    assert torch.allclose(memory.middles[0], F.normalize(torch.tensor([0.9, 0.1]), dim=0))


def test_one_scale_has_as_many_weights_as_four():
    def weights(net):
        return sum(p.numel() for p in net.parameters())

    whole = weights(OmniNet(16, 8, (1, 2, 3, 4), ("none", "none")))
    one = weights(OmniNet(16, wide_enough(16, (4,), whole), (4,), ("none", "none")))
    assert abs(one / whole - 1) < 0.15
