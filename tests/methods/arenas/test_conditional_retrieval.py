"""Equations of the arena of conditional retrieval against computations that share no code with it."""

import numpy as np
import pytest
import torch

from methods.arenas.conditional_retrieval.arena import ConditionalRetrieval
from methods.arenas.conditional_retrieval.genecis_combiner import partners
from methods.arenas.conditional_retrieval.stage.task import info_nce


def test_partners_share_all_words_but_one():
    captions = torch.randint(0, 3, (60, 4), generator=torch.Generator().manual_seed(0))
    for slot in range(4):
        differ = captions[partners(captions, slot)].diff(dim=1)[:, 0] != 0
        assert differ[:, slot].all() and differ.sum(1).max() == 1


def test_info_nce():
    a, b = torch.nn.functional.normalize(torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)), dim=2)
    s = np.exp(4 * (a @ b.T).numpy())
    assert float(info_nce(a, b, 4.0)) == pytest.approx(-np.log(np.diag(s) / s.sum(1)).mean(), rel=1e-5)


def test_one_picture_of_a_gallery_is_right():
    stage = ConditionalRetrieval()
    data = stage.data(stage.trial(scale="smoke"))
    for reference, word, gallery in zip(data.reference, data.word, data.gallery, strict=True):
        start = data.asked_captions[reference]
        right, *others = data.asked_captions[gallery]
        assert ((right != start).sum(), word in right, word in start) == (1, True, False)
        assert all((other != right).any() for other in others)
