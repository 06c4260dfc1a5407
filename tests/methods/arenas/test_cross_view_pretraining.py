"""The arena of pairs: moves by hand, and places that turn."""

import torch

from methods.arenas.cross_view_pretraining.stage._data import moved
from methods.arenas.cross_view_pretraining.stage.nets import Reader, rotated, turns


def test_quarters_move_within_themselves():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    found = moved(x, torch.tensor([[2, 3, 2, 1]]))[0, 0]                  # none, one right, none, one left, mod 2
    assert found.tolist() == [[0, 1, 3, 2], [4, 5, 7, 6], [8, 9, 11, 10], [12, 13, 15, 14]]


def test_rotary_products_depend_on_the_distance_alone():
    angles, q, k = turns(4, 12), torch.randn(12), torch.randn(12)

    def product(a, b):
        return (rotated(q.expand(1, 1, 1, 12), angles[None, a:a + 1]) * rotated(
            k.expand(1, 1, 1, 12), angles[None, b:b + 1])).sum()

    assert torch.allclose(product(0, 5), product(5, 10), atol=1e-5)        # one row and one column on
    assert not torch.allclose(product(0, 5), product(0, 6), atol=1e-3)


def test_hidden_patches_are_not_seen():
    torch.manual_seed(0)
    reader, x = Reader(8, 4, 12, 1, True).eval(), torch.rand(2, 1, 8, 8)
    other, at = x.clone(), torch.tensor([[5, 6], [5, 6]])
    other[:, :, :2] = 0                                                  # the first row of places
    assert torch.allclose(reader.encode(reader.patches(x), at), reader.encode(reader.patches(other), at), atol=1e-6)
