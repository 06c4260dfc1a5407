"""Focal modulation: a token is multiplied by a gated sum of ever wider surroundings.

Depthwise convolutions of growing kernels, one on top of the other, gather context; the last level is its mean over the
picture; each place says for each level how much of it to take.

    y = q(x) * h(sum_l g_l z_l),  z_0 = W x,  z_l = GELU(DW_{k_l}(z_{l-1})),  k_l = 3 + 2 (l - 1),
    z_{L+1} = GELU(mean z_L);  one map after y

Departs from the paper: one stage, a convolution of two layers before it.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.nets import Site
>>> mixer = Modulation(Site(8, 1, 8, 4, 8, 4), 2)
>>> [level[0].kernel_size[0] for level in mixer.levels], mixer(torch.ones(2, 8, 8, 8)).shape[-1]
([3, 5], 8)
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Modulation(nn.Module):
    def __init__(self, site, levels):
        super().__init__()
        d = site.width
        self.enter = nn.Linear(d, 2 * d + levels + 1)
        self.levels = nn.ModuleList(
            nn.Sequential(nn.Conv2d(d, d, 3 + 2 * i, 1, 1 + i, groups=d, bias=False), nn.GELU()) for i in range(levels))
        self.mix, self.out = nn.Conv2d(d, d, 1), nn.Linear(d, d)

    def forward(self, x):
        d = x.shape[-1]
        q, z, gates = self.enter(x).permute(0, 3, 1, 2).split((d, d, len(self.levels) + 1), 1)
        total = 0
        for i, level in enumerate(self.levels):
            z = level(z)
            total = total + z * gates[:, i:i + 1]
        total = total + F.gelu(z.mean((2, 3), keepdim=True)) * gates[:, -1:]
        return self.out((q * self.mix(total)).permute(0, 2, 3, 1))


class FocalModulation(VisionMixersMethod):
    card = Card(
        title="Focal modulation",
        papers=(Paper("Focal Modulation Networks", 2022, arxiv="2203.11926"),),
        fidelity="faithful",
        claims=(Beats("window-attention", on="label_bits", by=0.02), Beats("shifted-window", on="label_bits", by=0.02),
                Beats("full-attention", on="label_bits"), Beats("pool-former", on="label_bits")),
    )

    levels: int = param(2, "convolutions of growing kernels, beside the mean of the picture", low=1, high=4)

    def mixer(self, site, layer):
        return Modulation(site, self.levels)
