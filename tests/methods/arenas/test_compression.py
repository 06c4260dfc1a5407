"""Equations of the arena of compression against independent computation."""

import torch

from methods.arenas.compression.block_movement_pruning import Moving
from methods.arenas.compression.gptq import fitted
from methods.arenas.compression.mpo_bert import contract, decompose
from methods.arenas.compression.pela import strayed
from methods.arenas.compression.stage.eight_bits import eight
from methods.arenas.compression.stage.elastic import bits_of, cut, part_logits
from methods.arenas.compression.stage.packed import Coded, low_rank, rounded, stored_bits
from methods.kit.lm_nets import Body


def test_scores_of_blocks_gather_gradient_times_weight():
    torch.manual_seed(0)
    linear, x = torch.nn.Linear(4, 4), torch.randn(3, 4)
    moving = Moving(linear, 2)
    moving(x).square().sum().backward()
    product = linear.weight.grad * linear.weight.detach()
    expected = product.unflatten(0, (2, 2)).unflatten(2, (2, 2)).sum((1, 3))
    assert torch.allclose(moving.scores.grad, expected, rtol=1e-4)


def test_gptq_loses_less_of_the_output_than_rounding():
    torch.manual_seed(0)
    weight, x = torch.randn(16, 48), torch.randn(200, 48) @ torch.randn(48, 48)
    ours, bits = fitted(weight, x, 2, 48)
    plain, same = rounded(weight, 2, 48)
    assert bits == same
    assert (x @ (ours - weight).T).norm() < (x @ (plain - weight).T).norm()


def test_chain_is_exact_for_all_maps():
    for shape in ((48, 48), (144, 48), (192, 48), (48, 192)):
        weight = torch.randn(shape)
        assert torch.allclose(contract(decompose(weight)), weight, atol=1e-4)


def test_parts_say_what_they_say_when_cut():
    torch.manual_seed(0)
    net, ids = Body(512, 48, 3, 3), torch.randint(512, (2, 9))
    choice = [(2, 24), (0, 0), (3, 192)]
    said, size = part_logits(net, ids, choice), bits_of(net, choice)
    small = cut(net, choice)
    assert torch.allclose(small(ids), said, atol=1e-5)
    assert stored_bits(small) == size


def test_eight_bits_keep_the_gradient():
    x = torch.tensor([0.3, -0.7], requires_grad=True)
    eight(x, torch.tensor(1.0)).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_largest_change_is_what_counts():
    torch.manual_seed(0)
    weight = torch.randn(6, 8)
    u, v = low_rank(weight, 3)
    far = (u @ v - weight).flatten().abs().max().item()
    assert abs(strayed([(u, v, weight)], 0.001).item() - (far - 0.001) ** 2) < 1e-6


def test_coded_counts_its_bias():
    linear = torch.nn.Linear(48, 2)
    assert stored_bits(Coded(linear, *rounded(linear.weight, 3, 48))) == 3 * 96 + 32 * 2 + 16 * 2
