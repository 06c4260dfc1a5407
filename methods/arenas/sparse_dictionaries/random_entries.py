"""Random entries: directions that nobody learnt, of which the k closest are fitted to a position.

    x' = sum_{i in top k of |x . v_i|} a_i v_i,   a by least squares

Follows the textbook.

>>> import torch
>>> fitted(torch.tensor([[3.0, 4.0]]), torch.tensor([[[1.0, 0.0]]])).round().tolist()
[[3.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.sparse_dictionaries.arena import SparseDictionariesMethod
from methods.kit.method import Card


def fitted(x, entries):
    """(N, k) least squares of x (N, D) on entries (N, k, D), which a little ridge keeps apart."""
    gram = entries @ entries.transpose(1, 2) + 1e-6 * torch.eye(entries.shape[1], device=x.device)
    return torch.linalg.solve(gram, (entries @ x[:, :, None])).squeeze(2)


class RandomEntries(SparseDictionariesMethod):
    card = Card(title="Random directions")

    def fit(self, layer):
        self.entries = F.normalize(torch.randn(layer.entries, layer.x.shape[1]), dim=1).to(layer.x.device)

    def encode(self, layer):
        along = layer.x @ self.entries.T
        at = along.abs().topk(layer.k, 1).indices
        return torch.zeros_like(along).scatter(1, at, fitted(layer.x, self.entries[at]))

    def decode(self, codes):
        return codes @ self.entries
