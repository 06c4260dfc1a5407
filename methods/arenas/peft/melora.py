"""MELoRA: many small LoRAs side by side, each on its own slice of the channels.

A change of rank R needs R (in + out) numbers. Cutting input and output into n slices and giving slice i a LoRA of
rank r of its own makes the change block-diagonal: its rank is n r, and it has the numbers of a single LoRA of rank
r.

    dW = blockdiag(B_1, ..., B_n) blockdiag(A_1, ..., A_n)                                       (eq. 3)

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here.

>>> import torch
>>> layer = Sliced(torch.nn.Linear(2, 2), r=1, n=2, scale=1.0)
>>> with torch.no_grad():
...     _ = layer.a.copy_(torch.tensor([[[2.0]], [[3.0]]])), layer.b.fill_(1.0)
>>> layer.change(torch.tensor([[1.0, 10.0]])).tolist()                        # slice by slice: 2 * 1, 3 * 10
[[2.0, 30.0]]
"""

import math

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Sliced(nn.Module):
    """base(x) plus n low-rank changes, each from its slice of x to its slice of the output."""

    def __init__(self, linear, r, n, scale):
        super().__init__()
        self.base, self.n, self.scale = linear, n, scale
        a = linear.weight.new_empty(n * r, linear.in_features // n)
        nn.init.kaiming_uniform_(a, math.sqrt(5))
        self.a = nn.Parameter(a.view(n, r, -1))
        self.b = nn.Parameter(linear.weight.new_zeros(n, linear.out_features // n, r))

    def change(self, x):
        slices = x.unflatten(-1, (self.n, -1))
        inner = torch.einsum("...ni,nri->...nr", slices, self.a)
        return self.scale * torch.einsum("...nr,nor->...no", inner, self.b).flatten(-2)

    def forward(self, x):
        return self.base(x) + self.change(x)


class Melora(PeftMethod):
    card = Card(
        title="Mini-ensemble of LoRAs",
        papers=(Paper("Mini-Ensemble Low-Rank Adapters for Parameter-Efficient Fine-Tuning", 2024,
                      arxiv="2402.17263"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("lora", on="target_accuracy", setting="high-rank")),
        reduces_to=("lora", {"n": 1}),
    )

    r: int = param(4, "rank of every small LoRA", low=1, high=8)
    n: int = param(4, "how many slices", choices=(1, 2, 4, 8))
    alpha: float = param(8.0, "size of the change; divided by the rank", low=0.5, high=64.0)

    def adapt(self, net, task):
        replace_linears(net, lambda linear: Sliced(linear, self.r, self.n, self.alpha / self.r))
