"""Compacter: adapters whose matrices are sums of Kronecker products with a rank-one factor.

An adapter's two matrices are written with n small matrices that all of them in all layers share and n outer products
that each has for itself. What all layers need in common is learnt once.

    W = sum_i A_i (x) (s_i t_i^T),   A_i (n x n) shared,   s_i (k/n), t_i (d/n) per layer          (eq. 6)

Departs from the paper: the second map of every adapter starts at zero, so that training starts from the pretrained
model, and the shared matrices at a size of 0.1.

>>> import torch
>>> hypercomplex(torch.eye(2)[None], torch.tensor([[[2.0]]]), torch.tensor([[[3.0, 0.0]]])).tolist()
[[6.0, 0.0, 0.0, 0.0], [0.0, 0.0, 6.0, 0.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod, free
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


def hypercomplex(a, s, t):
    """sum_i kron(a_i, s_i t_i) of a (n, n, n), s (n, p, 1) and t (n, 1, q): (n p, n q)."""
    return torch.einsum("iab,ipq->apbq", a, s @ t).flatten(0, 1).flatten(1, 2)


class SharedLinear(nn.Module):
    def __init__(self, into, out, shared, zero):
        super().__init__()
        n = len(shared)
        self.shared = shared
        self.s, self.t = nn.Parameter(torch.empty(n, out // n, 1)), nn.Parameter(torch.empty(n, 1, into // n))
        nn.init.xavier_uniform_(self.s)
        nn.init.xavier_uniform_(self.t)
        if zero:
            nn.init.zeros_(self.s)
        self.bias = nn.Parameter(torch.zeros(out))

    def forward(self, x):
        return F.linear(x, hypercomplex(self.shared, self.s, self.t), self.bias)


class Squeeze(nn.Module):
    def __init__(self, width, size, shared):
        super().__init__()
        self.down, self.up = SharedLinear(width, size, shared, False), SharedLinear(size, width, shared, True)

    def forward(self, x):
        return x + self.up(F.gelu(self.down(x)))


class Compacter(PeftMethod):
    card = Card(
        title="Compacter",
        papers=(Paper("Compacter: Efficient Low-Rank Hypercomplex Adapter Layers", 2021, arxiv="2106.04647"),),
        fidelity="faithful",
        claims=(Matches("full-fine-tuning", on="target_accuracy", within=1.0, cost="trained parameters"),
                Beats("full-fine-tuning", on="target_accuracy", setting="few-labels"),
                Matches("houlsby-adapter", on="target_accuracy", within=0.5, cost="trained parameters"),
                Beats("full-fine-tuning", on="target_accuracy", setting="sentences"),
                Matches("full-fine-tuning", on="target_accuracy", within=1.0, setting="sentences",
                        cost="trained parameters")),
    )

    n: int = param(4, "how many products are added", choices=(2, 4, 8))
    k: int = param(16, "units of the bottleneck", choices=(8, 16, 32))
    plus: bool = param(False, "leave out the adapter after attention (Compacter++)")

    def adapt(self, net, task):
        shared = nn.Parameter(0.1 * torch.randn(self.n, self.n, self.n))
        for block in net.blocks:
            block.after_feed = Squeeze(net.width, self.k, shared)
            if not self.plus:
                block.after_attention = Squeeze(net.width, self.k, shared)
            free([*block.norm1.parameters(), *block.norm2.parameters()])
