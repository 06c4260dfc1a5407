"""L1 autoencoder: codes are made small in training, and the k largest are kept in the end.

    loss = |x - x'|^2 / var + lam sum_i f_i,   x' = f V + b

Departs from the textbook: only the k largest activations are used afterwards, as all methods here may use k; no entry
is begun anew. lam is the best of 0.001, 0.003, 0.01 and 0.03 on seeds 100 and 101, the largest: none above was tried.

>>> import torch
>>> penalty(torch.tensor([[1.0, 2.0], [0.0, 1.0]]), 0.5).item()           # half of 3 and 1, and their mean
1.0
"""

from methods.arenas.sparse_dictionaries.arena import SparseDictionariesMethod
from methods.arenas.sparse_dictionaries.stage.autoencoder import largest, trained
from methods.kit.method import Card
from methods.kit.params import param


def penalty(codes, lam):
    """The mean of the sums of codes, weighed."""
    return lam * codes.sum(1).mean()


class L1(SparseDictionariesMethod):
    card = Card(title="L1 sparse autoencoder")

    lam: float = param(0.03, "weight of the codes' sum", low=0.0, high=10.0)

    def fit(self, layer):
        self.net = trained(layer, lambda f, g, v: f, sparsity=self.lam, revive=0.0)

    def encode(self, layer):
        f = self.net.activations(layer.x)
        return largest(f, f, layer.k)

    def decode(self, codes):
        return self.net.decode(codes)
