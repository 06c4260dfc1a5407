"""NoRA: freeze low-rank factors made of the weight itself and train a small change between them.

The r largest singular directions of the weight say where a change matters. They become the outer factors, which stay
frozen; between them sits an inner pair of factors of rank r', with 2 r r' numbers a layer to train, and zero at the
start.

    W = U S V^T,   B_o = U_r S_r^(1/2),   A_o = S_r^(1/2) V_r^T,   h = W0 x + B_o B_i A_i A_o x

Departs from the paper: the inner factors start at random and zero as in LoRA, not from a decomposition.

>>> import torch
>>> layer = Nested(torch.nn.Linear(2, 2), torch.tensor([[1.0], [0.0]]), torch.tensor([[0.0, 2.0]]), 1)
>>> with torch.no_grad():
...     _ = layer.inner_a.fill_(3.0), layer.inner_b.fill_(1.0)
>>> layer.change(torch.tensor([[5.0, 1.0]])).tolist()                         # 1 * 1 * 3 * 2
[[6.0, 0.0]]
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Nested(nn.Module):
    """base(x) + b_o b_i a_i a_o x with b_o (out, r) and a_o (r, in) frozen."""

    def __init__(self, linear, outer_b, outer_a, inner):
        super().__init__()
        self.base = linear
        self.register_buffer("outer_b", outer_b)
        self.register_buffer("outer_a", outer_a)
        self.inner_a = nn.Parameter(outer_a.new_empty(inner, len(outer_a)))
        self.inner_b = nn.Parameter(outer_a.new_zeros(len(outer_a), inner))
        nn.init.kaiming_uniform_(self.inner_a, math.sqrt(5))

    def change(self, x):
        for factor in (self.outer_a, self.inner_a, self.inner_b, self.outer_b):
            x = F.linear(x, factor)
        return x

    def forward(self, x):
        return self.base(x) + self.change(x)


class Nora(PeftMethod):
    card = Card(
        title="Nested low-rank adaptation",
        papers=(Paper("NoRA: Nested Low-Rank Adaptation for Efficient Fine-Tuning Large Models", 2024,
                      arxiv="2408.10280"),),
        fidelity="core",
        claims=(Matches("lora", on="target_accuracy", within=0.5, cost="trained parameters"),
                Beats("vera", on="target_accuracy")),
    )

    r: int = param(16, "rank of the frozen outer factors", low=2, high=64)
    inner: int = param(4, "rank of the trained inner factors", low=1, high=16)
    outer: str = param("singular", "what the outer factors are made of", choices=("singular", "random"))

    def adapt(self, net, task):
        def nest(linear):
            r = min(self.r, *linear.weight.shape)
            u, s, vh = torch.linalg.svd(linear.weight.detach(), full_matrices=False)
            if self.outer == "random":
                u, vh = torch.linalg.qr(torch.randn_like(u))[0], torch.linalg.qr(torch.randn_like(vh.T))[0].T
            return Nested(linear, u[:, :r] * s[:r].sqrt(), s[:r, None].sqrt() * vh[:r], self.inner)

        replace_linears(net, nest)
