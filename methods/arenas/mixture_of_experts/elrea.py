"""ELREA: one low-rank addition for each cluster of windows whose gradients point alike, mixed by the prompt's gradient.

    g(x) = gradient of the loss of x by the first addition's weights / (sqrt v + eps),   at length one
    clusters by k-means of g;   each expert begins as the first addition
    p(y | x) = sum_k w_k p_k(y | x),   w = softmax([0, g(prompt) . c_1, .., g(prompt) . c_K] / T),   p_0 the first's

v is Adam's mean square after the first half of the steps, which are for all text; the experts share the other half.

Departs from the paper: v without Adam's momentum, of one moment of training; gradients are not projected, as there are
2,048 weights; 640 windows are clustered and learnt, by the gradient of all their pieces, where the paper takes the
instruction's alone; cosines are divided by T, where the paper standardises them over the clusters; chances are mixed
and not logits; the first addition counts like a cluster at a right angle. K + 1 passes are made for each window that is
asked.

>>> import torch
>>> [round(w, 3) for w in mixing(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]]), 1.0)[0].tolist()]
[0.212, 0.576, 0.212]
"""

import torch
import torch.nn.functional as F

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.adapting import Clustered, gradients, preconditioner
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Elrea(Clustered, MixtureMethod):
    card = Card(
        title="ELREA",
        papers=(Paper("Ensembles of Low-Rank Expert Adapters", 2025, arxiv="2502.00089"),),
        fidelity="core",
        claims=(Beats("single-lora", on="bits_per_byte", setting="upcycled"),
                Beats("random-clusters", on="bits_per_byte", setting="upcycled"),
                Beats("embedding-clusters", on="bits_per_byte", setting="upcycled")),
    )

    experts: int = param(4, "clusters, each with an addition of its own", low=2, high=8)
    rank: int = param(4, "rank of the change of a weight", low=1, high=16)
    temperature: float = param(0.1, "how evenly additions are mixed", low=0.01, high=10.0)

    def look(self, net, windows):
        if len(self.optimizer.state):
            self.spread = preconditioner(net, self.optimizer)
        return F.normalize(gradients(net, windows) / self.spread, dim=1)

    def weights(self, net, ids):
        return mixing(self.look(net[0], ids), self.centres, self.temperature)


def mixing(looks, centres, temperature):
    near = F.normalize(looks, dim=1) @ F.normalize(centres, dim=1).T
    return (torch.cat([torch.zeros_like(near[:, :1]), near], 1) / temperature).softmax(1)
