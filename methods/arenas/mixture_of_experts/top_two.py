"""Top two: each piece goes to the two experts of highest chance, whose weights are made to sum to one.

    p = softmax(W x),   y = sum over the two largest of p_i / (p_a + p_b) E_i(x)
    L = cross-entropy + alpha E sum_i f_i P_i,   f_i the share of choices of expert i, P_i the mean of p_i

Departs from the paper: no expert has a capacity, so no piece is left out; the second expert is not drawn by lot, and
both choices count in the loss, whose scale and alpha are Switch's.

>>> import torch
>>> from methods.arenas.mixture_of_experts.stage.experts import best
>>> [round(w, 3) for w in best(torch.tensor([[0.5, 0.25, 0.25]]), 2)[1][0].tolist()]
[0.667, 0.333]
"""

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.experts import balance
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class TopTwo(MixtureMethod):
    card = Card(
        title="Top two",
        papers=(Paper("GShard: Scaling Giant Models with Conditional Computation and Automatic Sharding", 2020,
                      arxiv="2006.16668"),),
        fidelity="core",
        claims=(Beats("dense", on="bits_per_byte"),),
    )
    k = 2

    alpha: float = param(0.01, "weight of the loss that evens the load", low=0.0, high=1.0)

    def auxiliary(self, layer):
        return self.alpha * balance(layer.chances, layer.index)
