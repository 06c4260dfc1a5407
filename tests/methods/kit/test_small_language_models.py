"""Text and bodies of small language models."""

import math

import numpy as np
import pytest
import torch

from methods.kit.engine.archives import refused
from methods.kit.lm_nets import Attention, Body, batches, bits_per_byte, body, nats, rotary
from methods.kit.stage import lm_text
from methods.kit.stage.lm_starts import start


@pytest.fixture(scope="module")
def small():
    with refused("a small library needs nothing fetched"):
        return lm_text.library(small=True)


def test_every_source_has_windows_of_whole_documents(small):
    assert set(small.shelves) == set(lm_text.NAMES)
    for shelf in small.shelves.values():
        assert shelf.windows.shape[1] == lm_text.LENGTH + 1 and shelf.windows.min() >= lm_text.RESERVED
        for document in np.unique(shelf.documents):
            assert len(set(shelf.parts[shelf.documents == document])) == 1


def test_pieces_cover_their_bytes():
    cutter = lm_text.learnt(["a tale of tales, told to all"] * 3, 300)
    text = "zahlen, ação und ☃"
    assert lm_text.sizes_of(cutter)[cutter.encode(text).ids].sum() == len(text.encode())


def test_no_run_of_a_test_window_stands_in_training(small):
    def runs(windows):
        return {tuple(row[i:i + lm_text.RUN]) for row in windows.tolist() for i in range(66 - lm_text.RUN)}

    shelf = small.shelves["docs"]
    read = runs(shelf.windows[shelf.rows(lm_text.TRAIN)])
    assert not read & runs(shelf.windows[shelf.rows(lm_text.TEST)])


def test_attention_is_that_of_the_textbook():
    part, x = Attention(8, 2), torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(0))
    q, k, v = part.ask(x)[0].split(8, 1)
    wanted = []
    for head in (slice(0, 4), slice(4, 8)):
        turned = [rotary(each[:, head]) for each in (q, k)]
        scores = turned[0] @ turned[1].T / math.sqrt(4)
        scores = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -math.inf)
        wanted.append(scores.softmax(1) @ v[:, head])
    assert torch.allclose(part(x)[0], part.out(torch.cat(wanted, 1)), atol=1e-5)


def test_rotation_keeps_lengths_and_tells_distance():
    x = torch.ones(6, 4)
    turned = rotary(x)
    assert torch.allclose(turned.norm(dim=1), x.norm(dim=1))
    assert float(turned[1] @ turned[3]) == pytest.approx(float(turned[2] @ turned[4]), rel=1e-5)


def test_a_causal_body_does_not_look_ahead_and_another_does():
    ids = torch.randint(0, 20, (2, 10), generator=torch.Generator().manual_seed(0))
    other = ids.clone()
    other[:, 7:] = 3
    for causal in (True, False):
        net = Body(20, 16, 2, 1, causal=causal)
        assert torch.allclose(net(ids)[:, :7], net(other)[:, :7], atol=1e-5) is causal


def test_states_lead_to_the_logits():
    net, ids = body("tiny", 20), torch.arange(10)[None]
    assert len(net.states(ids)) == 2
    assert torch.equal(net.logits(net.states(ids)[-1]), net(ids))
    assert all(not module.bias.any() for module in net.modules() if isinstance(module, torch.nn.Linear))


def test_mixer_and_feed_can_be_replaced():
    net = Body(20, 16, 1, 1, mixer=lambda width: torch.nn.Identity(), feed=lambda width: torch.nn.Linear(width, width))
    assert isinstance(net.blocks[0].mixer, torch.nn.Identity) and net(torch.zeros(1, 4, dtype=torch.long)).shape[1] == 4


def test_bits_per_byte_counts_bytes_not_pieces():
    net, windows = body("tiny", 20), torch.randint(0, 20, (4, 9), generator=torch.Generator().manual_seed(0))
    sizes = torch.arange(20)
    wanted = float(nats(net, windows).sum()) / math.log(2) / sum(sizes[windows[:, 1:]].flatten().tolist())
    assert bits_per_byte(net, windows, sizes, batch=3) == pytest.approx(wanted, rel=1e-5)


def test_batches_read_all_rows_before_any_again():
    drawn = [row for rows in batches(7, 3, 7, torch.Generator().manual_seed(0)) for row in rows.tolist()]
    assert [sorted(drawn[i:i + 7]) for i in (0, 7, 14)] == [list(range(7))] * 3


def test_starts_are_dealt_to_seeds_in_turn(small):
    with refused("small starts need nothing fetched"):
        nets = [start(("code", "docs"), "narrow", 2, seed, small=True) for seed in (0, 1, 3)]
    assert torch.equal(nets[0].embed.weight, nets[2].embed.weight)
    assert not torch.equal(nets[0].embed.weight, nets[1].embed.weight)
