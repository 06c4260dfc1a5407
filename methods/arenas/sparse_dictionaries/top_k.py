"""TopK autoencoder: keep the k largest activations, and train for reconstruction alone.

    f = relu(W (x - b) + c),   x' = topk(f) V + b
    loss = |x - x'|^2 / var + 1/32 |x - x' - f_dead V|^2 / var

f_dead are the 2 k largest activations of entries that no position has used for 25 steps.

Departs from the paper: 2 k dead entries, where its advice is half the width, dead after 25 steps, there 10 million
positions; b begins at nought, there at the geometric median; W begins at the entries' length; gradients along entries
are not taken out; the second term is over the variance of x, in the authors' code over that of what is missing; no mean
of weights over steps is used; batches and dictionary are small; the rate is ours.

>>> import torch
>>> largest(torch.tensor([[0.2, 0.9, 0.5]]), torch.tensor([[0.2, 0.9, 0.5]]), 1).gt(0).tolist()
[[False, True, False]]
"""

from methods.arenas.sparse_dictionaries.arena import SparseDictionariesMethod
from methods.arenas.sparse_dictionaries.stage.autoencoder import largest, trained
from methods.kit.method import Beats, Card, Paper


class TopK(SparseDictionariesMethod):
    card = Card(
        title="TopK sparse autoencoder",
        papers=(Paper("Scaling and evaluating sparse autoencoders", 2024, arxiv="2406.04093"),),
        fidelity="core",
        claims=(Beats("l1", on="unexplained"), Beats("l1", on="loss_rise")),
    )

    def fit(self, layer):
        self.net = trained(layer, lambda f, g, v: largest(f, f, layer.k))

    def encode(self, layer):
        f = self.net.activations(layer.x)
        return largest(f, f, layer.k)

    def decode(self, codes):
        return self.net.decode(codes)
