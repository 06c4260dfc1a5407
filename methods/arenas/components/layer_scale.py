"""LayerScale: give every channel of every branch a small learnt gain behind layer normalisation.

Deep transformers train better when their branches whisper at first. LayerScale multiplies each branch's
output by a diagonal matrix whose entries start near zero, one per channel, so that channels can grow
at their own pace; the normaliser before the branch stays.

    x_{l+1} = x_l + diag(lambda_1, ..., lambda_C) * f_l(LN(x_l))

Departs from the paper: no image transformer; the start value is the paper's for up to 18 layers.

>>> gain = nn.Parameter(torch.tensor([0.5, 0.25]))
>>> nets.PreNormBlock(nn.Flatten(), nn.Identity(), gain)(torch.tensor([[4.0, 8.0]])).tolist()     # 4 + 2, 8 + 2
[[6.0, 10.0]]
"""

import torch
from torch import nn

from methods.arenas.components.arena import ComponentsMethod
from methods.kit import nets
from methods.kit.method import Card, Paper
from methods.kit.params import param


class LayerScale(ComponentsMethod):
    card = Card(
        title="LayerScale",
        papers=(Paper("Going deeper with Image Transformers", 2021, "2103.17239", covers="LayerScale"),),
        fidelity="core",
        needs_scale=("Trains image transformers of 18 layers and more better than layer normalisation alone (the "
                     "networks here have 10).",),
    )

    start: float = param(0.1, "every entry of the diagonal before training", low=0.000001, high=1.0)

    def norm(self, channels, site):
        return nets.LayerNorm(channels)

    def connect(self, branch, norm, site):
        channels = branch.path[-1].weight.shape[0]
        return nets.PreNormBlock(branch, norm, gain=nn.Parameter(torch.full((channels,), self.start)))
