"""Longer training: softmax attention and a convolution of three positions, wider inside, four times the steps.

The upper bound: what the same text teaches when budget does not bind.
"""

from torch import nn

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.nets import Feed, Softmax
from methods.kit.lm_nets import Short
from methods.kit.method import Card


class Both(nn.Module):
    """Attention to x plus a short convolution of x."""

    def __init__(self, site):
        super().__init__()
        self.short, self.attention = Short(site.width, 3, True), Softmax(site)

    def forward(self, x):
        near = self.short(x)
        return near + self.attention(x + near)


class LongerTraining(SequenceMixersMethod):
    card = Card(title="Attention and convolution, four times as long")
    steps = 4.0
    free_size = True

    def mixer(self, site):
        return Both(site)

    def feed(self, site):
        return Feed(site.width, 2 * site.hidden)
