"""Nexus: an expert is found by what its field's text is like.

    e_i = P(d_i),   P(d) = W_3 (silu(W_1 d) * W_2 d),   s = softmax(x . e_i)
    y = F_seed(x) + s_i E_i(x),   i = argmax s

d_i describes the text of field i. P is learnt; of a model that arrives later only d is needed, and e = P(d) is there at
once. All other weights are the specialists' mean. Without specialists there is one expert for each field.

Departs from the paper: d is made of how frequent a field's pieces are, not of a sentence encoder's vectors of its
texts, less the mean of all four fields, the late one included; a model that arrives gives its part alone, and its other
weights are not averaged in; three specialists of one block; P is 32 wide.

>>> import torch
>>> router = Projection(torch.eye(2), 4)
>>> router(torch.zeros(3, 4)).shape
torch.Size([3, 2])
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.experts import balance, best
from methods.arenas.mixture_of_experts.stage.sharing import with_shared
from methods.arenas.mixture_of_experts.stage.task import feeds
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Projection(nn.Module):
    """Pieces (N, D) to how well they fit each field (N, F)."""

    def __init__(self, vectors, width):
        super().__init__()
        self.vectors = vectors
        self.up, self.beside = (nn.Linear(vectors.shape[1], width, bias=False) for _ in range(2))
        self.down = nn.Linear(width, width, bias=False)

    def forward(self, x):
        return x @ self.down(F.silu(self.up(self.vectors)) * self.beside(self.vectors)).T


class Nexus(MixtureMethod):
    card = Card(
        title="Nexus",
        papers=(Paper("Nexus: Specialization meets Adaptability for Efficiently Training Mixture of Experts", 2024,
                      arxiv="2408.15901"),),
        fidelity="core",
        claims=(Beats("linear-router", on="last_field", setting="new-field"),
                Matches("linear-router", on="other_fields", within=0.02, setting="new-field"),
                Beats("dense", on="bits_per_byte", setting="new-field")),
    )

    alpha: float = param(0.01, "weight of the loss that evens the load", low=0.0, high=1.0)

    def build(self, task):
        return with_shared(task, self.gate, lambda width: Projection(task.vectors, width))

    def gate(self, layer, x):
        return best(layer.logits.softmax(1), 1, renormalise=False)

    def auxiliary(self, layer):
        return self.alpha * balance(layer.chances, layer.index)

    def grow(self, net, specialist, task):
        for layer in feeds(net):
            layer.router.vectors = task.vectors
        return super().grow(net, specialist, task)
