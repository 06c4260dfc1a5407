"""PoolFormer: each token becomes the mean of its neighbours less itself, and no weight mixes.

    mixer(x) = mean of 3 x 3 - x

Departs from the paper: one stage; layer norms in place of group norms over channels and places; no layer scale.

>>> import torch
>>> pool = Pool()(torch.arange(9.0).view(1, 3, 3, 1))
>>> pool[0, 1, 1, 0].item(), pool[0, 0, 0, 0].item()                   # the middle; the corner's mean of four
(0.0, 2.0)
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.kit.method import Beats, Card, Paper


class Pool(nn.Module):
    def forward(self, x):
        mean = F.avg_pool2d(x.permute(0, 3, 1, 2), 3, 1, 1, count_include_pad=False)
        return mean.permute(0, 2, 3, 1) - x


class PoolFormer(VisionMixersMethod):
    card = Card(
        title="PoolFormer",
        papers=(Paper("MetaFormer Is Actually What You Need for Vision", 2021, arxiv="2111.11418"),),
        fidelity="core",
        claims=(Beats("full-attention", on="label_bits"),),
    )

    def mixer(self, site, layer):
        return Pool()
