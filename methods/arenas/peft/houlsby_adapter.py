"""Houlsby adapter: insert a small bottleneck after each sublayer.

After attention and after the feed-forward map, before their output joins the stream, a bottleneck with a residual
connection is inserted: down to m units, a nonlinearity, up again. It starts as the identity. The adapters and the
normalisations are trained.

    h <- h + W_up f(W_down h)

Departs from the paper: the map up starts at zero, so that an adapter starts as the identity and not only near it.

>>> import torch
>>> layer = Bottleneck(2, 1)
>>> with torch.no_grad():
...     _ = layer.down.weight.copy_(torch.tensor([[1.0, 1.0]])), layer.down.bias.zero_()
...     _ = layer.up.weight.copy_(torch.tensor([[1.0], [0.0]]))
>>> layer(torch.tensor([[50.0, 50.0]])).tolist()                          # 50 + gelu(100), 50
[[150.0, 50.0]]
"""

from methods.arenas.peft.arena import PeftMethod, free
from methods.kit.adapters import Bottleneck
from methods.kit.method import Card, Matches, Paper
from methods.kit.params import param


class HoulsbyAdapter(PeftMethod):
    card = Card(
        title="Adapter (Houlsby)",
        papers=(Paper("Parameter-Efficient Transfer Learning for NLP", 2019, arxiv="1902.00751"),),
        fidelity="faithful",
        claims=(Matches("full-fine-tuning", on="target_accuracy", within=2.0, cost="trained parameters"),
                Matches("full-fine-tuning", on="target_accuracy", within=2.0, setting="sentences",
                        cost="trained parameters")),
    )

    m: int = param(8, "units of the bottleneck", low=1, high=16)

    def adapt(self, net, task):
        for block in net.blocks:
            block.after_attention = Bottleneck(net.width, self.m)
            block.after_feed = Bottleneck(net.width, self.m)
            free([*block.norm1.parameters(), *block.norm2.parameters()])
