"""Switch: each piece goes to the one expert of highest chance, and experts are to be used evenly.

    p = softmax(W x),   y = p_i E_i(x) with i = argmax p
    L = cross-entropy + alpha E sum_i f_i P_i,   f_i the share of pieces of expert i, P_i the mean of p_i

Departs from the paper: no expert has a capacity, so no piece is left out; no jitter of what the router reads; weights
begin as the arena's.

>>> import torch
>>> from methods.arenas.mixture_of_experts.stage.experts import balance
>>> round(float(balance(torch.tensor([[0.75, 0.25]]), torch.tensor([[0]]))), 2)        # 2 (1 * 0.75 + 0 * 0.25)
1.5
"""

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.experts import balance, best
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Switch(MixtureMethod):
    card = Card(
        title="Switch",
        papers=(Paper("Switch Transformers: Scaling to Trillion Parameter Models with Simple and Efficient Sparsity",
                      2021, arxiv="2101.03961"),),
        fidelity="core",
        claims=(Beats("dense", on="bits_per_byte"),),
    )

    alpha: float = param(0.01, "weight of the loss that evens the load", low=0.0, high=1.0)

    def gate(self, layer, x):
        return best(layer.logits.softmax(1), 1, renormalise=False)

    def auxiliary(self, layer):
        return self.alpha * balance(layer.chances, layer.index)
