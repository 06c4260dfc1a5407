"""Equations of the arena of causal pretraining against computations that share no code with it."""

import math

import numpy as np
import pytest
import torch

from methods.arenas.causal_pretraining import cross_lingual_supervision, ernie_titan, importance_sampling, meco, opt
from methods.arenas.causal_pretraining.stage import task
from methods.arenas.causal_pretraining.stage.experts import Mixed
from methods.kit.lm_nets import Body


@pytest.fixture
def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Body(12, 32, 1, 2)


def test_what_stands_before_a_text_costs_nothing_but_is_read(net):
    windows, tags = torch.randint(8, 12, (3, 6)), torch.tensor([[1], [2], [3]])
    logs = net(torch.cat([tags, windows], 1)).log_softmax(-1)
    wanted = [-logs[b, t, windows[b, t]].item() for b in range(3) for t in range(6)]
    assert task.nats(net, task.before(tags, windows)).flatten().tolist() == pytest.approx(wanted, abs=1e-5)


def test_bits_count_the_same_pieces_with_and_without_a_tag(net):
    windows, sizes = torch.randint(8, 12, (3, 6)), torch.arange(12)
    _, plain = task.bits(net, windows, sizes)
    found, tagged = task.bits(net, windows, sizes, torch.zeros(3, 1, dtype=torch.long))
    assert torch.equal(plain, tagged) and torch.equal(plain, windows[:, 1:].sum(1))
    logs = net(torch.cat([torch.zeros(3, 1, dtype=torch.long), windows], 1))[:, 1:-1].log_softmax(-1)
    assert found[0].item() == pytest.approx(sum(-logs[0, t, windows[0, t + 1]].item() for t in range(5)) / math.log(2),
                                            abs=1e-5)


def test_arms_are_drawn_in_proportion_to_their_rewards_and_each_now_and_then():
    w = np.array([0.3, 0.0])
    assert cross_lingual_supervision.chances(torch.tensor(w), 0.1).tolist() == pytest.approx([0.95, 0.05])


def test_weights_bring_clusters_to_their_share_in_the_domain():
    of, domain = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 1, 1])
    w = importance_sampling.weights(of, domain, 2)
    assert [float(w[of == c].sum() / w.sum()) for c in (0, 1)] == pytest.approx([0.25, 0.75])


def test_a_cluster_has_its_own_mixture_of_the_bank():
    line = Mixed(torch.nn.Linear(3, 2), 2, 4)
    x = torch.randn(5, 3)
    with torch.no_grad():
        line.mixture[1] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    line.active = 1
    assert torch.allclose(line(x), x @ line.bank[1].T + line.bias, atol=1e-6)


def test_the_last_tenth_is_plain_and_jumps_are_told():
    assert sum(meco.cooling(t, 160, 0.1) for t in range(160)) == 16
    assert opt.jumped([1.0, 2.0], 1.66, 0.1) and not opt.jumped([1.0, 2.0], 1.64, 0.1)


def test_what_the_model_writes_follows_its_own_chances(net):
    windows = torch.randint(8, 12, (4, 4))
    lots = torch.tensor([[0.5, 0.5]] * 4)
    said = ernie_titan.written(net, windows, lots)
    sums = net(windows[:, :2])[:, -1].softmax(-1).cumsum(-1)
    assert torch.equal(said[:, :2], windows[:, :2])
    assert said[:, 2].tolist() == [int((row < 0.5).sum()) for row in sums]
