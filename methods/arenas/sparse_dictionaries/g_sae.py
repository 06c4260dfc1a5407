"""g-SAE: keep the entries that change the model's loss most, not the largest.

A TopK autoencoder in which entries are ranked by a first guess of their effect on the loss: activation times the
gradient along the entry. What is kept keeps its activation, and training is for reconstruction as before.

    rank_i = |f_i (v_i . g)|,   g = dL/dx,   x' = f[k highest ranks] V + b

Departs from the paper: L is the loss of the model's own best guess, not of the next byte, except in `seeing`; the rank
is our reading of a paper of which only summaries were at hand: there f_i |v_i . g| has a weight beta beside f_i, here
it stands alone; dictionary and model are small. It is trained as top-k is here, with what departs there.

>>> import torch
>>> effects(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, -3.0]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]])).tolist()
[[3.0, 0.0]]
"""

from methods.arenas.sparse_dictionaries.arena import SparseDictionariesMethod
from methods.arenas.sparse_dictionaries.stage.autoencoder import largest, trained
from methods.kit.method import Beats, Card, Paper


def effects(f, gradient, entries):
    """(N, M) of activations (N, M), gradient (N, D) and entries (M, D)."""
    return (f * (gradient @ entries.T)).abs()


class GSae(SparseDictionariesMethod):
    card = Card(
        title="g-SAE: gradient sparse autoencoder",
        papers=(Paper("Features that Make a Difference: Leveraging Gradients for Improved Dictionary Learning", 2024,
                      arxiv="2411.10397"),),
        fidelity="core",
        claims=(Beats("top-k", on="loss_rise"), Beats("top-k", on="steering"),
                Beats("top-k", on="loss_rise", setting="seeing"), Beats("top-k", on="steering", setting="seeing")),
    )

    def fit(self, layer):
        self.net = trained(layer, lambda f, g, v: largest(effects(f, g, v), f, layer.k))

    def encode(self, layer):
        f = self.net.activations(layer.x)
        return largest(effects(f, layer.gradient, self.net.entries), f, layer.k)

    def decode(self, codes):
        return self.net.decode(codes)
