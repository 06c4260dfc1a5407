"""EvoNorm-B0: a normaliser and an activation in one formula, found by search, for ordinary batches.

Instead of standardising and then cutting at zero, search among small formulas found one layer that
does both. Values are divided by the larger of two deviations: that of the batch, and that of the
single image shifted by a learnt multiple of the value itself. Where the second wins, large values
saturate; there is no centring and no ReLU. Unseen data meets a running batch variance.

    y = x / max(sqrt(var_bhw(x)), v * x + sqrt(var_hw(x))) * gamma + beta

Departs from the paper: also put where no activation would follow, in `language` and `sets`, where a character or a
point has one position and var_hw is zero.

>>> x = torch.tensor([[[2.0]], [[-2.0]]])     # var_bhw = 4, var_hw = 0: 2 / max(2, 2), -2 / max(2, -2)
>>> EvonormLayer(1)(x).flatten().round(decimals=2).tolist()
[1.0, -1.0]
"""

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.nets import Affine, along_channels
from methods.kit.params import param


class EvonormB0(ComponentsMethod):
    card = Card(
        title="EvoNorm-B0",
        papers=(Paper("Evolving Normalization-Activation Layers", 2020, "2004.02967", covers="EvoNorm-B0"),),
        fidelity="faithful",
        claims=(Matches("batch-norm", on="accuracy", within=0.5),
                Beats("batch-norm", on="accuracy"),
                Beats("evonorm-s0", on="accuracy")),
        waivers={"every-image-is-answered-alone": "it normalises over the batch"},
    )

    momentum: float = param(0.1, "weight of the newest batch in the running variance", low=0.001, high=1.0)

    def norm(self, channels, site):
        return EvonormLayer(channels, self.momentum)


class EvonormLayer(nn.Module):
    """(N, C, ...) -> same; `activates`, so that no ReLU follows."""

    activates = True

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__()
        self.affine, self.v = Affine(channels), nn.Parameter(torch.ones(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.momentum, self.eps = momentum, eps

    def forward(self, x):
        own, mean = torch.zeros_like(x), x                             # (N, C)
        if x.dim() > 2:
            own, mean = torch.var_mean(x.flatten(2), dim=2, correction=0)
        variance = self.variance
        if self.training:
            variance = own.mean(0) + mean.var(0, correction=0)         # that of all values: within and between
            self.variance = torch.lerp(self.variance, variance.detach(), self.momentum)
        own = (own + self.eps).sqrt().view(*x.shape[:2], *[1] * (x.dim() - 2))
        batch = along_channels((variance + self.eps).sqrt(), x)
        return self.affine(x / torch.maximum(batch, along_channels(self.v, x) * x + own))
