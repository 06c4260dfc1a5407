"""EncT5: keep the encoder, and let one layer of the decoder read it for the classifier.

Instead of generating its answer or averaging over positions, the model asks: a learnt query attends to what the
encoder says at every place, and the classifier reads what comes back.

    z = o + FFN(o),   o = W_o softmax(q (h W_k)^T / sqrt(D)) h W_v

Departs from the paper: there is no pretrained decoder to take the layer from, so it starts as the plain average over
positions and learns to differ, with one head and without norms, self-attention and the query's own residual; outside
the setting `sentences` the encoder is convolutional and reads pictures.

>>> import torch
>>> layer = Query(2, 4)
>>> layer(torch.tensor([[[[1.0, 3.0]], [[0.0, 2.0]]]])).tolist()         # one picture, two channels, two places
[[2.0, 1.0]]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Query(nn.Module):
    """Map (B, C, h, w) -> (B, C): one decoder layer with a single query; at the start the average over places."""

    def __init__(self, width, hidden):
        super().__init__()
        self.query = nn.Parameter(torch.zeros(1, width))
        self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(3))
        for linear in (self.value, self.out):
            nn.init.eye_(linear.weight)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)

    def forward(self, h):
        h = h.flatten(2).mT                                                         # (B, places, C)
        seen = F.scaled_dot_product_attention(self.query.expand(len(h), 1, -1), self.key(h), self.value(h))
        o = self.out(seen[:, 0])
        return o + self.down(F.relu(self.up(o)))


class EncT5(FinetuningMethod):
    card = Card(
        title="EncT5",
        papers=(Paper("EncT5: A Framework for Fine-tuning T5 as Non-autoregressive Models", 2021,
                      arxiv="2110.08426"),),
        fidelity="core",
        claims=(Beats("full-fine-tuning", on="target_accuracy"),
                Beats("full-fine-tuning", on="target_accuracy", setting="many-labels"),
                Beats("full-fine-tuning", on="target_accuracy", setting="sentences")),
    )

    hidden: int = param(64, "width of the layer's feed-forward part", low=8, high=256)

    def prepare(self, net, task):
        net.pool = Query(net.source_head.in_features, self.hidden).to(task.x.device)
