"""Linear attention: the weight of a position is a product of features of its key and the query.

    o_t = sum_{s <= t} f(q_t) . f(k_s) v_s / sum_{s <= t} f(q_t) . f(k_s),   f(x) = ELU(x) + 1

Departs from the paper: no positions; written out over pairs, which at this length is quicker than its running sum and
the same.

>>> import torch, torch.nn.functional as F
>>> (F.elu(torch.tensor([0.0, 2.0])) + 1).tolist()
[1.0, 3.0]
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.nets import heads, joined, mixed_linearly
from methods.kit.method import Card, Paper


class Linear(nn.Module):
    def __init__(self, site):
        super().__init__()
        self.heads = site.heads
        self.ask, self.out = nn.Linear(site.width, 3 * site.width), nn.Linear(site.width, site.width)

    def forward(self, x):
        q, k, v = (heads(part, self.heads) for part in self.ask(x).chunk(3, -1))
        total, weight = mixed_linearly(F.elu(q) + 1, F.elu(k) + 1, v)
        return self.out(joined(total / weight))


class LinearAttention(SequenceMixersMethod):
    card = Card(
        title="Linear attention",
        papers=(Paper("Transformers are RNNs: Fast Autoregressive Transformers with Linear Attention", 2020,
                      arxiv="2006.16236"),),
        fidelity="core",
    )

    def mixer(self, site):
        return Linear(site)
