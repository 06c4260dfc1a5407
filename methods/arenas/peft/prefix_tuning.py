"""Prefix tuning: learn keys and values that every attention layer sees before the input's.

Instead of tokens, whose keys and values the frozen maps compute, the keys and values themselves are learnt in every
layer. In the paper they come from a smaller matrix through a small network during training, which makes learning
steadier.

    head(x) = softmax(q [P_K; K]^T / sqrt(d)) [P_V; V],   [P_K, P_V] = MLP(P')                  (eq. 3)

Departs from the paper: keys and values are learnt directly by default; with `narrow` they come from a smaller matrix
through a linear map, since a hidden layer exceeds the allowance of trained parameters here.

>>> import torch
>>> layer = Prefix(2, 3)
>>> layer.keys.shape, layer.values.shape
(torch.Size([2, 3]), torch.Size([2, 3]))
"""

from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Prefix
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Narrow(nn.Module):
    """Keys and values made of `size` numbers a position by learnt maps."""

    def __init__(self, length, width, size):
        super().__init__()
        self.code = Prefix(length, size)
        self.key_map, self.value_map = nn.Linear(size, width), nn.Linear(size, width)

    @property
    def keys(self):
        return self.key_map(self.code.keys)

    @property
    def values(self):
        return self.value_map(self.code.values)


class PrefixTuning(PeftMethod):
    card = Card(
        title="Prefix tuning",
        papers=(Paper("Prefix-Tuning: Optimizing Continuous Prompts for Generation", 2021, arxiv="2101.00190"),),
        fidelity="core",
        claims=(Beats("prompt-tuning", on="target_accuracy"),
                Beats("full-fine-tuning", on="target_accuracy", setting="few-labels")),
        waivers={"starts-from-the-pretrained-model": "its prefixes take part in attention from the start"},
    )

    p: int = param(16, "positions of the prefix", low=1, high=32)
    narrow: int = param(0, "numbers a position is made of by a learnt map; 0 learns it directly", low=0, high=16)

    def adapt(self, net, task):
        for block in net.blocks:
            block.attention.prefix = (Narrow(self.p, net.width, self.narrow) if self.narrow
                                      else Prefix(self.p, net.width))
