"""Chain of LoRA: merge the low-rank change into the weight and begin another, several times.

One low-rank change cannot express a change of high rank. A chain trains one for a while, adds it to the frozen
weight, starts a new one with a new optimiser, and so on: the sum of M changes of rank r has rank up to M r, at the
parameters and steps of a single one.

    M times:   train A, B;   W <- W + (alpha / r) B A;   A random, B = 0                          (algorithm 1)

Departs from the paper: query, value and both maps of the feed-forward part are changed, as for every low-rank method
here.

>>> import torch
>>> layer = LowRank(torch.nn.Linear(1, 1), 1, 2.0, a=torch.tensor([[3.0]]), b=torch.tensor([[1.0]]))
>>> before = layer.base.weight.item()
>>> merge(layer)
>>> round(layer.base.weight.item() - before, 4), layer.b.item()              # 2 * 1 * 3 was added
(6.0, 0.0)
"""

import math

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import LowRank, replace_linears
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


@torch.no_grad()
def merge(layer):
    """Add a layer's change to its frozen weight and begin anew."""
    layer.base.weight.add_(layer.change())
    nn.init.kaiming_uniform_(layer.a, math.sqrt(5))
    nn.init.zeros_(layer.b)


class ChainOfLora(PeftMethod):
    card = Card(
        title="Chain of LoRA",
        papers=(Paper("Chain of LoRA: Efficient Fine-tuning of Language Models via Residual Learning", 2024,
                      arxiv="2401.04151"),),
        fidelity="faithful",
        claims=(Beats("lora", on="target_accuracy"), Beats("lora", on="target_accuracy", setting="high-rank"),
                GainGrows("lora", on="target_accuracy", to="high-rank")),
        reduces_to=("lora", {"m": 1}),
    )

    r: int = param(4, "rank of every change", low=1, high=8)
    alpha: float = param(8.0, "size of a change; divided by the rank", low=0.5, high=64.0)
    m: int = param(3, "how many changes follow one another", low=1, high=6)

    def adapt(self, net, task):
        self.layers = replace_linears(net, lambda linear: LowRank(linear, self.r, self.alpha / self.r))

    def advance(self, net, task):
        for link in range(self.m):
            if task.enters(link / self.m):
                if link:
                    for layer in self.layers:
                        merge(layer)
                task.stage(net, (link + 1) / self.m)
