"""Rules of adaptation against independent counting."""

import numpy as np
import torch

from methods.arenas.masked_adaptation.stage.far import local, read_long
from methods.arenas.masked_adaptation.stage.neighbours import nearest
from methods.arenas.masked_adaptation.stage.task import fitted
from methods.kit.word_nets import WordNet


def test_a_window_that_covers_all_is_full_attention():
    torch.manual_seed(0)
    net = WordNet(20, 16, 2, 3, 8)
    ids = torch.randint(20, (2, 8))
    assert torch.allclose(read_long(net, ids, 16)[1], net.read(ids).last, atol=1e-5)


def test_far_words_meet_through_the_first_alone():
    seen = local(9, 4).numpy()
    assert seen[0].all() and seen[:, 0].all() and not seen[2, 5] and seen[2, 4]


def test_the_nearest_window_shares_rare_words():
    text = torch.tensor([[1, 2, 3], [1, 4, 5], [1, 6, 7]])
    assert nearest(torch.tensor([[1, 4, 4]]), text, 8, 1).tolist() == [1]


def test_the_classifier_is_a_stationary_point():
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(60, 3)), dtype=torch.float32)
    y = (x[:, 0] + 0.5 * torch.tensor(rng.normal(size=60), dtype=torch.float32) > 0).long()
    p = fitted(x, y, 2, 0.1, 200)(x).softmax(1)
    assert torch.allclose(p.sum(0) / 60, torch.bincount(y) / 60, atol=2e-3)     # the bias has no penalty
