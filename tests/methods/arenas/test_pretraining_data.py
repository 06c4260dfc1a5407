"""Equations of the arena of pretraining data against computations that share no code with it."""

import math

import numpy as np
import pytest
import torch

from methods.arenas.pretraining_data import dsir, got_d, learning_percentage, paser, prox, wrap
from methods.arenas.pretraining_data.preselect import strength
from methods.arenas.pretraining_data.presence import self_influence
from methods.arenas.pretraining_data.stage import copies, quality
from methods.arenas.pretraining_data.stage._data import CLEAN, REPEATED, SHUFFLED, spoilt
from methods.arenas.pretraining_data.stage.labelled import without
from methods.kit.lm_nets import Body
from methods.kit.lm_reading import per_passage


@pytest.fixture
def body():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Body(12, 32, 1, 2)


@pytest.fixture
def ids():
    return torch.randint(8, 12, (6, 17), generator=torch.Generator().manual_seed(1))


def test_dirt_keeps_what_it_says():
    windows = torch.randint(8, 500, (400, 65), generator=torch.Generator().manual_seed(0))
    out, kinds = spoilt(windows, (0.4, 0.2, 0.2, 0.2), torch.Generator().manual_seed(1))
    assert torch.equal(out[kinds == CLEAN], windows[kinds == CLEAN])
    assert torch.equal(out[kinds == SHUFFLED].sort(1).values, windows[kinds == SHUFFLED].sort(1).values)
    assert len(out[kinds == REPEATED].unique(dim=0)) <= 24


def test_dsir_weights_are_log_ratios_of_smoothed_frequencies():
    counts = np.array([[2.0, 0, 1], [0, 3, 0]])
    p, q = np.array([2.0, 1, 1]) / 4, np.array([3.0, 4, 2]) / 9
    found = dsir.log_weights(torch.tensor(counts), torch.tensor([[1.0, 0, 0]]), torch.tensor(counts))
    assert np.allclose(found, counts @ np.log(p / q))


def test_transport_dual_gives_a_plan_with_even_rows():
    cost = torch.rand(7, 5, generator=torch.Generator().manual_seed(0))
    u = (got_d.dual(cost, 0.1, 2000) / 0.1).exp()
    kernel = (-cost.double() / 0.1).exp()
    v = 1 / 5 / (kernel.T @ u)
    assert torch.allclose(u * (kernel @ v), torch.full((7,), 1 / 7, dtype=torch.double), atol=1e-6)


def test_strength_counts_pairs_in_order():
    losses = torch.tensor([[3.0, 1.0], [2.5, 2.0], [2.7, 3.0]])
    assert strength(losses).tolist() == pytest.approx([2 / 3, 0.0])


def test_self_influence_is_one_passages_own_gradient(body, ids):
    entered = body.enter(ids[2:3, :-1]).detach().requires_grad_(True)
    logits = body.logits(body.blocks[0](entered))[0].log_softmax(-1)
    (-logits[torch.arange(16), ids[2, 1:]].mean()).backward()
    assert float(self_influence(body, ids)[2]) == pytest.approx(float(entered.grad.square().sum()), rel=1e-4)


def test_divergence_is_that_of_the_textbook(body, ids):
    flat = Body(12, 32, 1, 2)
    torch.nn.init.zeros_(flat.embed.weight)
    p, q = body(ids[:1, :-1])[0].softmax(-1).detach().numpy(), np.full((16, 12), 1 / 12)
    m = (p + q) / 2
    wanted = ((p * np.log(p / m)).sum(1) + (q * np.log(q / m)).sum(1)).mean() / 2
    assert float(paser.divergence(body, flat, ids)[0]) == pytest.approx(wanted, abs=1e-5)


def test_the_share_learnt_first():
    p0, p1, pn = torch.tensor([100.0, 100.0]), torch.tensor([40.0, 90.0]), torch.tensor([20.0, 110.0])
    assert learning_percentage.percentage(p0, p1, pn).tolist() == [0.75, 2.0]


def test_near_copies_are_found_and_others_stay():
    windows = torch.randint(8, 500, (50, 65), generator=torch.Generator().manual_seed(0))
    both = torch.cat([windows, windows[:5]])
    assert copies.first_of_copies(both).tolist() == list(range(50))
    assert copies.longest(copies.shared_runs(both, 8), 8)[[0, 10]].tolist() == [65, 0]


def test_a_passage_without_a_part_costs_what_the_rest_costs(body, ids):
    cut = without(ids, torch.tensor([[False, True]] * 6), -1)
    assert torch.allclose(per_passage(body, cut), per_passage(body, ids[:, :9]), atol=1e-5)


def test_own_gap_is_one_for_the_models_own_words(body, ids):
    said = torch.cat([ids[:, :1], body(ids[:, :-1]).argmax(-1)], 1)[:, :2]
    assert torch.allclose(quality.own_gap(body, said), torch.ones(6), atol=1e-5)


def test_only_unlikely_pieces_are_rephrased(body, ids):
    assert torch.equal(wrap.rephrased(body, ids, 1e9), ids)
    assert torch.equal(wrap.rephrased(body, ids, -1.0)[:, 1:], body(ids[:, :-1]).argmax(-1))
    assert prox.Prox().sure < 0.5 and math.isfinite(float(per_passage(body, ids).sum()))
