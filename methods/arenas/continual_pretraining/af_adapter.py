"""AF Adapter: add heads and hidden units to a frozen model, and train these alone.

    attention(x) + W_o' heads'(x),   feed(x) + W_2' gelu(W_1' x);   one more head, a quarter more units, W_o' = W_2' = 0

Maps that write to the stream start at zero, so the model is at first what it was.

Departs from the paper: what writes to the stream starts at zero (its code draws all new maps alike); a causal model of
one layer.

>>> import torch
>>> side = Heads(32, 16)
>>> float(side(torch.randn(1, 5, 32)).abs().sum())
0.0
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.continual_pretraining.arena import ContinualPretrainingMethod
from methods.kit.adapters import Beside
from methods.kit.lm_nets import Feed, rotary
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Heads(nn.Module):
    """One causal head of `size`, written to the stream by a map that starts at zero."""

    def __init__(self, width, size):
        super().__init__()
        self.ask, self.out = nn.Linear(width, 3 * size), nn.Linear(size, width)
        nn.init.normal_(self.ask.weight, std=0.05)
        for p in (self.ask.bias, self.out.weight, self.out.bias):
            nn.init.zeros_(p)

    def forward(self, x):
        q, k, v = self.ask(x).chunk(3, -1)
        return self.out(F.scaled_dot_product_attention(rotary(q), rotary(k), v, is_causal=True))


def units(width, hidden):
    """A feed-forward part whose second map starts at zero."""
    side = Feed(width, hidden)
    nn.init.normal_(side.rise.weight, std=0.05)
    for p in (side.rise.bias, side.out.weight, side.out.bias):
        nn.init.zeros_(p)
    return side


class AfAdapter(ContinualPretrainingMethod):
    card = Card(
        title="AF Adapter",
        papers=(Paper("AF Adapter: Continual Pretraining for Building Chinese Biomedical Language Model", 2022,
                      arxiv="2211.11363"),),
        fidelity="core",
        claims=(Beats("naive", on="old_bpb"),
                Matches("naive", on="new_bpb", within=0.05, cost="trained parameters")),
    )
    rate_factor = 3.0

    more: float = param(0.25, "hidden units added, of those there are", low=0.05, high=1.0)

    def prepare(self, net, task):
        if not task.stage:
            net.requires_grad_(False)
            for block in net.blocks:
                size = net.width // block.mixer.heads
                hidden = max(1, round(self.more * block.feed.rise.out_features))
                block.mixer = Beside(block.mixer, Heads(net.width, size).to(task.device))
                block.feed = Beside(block.feed, units(net.width, hidden).to(task.device))
        return net
