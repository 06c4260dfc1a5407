"""AdaMoLE: let a learnt threshold decide how many LoRA experts an input uses.

A mixture with a fixed number of experts uses as many for an easy input as for a hard one. Here an expert takes part
when its gate exceeds a threshold that is itself computed from the input, below 1/n, so that at least one expert
always passes.

    p = softmax(W_g x),   tau = tau_max sigmoid(w^T x + b),   w_i = relu(p_i - tau) / sum_j relu(p_j - tau)
    h = W0 x + sum_i w_i (alpha / r) B_i A_i x
    loss <- loss + 0.001 * sum over layers of n sum_i mean[p_i >= tau] * mean(p_i - tau),   means over inputs

Departs from the paper: experts stand in both maps of the feed-forward part alone, and there are four of rank 1 instead
of eight of a higher one, so that what is trained fits the allowance.

>>> import torch
>>> shares(torch.tensor([0.75, 0.25, 0.0]), torch.tensor([0.125])).round(decimals=4)         # 5/8 and 1/8 pass
tensor([0.8333, 0.1667, 0.0000])
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def shares(p, tau):
    """Gates (..., E) above the threshold (..., 1), scaled to sum to one."""
    above = torch.relu(p - tau)
    total = above.sum(-1, keepdim=True)
    return above / torch.where(total == 0, torch.ones_like(total), total)


class ThresholdExperts(nn.Module):
    def __init__(self, linear, experts, r, scale, highest):
        super().__init__()
        self.base, self.scale, self.highest, self.balance = linear, scale, highest / experts, 0.0
        weight = linear.weight
        a = weight.new_empty(experts * r, weight.shape[1])
        self.a = nn.Parameter(nn.init.kaiming_uniform_(a, 5**0.5).view(experts, r, -1))
        self.b = nn.Parameter(weight.new_zeros(experts, len(weight), r))
        self.gate, self.threshold = nn.Linear(weight.shape[1], experts, bias=False), nn.Linear(weight.shape[1], 1)

    def forward(self, x):
        p = torch.softmax(self.gate(x), -1)
        tau = self.highest * torch.sigmoid(self.threshold(x))
        above = (p - tau).flatten(0, -2)
        self.balance = above.shape[1] * ((above >= 0).float().mean(0) * above.mean(0)).sum()
        inner = torch.einsum("...i,eri->...er", x, self.a) * shares(p, tau)[..., None]
        return self.base(x) + self.scale * torch.einsum("...er,eor->...o", inner, self.b)


class Adamole(PeftMethod):
    card = Card(
        title="AdaMoLE",
        papers=(Paper("AdaMoLE: Fine-Tuning Large Language Models with Adaptive Mixture of Low-Rank Adaptation Experts",
                      2024, arxiv="2405.00361"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy", setting="domains"),
                Beats("top-k-experts", on="target_accuracy", setting="domains"),
                Beats("top-k-experts", on="target_accuracy")),
    )

    experts: int = param(4, "how many experts a layer has", choices=(2, 4, 8))
    r: int = param(1, "rank of an expert", low=1, high=2)
    alpha: float = param(2.0, "size of the change; divided by the rank", low=0.5, high=64.0)
    highest: float = param(1.0, "largest threshold, as a share of 1/n", low=0.0, high=1.0)
    balance: float = param(1e-3, "weight of the loss that spreads inputs over experts", low=0.0, high=1.0)

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: ThresholdExperts(
            linear, self.experts, self.r, self.alpha / self.r, self.highest), sites=("up", "down"))

    def loss(self, net, task):
        return super().loss(net, task) + self.balance * sum(layer.balance for layer in self.layers)
