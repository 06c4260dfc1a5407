"""Narrow networks inside a wide one, and hidden patches told apart."""

import numpy as np
import pytest
import torch

from methods.arenas.visual_pretraining.stage.elastic import cut, interleave, narrow_feature
from methods.arenas.visual_pretraining.stage.nets import Encoder
from methods.arenas.visual_pretraining.stage.patchwise import told_apart


@pytest.mark.parametrize("width", [16, 32, 48])
def test_a_cut_network_is_the_part_that_was_trained(width):
    torch.manual_seed(0)
    wide, x = Encoder(8, 4, 48, 2, 0.3, 0.4), torch.rand(3, 1, 8, 8)
    for p in wide.parameters():
        p.data.add_(0.1 * torch.randn_like(p))
    narrow = cut(wide, Encoder(8, 4, width, 2, 0.3, 0.4))
    with torch.no_grad():
        assert torch.allclose(narrow(x), narrow_feature(wide, wide.patches(x), width), atol=1e-5)
        if width == 48:
            assert torch.allclose(narrow(x), wide(x), atol=1e-5)


def test_each_prefix_of_a_place_says_row_and_column():
    encoder = Encoder(8, 4, 48, 1, 0.3, 0.4)
    interleave(encoder)
    assert len(encoder.place[:, :4].detach().mul(1e4).round().unique(dim=0)) == 16


def test_patches_are_told_apart_within_a_picture():
    rng = np.random.default_rng(0)
    said, x = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 3))
    hidden = np.array([[True, False, True, True], [False, True, True, False]])
    hand = []
    for n in range(2):
        rows = np.flatnonzero(hidden[n])
        for i in rows:
            e = np.exp([said[n, i] @ x[n, j] for j in rows])
            hand.append(-np.log(np.exp(said[n, i] @ x[n, i]) / e.sum()))
    found = told_apart(*map(torch.tensor, (said, x, hidden)))
    assert found.item() == pytest.approx(np.mean(hand))
