"""GOAT: start each expert of a mixture of LoRAs from its own stretch of the singular spectrum.

A mixture of low-rank experts that start from zero learns slowly. GOAT cuts the weight's singular values into as many
stretches as there are experts and starts each expert from the head of one; what the untrained mixture would add on
average is taken out of the frozen weight. The scale of the change grows with the width over the rank, so that its
gradient resembles that of full fine-tuning.

    B_i = U_i S_i^(1/2) / sqrt(s rho),   A_i = S_i^(1/2) V_i^T / sqrt(s rho),   s = sqrt(3 eta n / r)
    y = (W0 - s/E sum_i B_i A_i) x + sum_{i in top-k} w_i(x) s B_i A_i x
    loss <- loss + 0.001 * sum over layers of E sum_i (share of inputs that use i) * mean p_i,   p = softmax(router x)

Departs from the paper: experts stand in both maps of the feed-forward part alone, and there are four instead of eight,
so that what is trained fits the allowance.

>>> round(scale_of(width=48, r=1, eta=1.0), 4)                                 # sqrt(3 * 48)
12.0
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param

RHO = 10.0     # how much smaller the experts start than their stretch of the spectrum


def scale_of(width, r, eta):
    return (3 * eta * width / r)**0.5


class Experts(nn.Module):
    """A frozen linear map and low-rank experts a (E, r, in), b (E, out, r), of which each input uses the top k."""

    def __init__(self, linear, experts, r, top, scale, singular):
        super().__init__()
        self.base, self.top, self.scale, self.balance = linear, top, scale, 0.0
        weight = linear.weight.detach()
        if singular:
            u, s, vh = torch.linalg.svd(weight, full_matrices=False)
            stretch = len(s) // experts
            rows = torch.arange(experts)[:, None] * stretch + torch.arange(min(r, stretch))
            root = (s[rows] / (scale * RHO)).sqrt()                            # (E, r)
            self.a = nn.Parameter(root[:, :, None] * vh[rows])
            self.b = nn.Parameter((u.T[rows] * root[:, :, None]).transpose(1, 2))
            linear.weight.sub_(scale / experts * (self.b @ self.a).sum(0).detach())
        else:
            a = weight.new_empty(experts * r, weight.shape[1])
            self.a = nn.Parameter(nn.init.kaiming_uniform_(a, 5**0.5).view(experts, r, -1))
            self.b = nn.Parameter(weight.new_zeros(experts, len(weight), r))
        self.router = nn.Linear(weight.shape[1], experts, bias=False)

    def forward(self, x):
        p = torch.softmax(self.router(x), -1)                                  # (..., E)
        chosen = torch.zeros_like(p).scatter(-1, p.topk(self.top, -1).indices, 1.0)
        weights = p * chosen / (p * chosen).sum(-1, keepdim=True)
        shares, trust = chosen.flatten(0, -2).mean(0), p.flatten(0, -2).mean(0)
        self.balance = len(shares) * (shares * trust).sum()
        inner = torch.einsum("...i,eri->...er", x, self.a) * weights[..., None]
        return self.base(x) + self.scale * torch.einsum("...er,eor->...o", inner, self.b)


class Goat(PeftMethod):
    card = Card(
        title="GOAT",
        papers=(Paper("Make LoRA Great Again: Boosting LoRA with Adaptive Singular Values and Mixture-of-Experts "
                      "Optimization Alignment", 2025, arxiv="2502.16894"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("pissa", on="target_accuracy"),
                Beats("lora", on="target_accuracy", setting="domains"),
                Matches("full-fine-tuning", on="target_accuracy", within=1.0, cost="trained parameters")),
        waivers={"starts-from-the-pretrained-model": "only the untrained mixture's average over inputs is "
                                                     "taken out of the frozen weight"},
    )

    experts: int = param(4, "how many experts a layer has", choices=(2, 4, 8))
    top: int = param(2, "how many of them an input uses", choices=(1, 2))
    r: int = param(1, "rank of an expert", low=1, high=2)
    eta: float = param(1.0, "how much the scale of the change grows", low=0.01, high=4.0)
    start: str = param("singular", "where the experts start", choices=("singular", "zero"))
    balance: float = param(1e-3, "weight of the loss that spreads inputs over experts", low=0.0, high=1.0)

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: Experts(
            linear, self.experts, self.r, self.top, scale_of(linear.in_features, self.r, self.eta),
            self.start == "singular"), sites=("up", "down"))

    def loss(self, net, task):
        return super().loss(net, task) + self.balance * sum(layer.balance for layer in self.layers)


