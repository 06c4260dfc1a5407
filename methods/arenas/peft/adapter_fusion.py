"""AdapterFusion: let each token attend to what adapters of other tasks say about it.

For each of several source tasks an adapter is trained in every layer. For the target they are frozen, and an
attention layer of its own in every layer weighs their outputs for each token: the token asks, the adapters' outputs
answer.

    h <- h + softmax((Q h)^T (K z_s))_s (V z_s),   z_s = adapter_s(h),   V = I at the start
    loss <- loss + 0.01 ||V - I||^2, summed over the layers

Departs from the paper: three small picture tasks are the sources, and learning them is paid for out of the same
budget.

>>> import torch
>>> fusion = Fusion(2)
>>> with torch.no_grad():
...     _ = fusion.query.weight.zero_(), fusion.query.bias.zero_()
>>> fusion(torch.zeros(1, 2), torch.tensor([[[2.0, 0.0], [4.0, 0.0]]])).tolist()           # even attention
[[3.0, 0.0]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.arenas.peft.stage.stages import FromSources
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Fusion(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value = nn.Linear(width, width, bias=False)
        nn.init.eye_(self.value.weight)
        for map_ in (self.query, self.key):
            nn.init.normal_(map_.weight, std=0.02)
            nn.init.zeros_(map_.bias)

    def forward(self, h, changes):
        scores = (self.query(h).unsqueeze(-2) * self.key(changes)).sum(-1)     # (..., S)
        return (torch.softmax(scores, -1).unsqueeze(-1) * self.value(changes)).sum(-2)


class AdapterFusion(FromSources, PeftMethod):
    card = Card(
        title="AdapterFusion",
        papers=(Paper("AdapterFusion: Non-Destructive Task Composition for Transfer Learning", 2020,
                      arxiv="2005.00247"),),
        fidelity="faithful",
        claims=(Beats("houlsby-adapter", on="target_accuracy", setting="few-labels"),
                Beats("houlsby-adapter", on="target_accuracy")),
        waivers={"stays-within-the-allowance": "it trains key, query and value of every fusion layer; the one "
                                               "rival beside full fine-tuning that spends more"},
    )

    m: int = param(8, "units of a source task's adapter", low=1, high=16)
    first: float = param(0.5, "share of the budget for learning the source tasks", low=0.1, high=0.8)

    hold: float = param(0.01, "how strongly the value maps are held at the identity", low=0.0, high=1.0)

    def combine(self, width, sources, layers):
        self.fusions = [Fusion(width) for _ in range(layers)]
        return self.fusions

    def loss(self, net, task):
        loss = super().loss(net, task)
        if self.on_target:
            for fusion in self.fusions:
                weight = fusion.value.weight
                loss = loss + self.hold * (weight - torch.eye(len(weight), device=weight.device)).square().sum()
        return loss
