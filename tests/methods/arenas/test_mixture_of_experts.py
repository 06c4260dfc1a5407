"""Equations of the arena of mixtures against computations that share no code with it."""

import math

import pytest
import torch
import torch.nn.functional as F

from methods.arenas.mixture_of_experts import elrea, expert_choice, nexus, skill_net, skywork_moe
from methods.arenas.mixture_of_experts.arena import entropy
from methods.arenas.mixture_of_experts.stage import adapting
from methods.arenas.mixture_of_experts.stage.experts import Experts, balance, best
from methods.arenas.mixture_of_experts.stage.task import nats
from methods.kit.lm_nets import Body, Feed


@pytest.fixture(autouse=True)
def same_seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_experts_sum_what_the_chosen_make_of_a_piece():
    layer = Experts(6, 4, 5, lambda part, x: best(part.logits.softmax(1), 2))
    layer.out_bias.data.normal_()
    x = torch.randn(2, 7, 6)
    said = layer(x)
    for at in range(14):
        piece = x.flatten(0, 1)[at]
        chances = (layer.router.weight @ piece).softmax(0)
        two = chances.argsort(descending=True)[:2]
        made = [F.gelu(piece @ layer.rise[i] + layer.rise_bias[i, 0]) @ layer.out[i] + layer.out_bias[i, 0]
                for i in two]
        wanted = sum(chances[i] / chances[two].sum() * each for i, each in zip(two, made, strict=True))
        assert torch.allclose(said.flatten(0, 1)[at], wanted, atol=1e-6)


def test_copies_make_what_the_copied_does_and_one_more_is_appended():
    feed, more = Feed(6, 4), Feed(6, 4)
    layer = Experts(6, 4, 3, lambda part, x: best(part.logits.softmax(1), 2))
    layer.take([feed] * 3)
    x = torch.randn(9, 6)
    assert torch.allclose(layer(x), feed(x), atol=1e-6)
    layer.append(more)
    layer.gate = lambda part, x: (part.logits, torch.ones(len(x), 1), torch.full((len(x), 1), 3))
    assert torch.allclose(layer(x), more(x), atol=1e-6) and layer.router.weight.shape == (4, 6)


def test_balance_by_hand():
    chances, index = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]), torch.tensor([[0], [1]])
    assert balance(chances, index).item() == pytest.approx(3 * (0.5 * 0.4 + 0.5 * 0.5))


def test_normalised_logits_have_the_asked_spread():
    z = skywork_moe.normalised(torch.randn(5, 8) * 7 + 3, 2.0)
    assert torch.allclose(z.mean(1), torch.zeros(5), atol=1e-5)
    assert torch.allclose(z.square().mean(1).sqrt(), torch.full((5,), 2.0), atol=1e-4)


def test_experts_take_equally_many():
    mine = expert_choice.taken(torch.rand(20, 4), 7)
    assert mine.sum(0).tolist() == [7] * 4


def test_a_field_is_told_to_all_its_pieces():
    chances, weights, index = skill_net.told(torch.tensor([2, 0]), 3, 4)
    assert index.tolist() == [[2, 4]] * 3 + [[0, 4]] * 3
    assert weights.sum(1).tolist() == [1] * 6 and chances.sum(1).tolist() == [1] * 6


def test_projection_is_gated():
    vectors, x = torch.randn(3, 9), torch.randn(4, 6)
    router = nexus.Projection(vectors, 6)
    up = vectors @ router.up.weight.T
    e = (up * torch.sigmoid(up) * (vectors @ router.beside.weight.T)) @ router.down.weight.T
    assert torch.allclose(router(x), torch.stack([x @ each for each in e], 1), atol=1e-5)


def test_gradients_of_windows_are_autograds():
    net = adapting.adapted(Body(12, 32, 1, 2), 2, 4.0)
    for part in adapting.additions(net):
        part.b.data.normal_()
    windows = torch.randint(0, 12, (3, 9))
    found = adapting.gradients(net, windows)
    parts = [p for part in adapting.additions(net) for p in (part.a, part.b)]
    for row, window in zip(found, windows, strict=True):
        loss = nats(net(window[None, :-1]), window[None]).mean()
        wanted = torch.cat([g.flatten() for g in torch.autograd.grad(loss, parts)])
        assert torch.allclose(row, wanted, atol=1e-5)


def test_mixing_prefers_the_like_centre_and_sums_to_one():
    weights = elrea.mixing(torch.randn(4, 5), torch.randn(3, 5), 0.1)
    assert torch.allclose(weights.sum(1), torch.ones(4)) and weights.shape == (4, 4)


def test_entropy_of_even_shares():
    assert entropy(torch.ones(1, 8)).item() == pytest.approx(math.log(8))
