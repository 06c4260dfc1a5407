"""DSEE: change weights by a low-rank and a sparse part, and make what is left of the frozen ones sparse too.

The change of a weight is the sum of a low-rank product and of a few single entries, at the places where the frozen
weight is largest. Part of the way through, the frozen entries that matter least to the changed weight are set to
zero for good, and the two parts are tuned on.

    W = W0 * S_1 + U V + S_2,   S_2 on a fixed support,   S_1 = [|W0 + U V + S_2| is among the largest]

Departs from the paper: the support is where |W0| is largest, which the paper compares, instead of its robust
decomposition.

>>> import torch
>>> keep_largest(torch.tensor([[3.0, -4.0], [1.0, 2.0]]), 0.5).tolist()
[[1.0, 1.0], [0.0, 0.0]]
"""

import math

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def keep_largest(weight, sparsity):
    """1 at the largest entries by size, 0 at a share `sparsity` of them."""
    dropped = round(sparsity * weight.numel())
    mask = torch.ones_like(weight).flatten()
    mask[weight.abs().flatten().argsort()[:dropped]] = 0
    return mask.view_as(weight)


class SparseLowRank(Changed):
    def __init__(self, linear, r, entries):
        super().__init__(linear)
        weight = linear.weight
        self.v = nn.Parameter(nn.init.kaiming_uniform_(weight.new_empty(r, weight.shape[1]), math.sqrt(5)))
        self.u = nn.Parameter(weight.new_zeros(len(weight), r))
        self.register_buffer("support", weight.detach().abs().flatten().topk(min(entries, weight.numel())).indices)
        self.values = nn.Parameter(weight.new_zeros(len(self.support)))
        self.register_buffer("mask", torch.ones_like(weight))

    def change(self):
        sparse = self.u.new_zeros(self.base.weight.numel()).index_put((self.support,), self.values)
        return self.u @ self.v + sparse.view_as(self.base.weight)

    def weight(self):
        return self.base.weight * self.mask + self.change()


class Dsee(PeftMethod):
    card = Card(
        title="DSEE",
        papers=(Paper("DSEE: Dually Sparsity-embedded Efficient Tuning of Pre-trained Language Models", 2021,
                      arxiv="2111.00160"),),
        fidelity="core",
        claims=(Beats("pruned-lora", on="target_accuracy"),
                Matches("full-fine-tuning", on="target_accuracy", within=2.0, cost="trained parameters")),
    )

    r: int = param(3, "rank of the low-rank part", low=1, high=8)
    entries: int = param(64, "single entries changed in a layer", low=0, high=512)
    sparsity: float = param(0.5, "share of the frozen entries that are dropped", low=0.0, high=0.95)
    when: float = param(0.5, "share of the budget after which they are dropped", low=0.0, high=0.9)

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: SparseLowRank(linear, self.r, self.entries))

    def advance(self, net, task):
        if task.enters(self.when):
            with torch.no_grad():
                for layer in self.layers:
                    layer.mask.copy_(keep_largest(layer.weight(), self.sparsity))


