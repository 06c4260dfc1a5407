"""Skywork-MoE: router logits are put to mean zero and a fixed spread, and balance is asked for as it is needed.

    z~ = lambda (z - mean z) / std z,   p = softmax(z~),   the two of largest p, their weights made to sum to one
    L = cross-entropy + sum over layers of alpha_l E sum_i f_i P_i
    alpha_l <- beta alpha_l + (1 - beta) min(xi d_l, alpha_max),   after every step

d_l is the share of choices beyond what experts would take that may each have an even share. lambda = 1, beta = 0.99,
xi = 1/5 and alpha_max = 0.01 as in the paper. Where a dense model is given, experts begin as copies of its part.

Departs from the paper: the loss of balance is Switch's, where the report writes sum_i (1 / E - P_i)^2; the router has
no bias; 16 experts of half the size in a model of one block (8 whole ones where a dense model is given); choices beyond
an even share are counted and still served; alpha begins at alpha_max, and stays there while more than a twentieth of
choices are beyond.

>>> import torch
>>> [round(z, 4) for z in normalised(torch.tensor([[1.0, 3.0]]), 1.0)[0].tolist()]
[-1.0, 1.0]
>>> over(torch.tensor([[0], [0], [0], [1]]), 2)                          # three choices where two are even
0.25
"""

import torch

from methods.arenas.mixture_of_experts.arena import MixtureMethod
from methods.arenas.mixture_of_experts.stage.experts import Experts, balance, best
from methods.arenas.mixture_of_experts.stage.task import feeds
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class SkyworkMoe(MixtureMethod):
    card = Card(
        title="Skywork-MoE",
        papers=(Paper("Skywork-MoE: A Deep Dive into Training Techniques for Mixture-of-Experts Language Models", 2024,
                      arxiv="2406.06563"),),
        fidelity="core",
        claims=(Beats("top-two", on="bits_per_byte"), Beats("top-two", on="gate_sharpness")),
        waivers={"knob:beta": "in so few steps choices stay so uneven that the weight of balance stays at its highest"},
        needs_scale=("Growing experts out of a dense model pays only while the budget is below about twice that of the "
                     "dense model.",),
    )
    k = 2

    sharpness: float = param(1.0, "spread of the router's logits", low=0.25, high=8.0)
    beta: float = param(0.99, "share of the old weight of balance that is kept at a step", low=0.0, high=0.999)
    slope: float = param(0.2, "weight of balance for each choice beyond an even share", low=0.0, high=1.0)
    most: float = param(0.01, "highest weight of balance", low=0.0, high=0.1)

    def build(self, task):
        self.alphas = {}
        return super().build(task)

    def gate(self, layer, x):
        return best(normalised(layer.logits, self.sharpness).softmax(1), self.k)

    def auxiliary(self, layer):
        return self.alphas.get(layer, self.most) * balance(layer.chances, layer.index)

    def after_step(self, net, task):
        for layer in feeds(net):
            if isinstance(layer, Experts):
                wanted = min(self.slope * over(layer.index, layer.many), self.most)
                self.alphas[layer] = self.beta * self.alphas.get(layer, self.most) + (1 - self.beta) * wanted


def normalised(logits, spread):
    return spread * (logits - logits.mean(1, keepdim=True)) / logits.std(1, correction=0, keepdim=True).clamp(min=1e-6)


def over(index, many):
    """The share of choices (N, k) beyond an even share of each of `many` experts."""
    counts = torch.bincount(index.flatten(), minlength=many)
    return ((counts - index.numel() / many).clamp(min=0).sum() / index.numel()).item()
