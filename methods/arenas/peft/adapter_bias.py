"""AdapterBias: shift every token by one learnt vector, by an amount that depends on the token.

BitFit shifts all tokens alike. AdapterBias learns one direction a layer and a linear map that says how far this token
is to be moved along it: two vectors and a number a layer.

    h <- h + alpha(h) v,   alpha(h) = w^T h + c                                                   (eq. 1)

Departs from the paper: the map reads the feed-forward part's output, where the authors' code reads its hidden units;
the normalisation after that part stays frozen, where their code trains it.

>>> import torch
>>> layer = Shift(2)
>>> with torch.no_grad():
...     _ = layer.v.copy_(torch.tensor([1.0, 0.0])), layer.alpha.weight.fill_(1.0), layer.alpha.bias.zero_()
>>> layer(torch.tensor([[2.0, 3.0]])).tolist()                                # 2 + (2 + 3), 3
[[7.0, 3.0]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Shift(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.v, self.alpha = nn.Parameter(torch.zeros(width)), nn.Linear(width, 1)

    def forward(self, h):
        return h + self.alpha(h) * self.v


class AdapterBias(PeftMethod):
    card = Card(
        title="AdapterBias",
        papers=(Paper("AdapterBias: Parameter-efficient Token-dependent Representation Shift for Adapters in NLP Tasks",
                      2022, arxiv="2205.00305"),),
        fidelity="core",
        claims=(Beats("bitfit", on="target_accuracy"),
                Matches("houlsby-adapter", on="target_accuracy", within=2.0, cost="trained parameters"),
                Beats("bitfit", on="target_accuracy", setting="sentences")),
    )

    shared: bool = param(False, "share the map that weighs tokens over the layers")

    def adapt(self, net, task):
        for block in net.blocks:
            block.after_feed = Shift(net.width)
            if self.shared:
                block.after_feed.alpha = net.blocks[0].after_feed.alpha
