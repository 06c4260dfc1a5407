"""MBConv alone: depthwise convolutions of 3 x 3 between a widening and a narrowing map.

    x + W2 s * DW(W1 x),   s = squeeze-and-excitation; batch norms before W1, after W1 and after DW

Departs from the paper: the block as MaxViT has it (normalised before, GELU in place of ReLU6, with
squeeze-and-excitation); one stage.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.nets import MBConv
>>> layer = MBConv(8, 16)
>>> _ = torch.nn.init.zeros_(layer.path[-1].weight), torch.nn.init.ones_(layer.path[-1].bias)
>>> layer(torch.ones(2, 4, 4, 8)).mean().item()
2.0
"""

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import MBConv
from methods.kit.method import Card, Paper


class MbconvOnly(VisionMixersMethod):
    card = Card(
        title="MBConv alone",
        papers=(Paper("MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018, arxiv="1801.04381"),),
        fidelity="core",
    )

    def block(self, site, layer):
        return MBConv(site.width, site.hidden)
