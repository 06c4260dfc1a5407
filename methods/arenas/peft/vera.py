"""VeRA: share one pair of random frozen matrices and train only two vectors per layer.

The low-rank factors need not be trained if they can be weighed: all layers share the same random A and B, and each
has a vector d that weighs the rows of A and a vector b that weighs the rows of B. b starts at zero.

    h = W0 x + diag(b) B diag(d) A x                                                           (eq. 2)

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here.

>>> import torch
>>> layer = Vectors(torch.nn.Linear(2, 2), torch.tensor([[1.0, 3.0]]), torch.tensor([[1.0], [1.0]]), 0.5)
>>> with torch.no_grad():
...     _ = layer.lam_b.copy_(torch.tensor([2.0, 0.0]))
>>> layer.change(torch.tensor([[1.0, 1.0]])).tolist()                     # 2 * 1 * 0.5 * (1 + 3), and 0
[[4.0, 0.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import linears, replace_linears
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


class Vectors(nn.Module):
    """base(x) + diag(lam_b) b diag(lam_d) a x"""

    def __init__(self, linear, a, b, start):
        super().__init__()
        out, into = linear.weight.shape
        self.base = linear
        self.register_buffer("a", a[:, :into])
        self.register_buffer("b", b[:out])
        self.lam_d, self.lam_b = nn.Parameter(torch.full((len(a),), start)), nn.Parameter(torch.zeros(out))

    def change(self, x):
        return self.lam_b * F.linear(self.lam_d * F.linear(x, self.a), self.b)

    def forward(self, x):
        return self.base(x) + self.change(x)


class Vera(PeftMethod):
    card = Card(
        title="VeRA",
        papers=(Paper("VeRA: Vector-based Random Matrix Adaptation", 2023, arxiv="2310.11454"),),
        fidelity="faithful",
        claims=(Matches("lora", on="target_accuracy", within=1.0, cost="trained parameters"),),
    )

    r: int = param(64, "rows of the shared random matrices", low=1, high=256)
    start: float = param(0.1, "every entry of d before training", low=1e-7, high=1.0)

    def adapt(self, net, task):
        shapes = [linear.weight.shape for _, _, linear in linears(net)]
        weight = net.head.weight
        a = weight.new_empty(self.r, max(into for _, into in shapes))
        b = weight.new_empty(max(out for out, _ in shapes), self.r)
        for matrix in (a, b):
            nn.init.kaiming_uniform_(matrix)
        replace_linears(net, lambda linear: Vectors(linear, a, b, self.start))
