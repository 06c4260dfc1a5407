"""Adapters library: any of the usual modules, alone or composed, through one interface.

The library puts bottlenecks in series or in parallel, prefixes, low-rank changes and gains into one model by name,
and composes them: stacked, averaged, or, as in UniPELT, all at once with a learnt gate for each kind.

    unified: h <- h + sigma(W_g h) * change(h)   for prefix, low-rank change and bottleneck together

Departs from the paper: a toolkit has no method of its own, so its composition of modules is what runs here, on one
model.

>>> import torch
>>> layer = Gated(torch.nn.Identity(), 2)
>>> with torch.no_grad():
...     _ = layer.gate.weight.zero_(), layer.gate.bias.zero_()
>>> layer(torch.tensor([[2.0, 4.0]])).tolist()                                 # the gate is half open
[[1.0, 2.0]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import Beside, Bottleneck, LowRank, Prefix, Scale, replace_linears
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Gated(nn.Module):
    """sigmoid(W h) * module(h), one gate for every token."""

    def __init__(self, module, width):
        super().__init__()
        self.module, self.gate = module, nn.Linear(width, 1)

    def forward(self, h):
        return torch.sigmoid(self.gate(h)) * self.module(h)


class Average(nn.Module):
    """The mean of what several modules say."""

    def __init__(self, *modules):
        super().__init__()
        self.parts = nn.ModuleList(modules)

    def forward(self, h):
        return sum(part(h) for part in self.parts) / len(self.parts)


class AdaptersLibrary(PeftMethod):
    card = Card(
        title="Adapters library",
        papers=(Paper("Adapters: A Unified Library for Parameter-Efficient and Modular Transfer Learning", 2023,
                      arxiv="2311.11077"),),
        fidelity="proxy",
        claims=(Matches("full-fine-tuning", on="target_accuracy", within=1.0, cost="trained parameters"),
                Beats("linear-probe", on="target_accuracy"),
                Matches("full-fine-tuning", on="target_accuracy", within=1.0, setting="sentences")),
        waivers={"starts-from-the-pretrained-model": "the prefixes of its composition take part in attention "
                                                     "from the start"},
    )

    kind: str = param("unified", "the modules that are put in", choices=(
        "unified", "series", "parallel", "stack", "average", "mix-and-match", "gains"))
    m: int = param(6, "units of a bottleneck", low=1, high=12)

    def adapt(self, net, task):
        width = net.width

        def bottleneck(residual=True):
            return Bottleneck(width, self.m, residual)

        for block in net.blocks:
            if self.kind == "series":
                block.after_feed = bottleneck()
            elif self.kind == "stack":
                block.after_feed = nn.Sequential(bottleneck(), bottleneck())
            elif self.kind == "average":
                block.after_feed = Average(bottleneck(), bottleneck())
            elif self.kind == "parallel":
                block.feed = Beside(block.feed, bottleneck(residual=False))
            elif self.kind == "gains":
                block.after_feed = nn.Sequential(bottleneck(), Scale(width))
            elif self.kind == "mix-and-match":
                block.attention.prefix = Prefix(self.m, width)
                block.feed = Beside(block.feed, bottleneck(residual=False))
            else:
                block.attention.prefix = Prefix(4, width)
                block.feed = Beside(block.feed, Gated(bottleneck(residual=False), width))
        if self.kind == "unified":
            replace_linears(net, lambda linear: Beside(linear, Gated(Change(linear), linear.in_features)),
                            sites=("query", "value"))


class Change(nn.Module):
    """A low-rank change alone, of rank 2."""

    def __init__(self, linear):
        super().__init__()
        shape = linear.weight.shape
        self.low_rank = LowRank(nn.Linear(shape[1], shape[0], bias=False), 2, 2.0)
        nn.init.zeros_(self.low_rank.base.weight)
        self.low_rank.base.requires_grad_(False)

    def forward(self, x):
        return self.low_rank(x)
