"""Top-k experts: a mixture of LoRAs in which every input uses the k experts with the largest gates.

    p = softmax(W_g x),   h = W0 x + sum_{i in top-k} p_i / sum_{j in top-k} p_j (alpha / r) B_i A_i x

>>> import torch
>>> top_shares(torch.tensor([0.6, 0.3, 0.1]), 2)
tensor([0.6667, 0.3333, 0.0000])
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import replace_linears
from methods.kit.method import Card
from methods.kit.params import param


def top_shares(p, k):
    kept = p * torch.zeros_like(p).scatter(-1, p.topk(k, -1).indices, 1.0)
    return kept / kept.sum(-1, keepdim=True)


class Mixture(nn.Module):
    def __init__(self, linear, experts, k, scale):
        super().__init__()
        self.base, self.k, self.scale, self.balance = linear, k, scale, 0.0
        weight = linear.weight
        a = weight.new_empty(experts, weight.shape[1])
        self.a = nn.Parameter(nn.init.kaiming_uniform_(a, 5**0.5))
        self.b = nn.Parameter(weight.new_zeros(len(weight), experts))
        self.gate = nn.Linear(weight.shape[1], experts, bias=False)

    def forward(self, x):
        p = torch.softmax(self.gate(x), -1)
        shares = top_shares(p, self.k)
        self.balance = p.shape[-1] * ((shares > 0).float() * p).flatten(0, -2).mean(0).sum()
        return self.base(x) + self.scale * (x @ self.a.T * shares) @ self.b.T


class TopKExperts(PeftMethod):
    card = Card(title="Top-k mixture of LoRAs")

    k: int = param(2, "how many experts an input uses", choices=(1, 2, 4))

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: Mixture(linear, 4, self.k, 2.0), sites=("up", "down"))

    def loss(self, net, task):
        return super().loss(net, task) + 1e-3 * sum(layer.balance for layer in self.layers)
