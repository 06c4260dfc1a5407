"""Query-key normalisation: attention by cosines, with one learnt factor in place of 1 / sqrt d.

Queries and keys are brought to length 1 in every head, so no product can saturate the softmax by its size alone.

    softmax(g q^ k^^T) v,   q^ = q / |q|,   g = log2(L^2 - L) at the start, one number a layer, learnt

L is the length of sequences in training (the paper: that below which 97.5 % of them lie).

Departs from the paper: a causal language model with rotary positions, which keep lengths; its other parts (norms of
embeddings) are not here.

>>> first_factor(64)                                                     # log2(4032)
11.977
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.nets import heads, joined, rotary
from methods.kit.method import Beats, Card, Paper


def first_factor(length):
    return round(math.log2(length ** 2 - length), 3)


class Cosines(nn.Module):
    def __init__(self, site):
        super().__init__()
        self.heads, self.pairs = site.heads, (site.length + 1) / 2
        self.ask, self.out = nn.Linear(site.width, 3 * site.width), nn.Linear(site.width, site.width)
        self.factor = nn.Parameter(torch.tensor(math.log2(site.length ** 2 - site.length)))

    def forward(self, x):
        q, k, v = (heads(part, self.heads) for part in self.ask(x).chunk(3, -1))
        q, k = self.factor * rotary(F.normalize(q, dim=-1)), rotary(F.normalize(k, dim=-1))
        return self.out(joined(F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)))


class QkNorm(SequenceMixersMethod):
    card = Card(
        title="Query-key normalisation",
        papers=(Paper("Query-Key Normalization for Transformers", 2020, arxiv="2010.04245"),),
        fidelity="faithful",
        claims=(Beats("softmax-attention", on="bits", by=0.01),),
    )

    def mixer(self, site):
        return Cosines(site)
