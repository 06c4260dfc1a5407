"""DoRA: train how long a weight's rows are apart from where they point.

Full fine-tuning changes the length and the direction of a weight's rows quite independently, while LoRA moves both
together. DoRA writes the weight as a length per output times a direction, trains the lengths outright and the
directions by a low-rank change. The length of the changed direction is taken as a constant when gradients are passed
back, as the paper proposes to save memory (sec. 4.3), and does by default.

    W' = m * (W0 + (alpha / r) * B A) / ||W0 + (alpha / r) * B A||,   m = ||W0|| at the start, B = 0      (eq. 5)
    dL/dV' = (m / C) dL/dW',   C = ||V + dV|| without a gradient                                            (eq. 11)

Lengths are those of rows of the weight (out, in), one per output, as in the authors' code.

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here, where the paper adds keys; there is no dropout; the rank is 3, for lengths are paid for out of LoRA's rank of 4.
Any rank from 1 can be run; only the default is held to the arena's allowance.

>>> import torch
>>> linear = torch.nn.Linear(2, 1, bias=False)
>>> with torch.no_grad():
...     _ = linear.weight.copy_(torch.tensor([[3.0, 0.0]]))
>>> layer = Decomposed(linear, 1, 1.0)
>>> with torch.no_grad():
...     _ = layer.a.copy_(torch.tensor([[0.0, 4.0]])), layer.b.fill_(1.0)
>>> layer.weight().tolist()                                            # direction (3, 4) / 5, length 3 as before
[[1.7999999523162842, 2.4000000953674316]]
"""

import math

from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Changed, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Decomposed(Changed):
    """A frozen linear map with trained lengths `m` (out, 1) and a low-rank change of its directions."""

    def __init__(self, linear, r, scale):
        super().__init__(linear)
        out, into = linear.weight.shape
        a = linear.weight.new_empty(r, into)
        self.a = nn.Parameter(nn.init.kaiming_uniform_(a, math.sqrt(5)))
        self.b = nn.Parameter(linear.weight.new_zeros(out, r))
        self.m = nn.Parameter(linear.weight.detach().norm(dim=1, keepdim=True))
        self.scale = scale

    def weight(self):
        v = self.base.weight + self.scale * self.b @ self.a
        return self.m * v / v.detach().norm(dim=1, keepdim=True).clamp(min=1e-12)


class Dora(PeftMethod):
    card = Card(
        title="DoRA",
        papers=(Paper("DoRA: Weight-Decomposed Low-Rank Adaptation", 2024, arxiv="2402.09353"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("lora", on="target_accuracy", setting="sentences"),
                Matches("lora", on="target_accuracy", within=0.5, cost="trained parameters")),
    )

    r: int = param(3, "rank of the change of the directions", low=1, high=8)
    alpha: float = param(6.0, "size of the change; divided by the rank", low=0.5, high=64.0)

    def adapt(self, net, task):
        replace_linears(net, lambda linear: Decomposed(linear, self.r, self.alpha / self.r))
