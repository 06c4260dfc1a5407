"""EvoNorm-S0: a normaliser and an activation in one formula, found by search, without the batch.

The search that gave EvoNorm-B0, restricted to formulas that never look across samples, ended at this:
a smooth gate with a learnt slope per channel over the deviation of a group of channels. It is group
normalisation without centring, and Swish instead of ReLU.

    y = x * sigmoid(v * x) / sqrt(var_group(x)) * gamma + beta

Departs from the paper: also put where no activation would follow, in `language` and `sets`; fewer groups, for there
are fewer channels.

>>> x = torch.tensor([[2.0, -2.0]])     # one group with variance 4: 2 * 0.8808 / 2 and -2 * 0.1192 / 2
>>> EvonormLayer(2, groups=1)(x)[0].mul(1e4).round().tolist()
[8808.0, -1192.0]
"""

import math

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit.method import Beats, Card, Paper, Withstands
from methods.kit.nets import Affine, along_channels
from methods.kit.params import param


class EvonormS0(ComponentsMethod):
    card = Card(
        title="EvoNorm-S0",
        papers=(Paper("Evolving Normalization-Activation Layers", 2020, "2004.02967", covers="EvoNorm-S0"),),
        fidelity="faithful",
        claims=(Beats("group-norm", on="accuracy"),
                Beats("group-norm", on="accuracy", setting="small-batch"),
                Withstands("batch-norm", on="accuracy", to="small-batch")),
    )

    groups: int = param(4, "number of groups the channels are split into", low=1, high=8)

    def norm(self, channels, site):
        return EvonormLayer(channels, self.groups)


class EvonormLayer(nn.Module):
    """(N, C, ...) -> same; `activates`, so that no ReLU follows."""

    activates = True

    def __init__(self, channels: int, groups: int, eps: float = 1e-5):
        super().__init__()
        self.affine, self.v = Affine(channels), nn.Parameter(torch.ones(channels))
        self.groups, self.eps = math.gcd(groups, channels), eps

    def forward(self, x):
        grouped = x.reshape(len(x), self.groups, -1)
        deviation = (grouped.var(dim=2, correction=0, keepdim=True) + self.eps).sqrt()
        gated = x * torch.sigmoid(along_channels(self.v, x) * x)
        return self.affine((gated.reshape(grouped.shape) / deviation).view_as(x))
