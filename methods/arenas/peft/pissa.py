"""PiSSA: train the principal part of a weight and freeze the rest.

LoRA starts from noise and zero. PiSSA cuts the weight into its r largest singular components, which become the
trained low-rank factors, and the remainder, which is frozen; the sum is the pretrained weight.

    A = U_r S_r^(1/2),   B = S_r^(1/2) V_r^T,   W_res = W - A B,   h = W_res x + A B x        (eq. 2-4)

Departs from the paper: query, value and both maps of the feed-forward part are split, where the paper splits all maps.

>>> import torch
>>> up, down, rest = principal_parts(torch.diag(torch.tensor([4.0, 1.0])), 1)
>>> (up @ down).abs().round(decimals=4).tolist(), rest.round(decimals=4).abs().tolist()
([[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]])
"""

import torch

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def principal_parts(weight, r):
    """Factors (out, r) and (r, in) of the largest singular components, and what is left (out, in)."""
    u, s, vh = torch.linalg.svd(weight, full_matrices=False)
    up, down = u[:, :r] * s[:r].sqrt(), s[:r, None].sqrt() * vh[:r]
    return up, down, weight - up @ down


class Pissa(PeftMethod):
    card = Card(
        title="PiSSA",
        papers=(Paper("PiSSA: Principal Singular Values and Singular Vectors Adaptation of Large Language Models", 2024,
                      arxiv="2404.02948"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("lora", on="early_loss")),
    )

    r: int = param(4, "how many singular components are trained", low=1, high=8)

    def adapt(self, net, task):
        def split(linear):
            up, down, rest = principal_parts(linear.weight.detach(), self.r)
            linear.weight.copy_(rest)
            return LowRank(linear, self.r, a=down, b=up)

        replace_linears(net, split)
