"""PCA, largest k: principal directions, of which a position keeps those it lies farthest along.

    x' = sum_{i in top k of |x . p_i|} (x . p_i) p_i

Follows the textbook.

>>> import torch
>>> x = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
>>> directions(x).abs().round().tolist()
[[1.0, 0.0], [0.0, 1.0]]
"""

import torch

from methods.arenas.sparse_dictionaries.arena import SparseDictionariesMethod
from methods.arenas.sparse_dictionaries.stage.autoencoder import largest
from methods.kit.method import Card


def directions(x):
    """(D, D) the principal directions of x (N, D), a row each."""
    return torch.linalg.svd(x - x.mean(0), full_matrices=False)[2]


class PcaTopK(SparseDictionariesMethod):
    card = Card(title="Principal directions, k largest")

    def fit(self, layer):
        self.rows = directions(layer.x)

    def encode(self, layer):
        along = layer.x @ self.rows.T
        return largest(along.abs(), along, layer.k)

    def decode(self, codes):
        return codes @ self.rows
