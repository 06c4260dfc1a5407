"""Attention probe: what all attention heads together know of the syntax.

A linear model of attention alone, trained on edges while the language model stays as it is: each head of the model has
a weight for what it attends to from the token, and one for what it attends to from the other side.

    p(j is the head of i) = softmax_j sum_k (w_k a^k_ij + u_k a^k_ji)

Departs from the paper: the model reads Python bytes to the left alone, so that from a head no attention goes to a later
token and all u_k stay without effect; weights are learnt for each of the five relations, as a token may have a head in
several. 400 steps of Adam at 0.1; the paper gives no rate.

>>> import torch
>>> mixed(torch.tensor([[[0.5, 0.5], [0.25, 0.75]]]), torch.tensor([[1.0, 3.0]])).tolist()
[[1.25, 2.75]]
"""

import torch

from methods.arenas.syntax_probing.arena import SyntaxProbingMethod
from methods.arenas.syntax_probing.stage.probes import fitted
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def mixed(maps, w):
    """(E, T) the attention (E, K, T) of all heads by weights (E, K)."""
    return torch.einsum("ekt,ek->et", maps, w)


class AttentionProbe(SyntaxProbingMethod):
    card = Card(
        title="Attention-based probing classifier",
        papers=(Paper("What Does BERT Look At? An Analysis of BERT's Attention", 2019, arxiv="1906.04341"),),
        fidelity="core",
        claims=(Beats("code-syntax", on="edge_accuracy"), Beats("offset", on="edge_accuracy"),
                GainGrows("offset", on="edge_accuracy", to="default", from_="untrained")),
    )

    rate: float = param(0.1, "rate of Adam", low=1e-3, high=1.0)

    def fit(self, edges):
        self.w = torch.zeros(edges.relations, edges.attention.shape[1], device=edges.query.device, requires_grad=True)
        fitted([self.w], lambda rows: mixed(edges.attention[rows], self.w[edges.relation[rows]]), edges, self.rate)

    def scores(self, edges):
        return mixed(edges.attention, self.w[edges.relation])
