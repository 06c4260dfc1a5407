"""Equations of the arena of encoder pretraining against computations that share no code with it."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from methods.arenas.encoder_pretraining import (
    albert,
    legal_turk,
    mask_more_mask_later,
    mcl,
    self_evolution,
    span_masking,
    statistical_generator,
)
from methods.arenas.encoder_pretraining.stage import replaced, streams
from methods.arenas.encoder_pretraining.stage.net import Encoder
from methods.arenas.encoder_pretraining.stage.task import Task, detected
from methods.kit.stage.encoder_text import shelf
from methods.kit.stage.lm_probes import effective_rank, linear_bits


@pytest.fixture
def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = Encoder(30, 16, 2, 4, 12)
        for p in made.parameters():
            torch.nn.init.normal_(p, std=0.3)
        return made


@pytest.fixture
def ids():
    return torch.randint(4, 30, (3, 12), generator=torch.Generator().manual_seed(1))


def test_a_causal_encoder_does_not_look_ahead(ids):
    net = Encoder(30, 16, 2, 4, 12, causal=True)
    other = ids.clone()
    other[:, 7:] = 5
    for a, b in zip(net.states(ids), net.states(other), strict=True):
        assert torch.allclose(a[:, :7], b[:, :7], atol=1e-6)


@pytest.mark.parametrize("compensate", [True, False])
def test_queries_see_words_of_earlier_turns_alone(net, ids, compensate):
    rank, places = streams.drawn_order(torch.rand(3, 12, generator=torch.Generator().manual_seed(2)), 0.25)
    said = streams.two_streams(net, ids, rank, places, compensate)
    for turn in range(places.shape[1]):
        other = ids.clone()
        other.scatter_(1, places[:, turn:turn + 1], 29)
        changed = (streams.two_streams(net, other, rank, places, compensate) - said).abs().amax((0, 2)) > 1e-6
        assert changed.tolist() == [later > turn for later in range(places.shape[1])]


def test_with_compensation_each_sees_every_place_once():
    rank, places = streams.drawn_order(torch.tensor([[0.1, 0.9, 0.3, 0.8, 0.2]]), 0.4)
    seen, at = streams.allowed(rank, places, True)[0], places[0].tolist()
    for row in seen[5 + len(at):]:
        found = [i for i in range(5) if row[i]] + [at[j] for j in range(len(at)) if row[5 + j]]
        assert sorted(found) == [0, 1, 2, 3, 4]


def test_early_blocks_read_what_is_not_hidden(net, ids):
    hidden = torch.zeros_like(ids, dtype=torch.bool)
    hidden[:, [2, 5, 6]] = True
    kept = [i for i in range(12) if i not in (2, 5, 6)]
    x = net.enter(ids, near=net.embed(ids) * ~hidden[..., None])[:, kept]
    early = net.blocks[0](x)
    full = torch.zeros(3, 12, 16)
    full[:, kept] = early
    full[:, [2, 5, 6]] = net.embed.weight[0] + net.place[[2, 5, 6]]
    last = mask_more_mask_later.MaskMoreMaskLater().read(net, ids, hidden)[-1]
    assert torch.allclose(last, net.blocks[1](full), atol=1e-5)


def test_losses_by_hand():
    logits, truth = torch.tensor([[2.0, -1.0, 0.0]]), torch.tensor([[True, False, False]])
    by_hand = [math.log1p(math.exp(-2)), math.log1p(math.exp(-1)), math.log(2)]
    assert float(detected(logits, truth)) == pytest.approx(np.mean(by_hand))
    said, log = torch.tensor([[0.2, 0.3, 0.5]]), np.log(np.exp([2, -1, 0]) / np.exp([2, -1, 0]).sum())
    wanted = -(0.9 * log[2] + 0.1 * np.dot([0.2, 0.3, 0.5], log))
    assert float(self_evolution.soft_loss(logits, torch.tensor([2]), said, 0.1)) == pytest.approx(wanted)
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b)]
    odds = np.exp(unit[0] @ unit[1].T / 0.5)
    wanted = -np.log(np.diag(odds) / odds.sum(1)).mean()
    assert float(replaced.contrast(*(torch.tensor(x) for x in (a, b)), 0.5)) == pytest.approx(wanted)


def test_counts(ids):
    found = statistical_generator.follow(ids, 30, 2.0)
    wanted = np.tile(2.0 * np.bincount(ids.flatten().numpy(), minlength=30) / ids.numel(), (30, 1))
    for row in ids.tolist():
        for a, b in zip(row[:-1], row[1:], strict=True):
            wanted[a, b] += 1
    assert np.allclose(found.numpy(), wanted, atol=1e-5)
    counts = np.array([[3.0, 0, 1], [1, 2, 0]])
    assert np.allclose(legal_turk.weights(torch.tensor(counts)), counts * np.log(2 / (counts > 0).sum(0)))


def test_small_embeddings_and_shared_block():
    small = albert.SmallEmbedding(10, 6, 2)
    assert torch.allclose(small(torch.tensor([3, 4])), small.weight[[3, 4]])


def test_inserted_masks_and_runs():
    ids, masks = mcl.inserted(torch.tensor([[5, 6, 7, 8]]), torch.tensor([[True, False, False, True]]))
    assert ids.tolist() == [[0, 5, 6, 7]] and masks.tolist() == [[True, False, False, False]]
    assert span_masking.spans([0.0, 0.5], [2, 9], 8, 4).nonzero().flatten().tolist() == [0, 1, 4, 5]


def test_probes():
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(400, 3)), dtype=torch.float)
    y = torch.tensor(rng.integers(0, 4, 400))
    bits, _ = linear_bits(x[:200], y[:200], x[200:], y[200:], 4)
    assert 1.95 < bits < 2.2                                        # nothing to learn: two bits
    values = np.linalg.svd(x.numpy(), compute_uv=False)
    assert effective_rank(x) == int((np.cumsum(values) < 0.8 * values.sum()).sum()) + 1


def test_pairs_come_as_they_are_said_to():
    text = torch.arange(40).view(5, 8)
    data = SimpleNamespace(text=text, documents=torch.tensor([0, 0, 1, 1, 1]), links=torch.tensor([[0, 4]]),
                           kinds=torch.zeros(40), start={})
    trial = SimpleNamespace(options=SimpleNamespace(batch=4), seed=0, device=torch.device("cpu"),
                            generator=lambda _: torch.Generator().manual_seed(0))
    task = Task(data, trial, 1)
    ids, half, way = task.pair((0,))
    assert torch.equal(ids, text[task.rows]) and half.tolist() == [0] * 4 + [1] * 4 and not way.any()
    ids, _, _ = task.pair((2,))
    assert torch.equal(ids, torch.cat([text[0, :4], text[4, :4]]).expand(len(ids), -1))


def test_a_window_of_tests_is_of_no_training_document():
    text = shelf(small=True)
    assert not set(text.stretch[text.tests]) & set(text.stretch[~text.tests])
    assert not set(text.chapter[text.passage_tests]) & set(text.chapter[~text.passage_tests])
    assert (text.passage_tests[text.links[:, 0]] == text.passage_tests[text.links[:, 1]]).all()
