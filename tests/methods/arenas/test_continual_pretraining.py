"""Equations of the arena of continual pretraining against computations that share no code with it."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from methods.arenas.continual_pretraining import (
    af_adapter,
    bioptimus,
    infinite_schedule,
    jare,
    llama3_syne,
    similar_order,
    stability_gap,
)
from methods.arenas.continual_pretraining.stage import anchors, pieces
from methods.arenas.continual_pretraining.stage.increments import replace_maps
from methods.arenas.continual_pretraining.stage.task import EMPTY, divergence, mean_nats, nats
from methods.arenas.continual_pretraining.stage.told import FIRST, prompted
from methods.kit.adapters import LowRank
from methods.kit.lm_nets import Body


@pytest.fixture
def body():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Body(12, 32, 1, 2)


@pytest.fixture
def ids():
    return torch.randint(0, 12, (3, 24), generator=torch.Generator().manual_seed(1))


def test_empty_pieces_cost_nothing(body, ids):
    padded = torch.cat([ids, torch.full((3, 5), EMPTY)], 1)
    assert torch.allclose(nats(body, padded)[:, :23], nats(body, ids), atol=1e-5)
    assert float(mean_nats(body, padded)) == pytest.approx(float(nats(body, ids).mean()), rel=1e-5)


def test_divergence_is_that_of_the_textbook():
    said, taught = torch.tensor([[[0.3, -1.0, 2.0]]]), torch.tensor([[[1.0, 0.0, -0.5]]])
    p, q = (np.exp(each[0, 0].numpy()) / np.exp(each[0, 0].numpy()).sum() for each in (taught, said))
    assert float(divergence(said, taught)) == pytest.approx((p * np.log(p / q)).sum(), rel=1e-5)


def test_fisher_is_the_mean_square_of_single_gradients(body, ids):
    wanted = torch.zeros_like(body.embed.weight)
    for window in ids:
        body.zero_grad()
        logits = body(window[None, :-1])[0].log_softmax(-1)
        (-logits[torch.arange(23), window[1:]].sum()).backward()
        wanted += body.embed.weight.grad ** 2 / len(ids)
    assert torch.allclose(anchors.fisher(body, ids)["embed.weight"], wanted, rtol=1e-4, atol=1e-8)


def test_merges_keep_the_text_and_the_first_piece():
    names = ["Ġa", "b", "c", "."]
    windows = torch.tensor([[0, 1, 2, 1, 2, 3], [1, 2, 1, 2, 3, 1]])
    merges = pieces.learn(windows, names, 2)
    assert merges[0] == (1, 2)                       # "bc" three times; the first piece of the second row stays alone
    cut = pieces.cut(windows, merges, 4)
    old = pieces.made_of(merges, 4)
    for before, after in zip(windows.tolist(), cut.tolist(), strict=True):
        assert after[0] == before[0]
        assert [p for piece in after if piece != EMPTY for p in (old[piece - 4] if piece >= 4 else [piece])] == before


def test_places_are_where_the_parts_stand():
    windows = torch.tensor([[5, 1, 2, 3, 1, 2]])
    assert bioptimus.places(windows, [1, 2]).nonzero()[:, 1].tolist() == [0, 3]


def test_lora_and_jare_agree_on_one_text(body, ids):
    """With all weight on one text, JARe's increments are LoRA's."""
    scalable = jare.Scalable(body, 2, 1, 0.1)
    scalable.keys += [torch.zeros(32), torch.ones(32)]
    for each in scalable.maps:
        each.grow()
        torch.nn.init.normal_(each.b[0])
    scalable.learning = 1
    scalable.train()
    said = scalable(ids)
    twin = Body(12, 32, 1, 2)
    replace_maps(twin, lambda linear: LowRank(linear, 2))
    twin.load_state_dict({name.replace("a.0", "a").replace("b.0", "b"): value
                          for name, value in scalable.body.state_dict().items()})
    assert torch.allclose(said[:, FIRST:], twin(ids)[:, FIRST:], atol=1e-5)
    scalable.told["w"] = None
    assert torch.allclose(said[:, :FIRST], scalable.body(ids)[:, :FIRST], atol=1e-5)


def test_a_prompt_that_says_nothing_is_seen(body, ids):
    states = prompted(body, ids, torch.zeros(1, 0, 32))
    assert torch.allclose(states[-1], body.states(ids)[-1], atol=1e-5)
    assert prompted(body, ids, torch.ones(1, 4, 32))[-1].shape == states[-1].shape


def test_a_model_does_not_look_ahead(body, ids):
    other = ids.clone()
    other[:, 20:] = (other[:, 20:] + 1) % 12
    for net in (body, jare.Scalable(Body(12, 32, 1, 2), 2, 1, 0.1)):
        if net is not body:
            net.keys += [torch.zeros(32), torch.ones(32)]
            for each in net.maps:
                each.grow()
            net.eval()
        assert torch.allclose(net(ids)[:, :20], net(other)[:, :20], atol=1e-5)


def test_af_adapter_starts_as_the_model_it_widens(body, ids):
    before = body(ids)
    task = SimpleNamespace(stage=0, device="cpu")
    net = af_adapter.AfAdapter().prepare(body, task)
    assert torch.allclose(net(ids), before)
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == 3 * (32 * 16 + 16) + 16 * 32 + 32 + \
        32 * 32 + 32 + 32 * 32 + 32


def test_bigram_nats(ids):
    counts = np.full((12, 12), 0.5)
    for row in ids.tolist():
        for a, b in zip(row, row[1:], strict=False):
            counts[a, b] += 1
    wanted = [np.mean([-math.log(counts[a, b] / counts[a].sum()) for a, b in zip(row, row[1:], strict=False)])
              for row in ids.tolist()]
    assert stability_gap.bigram_nats(ids, 12).tolist() == pytest.approx(wanted, rel=1e-5)


def test_weights_of_sources_add_to_one_and_follow_the_loss():
    weights = llama3_syne.moved([0.25] * 4, [0.0, 0.1, 0.2, -0.2], 2.0)
    assert sum(weights) == pytest.approx(1)
    assert weights[2] / weights[0] == pytest.approx(1.4) and weights[3] / weights[0] == pytest.approx(0.6)


def test_the_schedule_has_no_jumps():
    rates = [infinite_schedule.infinite(i / 1000, 0.4) for i in range(50, 1001)]
    assert max(abs(a - b) for a, b in zip(rates, rates[1:], strict=False)) < 0.03
    assert rates[0] == pytest.approx(1) and rates[-1] == pytest.approx(0.01)


def test_neighbours_follow_each_other():
    angles = torch.tensor([0.0, 2.0, 0.5, 2.4])
    assert similar_order.along(torch.stack([angles.cos(), angles.sin()], 1), 0) == [0, 2, 1, 3]
