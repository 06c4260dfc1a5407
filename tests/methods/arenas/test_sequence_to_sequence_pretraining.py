"""Equations of the arena of sequence-to-sequence pretraining against computations that share no code with it."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from methods.arenas.sequence_to_sequence_pretraining import code_t5, e2s2, ernie_3
from methods.arenas.sequence_to_sequence_pretraining.stage import denoising
from methods.arenas.sequence_to_sequence_pretraining.stage.net import prefix_body
from methods.arenas.sequence_to_sequence_pretraining.stage.task import NONE, Task, hidden, packed, told
from methods.kit.lm_nets import Body


@pytest.fixture
def task():
    found = object.__new__(Task)
    found.rng, found.sentinel, found.device = np.random.default_rng(0), 90, torch.device("cpu")
    return found


def test_without_a_source_it_is_a_causal_model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net, plain = prefix_body(12, 32, 1), Body(12, 32, 1, 2)
    net.load_state_dict(plain.state_dict())
    ids = torch.randint(0, 12, (2, 7))
    assert torch.allclose(net(ids), plain(ids), atol=1e-5)


def test_the_source_sees_itself_whole_and_never_the_target():
    net = prefix_body(12, 32, 1)
    ids, source = torch.randint(0, 12, (1, 8)), torch.tensor([[True] * 4 + [False] * 4])
    other = ids.clone()
    other[0, 6] = (ids[0, 6] + 1) % 12
    assert torch.allclose(net(ids, source)[0, :6], net(other, source)[0, :6], atol=1e-6)
    other = ids.clone()
    other[0, 3] = (ids[0, 3] + 1) % 12
    assert not torch.allclose(net(ids, source)[0, 0], net(other, source)[0, 0], atol=1e-6)


def test_spans_hide_what_they_say(task):
    row = list(range(10, 74))
    for mean, share in ((3, 0.15), (8, 0.5), (64, 0.5)):
        spans = task.spans(64, mean, share)
        assert sum(b - a for a, b in spans) == round(64 * share)
        found = hidden(row, spans, 90)
        told_again = {place: piece for piece, place in zip(found.shown[:found.source], found.places, strict=False)
                      if piece < 90}
        said = [piece for piece in found.said if piece != NONE and piece < 90]
        assert sorted([*told_again.values(), *said]) == row
        assert all(row[place] == piece for place, piece in told_again.items())


def test_a_hidden_piece_is_said_from_the_place_before_it():
    found = hidden([10, 11, 12, 13], [(2, 3)], 90)
    assert found.places[found.said.index(12)] == 1


def test_the_whole_row_is_said_of_its_corruption(task):
    row = list(range(10, 74))
    found = denoising.corrupted(row, task)
    assert [piece for piece in found.said if piece != NONE] == row
    kept = [piece for piece in found.shown[:found.source] if piece >= 10]
    assert 0.6 * 64 <= len(kept) <= 0.8 * 64 and len(set(kept)) == len(kept)


def test_batches_are_padded_where_nothing_is_said():
    batch = packed([told([8], [9]), told([8, 9], [10, 11])], torch.device("cpu"))
    assert batch.ids.shape == (2, 4) and batch.said[0].tolist() == [NONE, 9, NONE, NONE]
    assert batch.source.sum(1).tolist() == [1, 2]


def test_every_name_is_said_once():
    source, target = code_t5.veiled([10, 11, 12, 10, 11], [0, 0, -1, 0, 0], 90)
    assert source == [90, 12, 90] and target == [90, 10, 11]


def test_information_noise_contrast():
    a, b = torch.randn(4, 3), torch.randn(4, 3)
    cos = (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T / 0.05
    wanted = -sum(cos[i, i].item() - math.log(sum(math.exp(v) for v in cos[i].tolist())) for i in range(4)) / 4
    assert float(e2s2.known_again(a, b, 0.05)) == pytest.approx(wanted, rel=1e-4)


def test_masked_in_place_says_only_what_is_masked():
    found = ernie_3.masked([8, 9, 10], [(0, 1)])
    assert found.shown[1:] == [9, 10] and found.said == [8, NONE, NONE]
    assert SimpleNamespace(order=ernie_3.ORDERS).order[0] == (0, 1, 2)
