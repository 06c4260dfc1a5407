"""MaxViT: convolution, attention inside windows, then attention among tokens that lie far apart.

A block is MBConv with squeeze-and-excitation, window attention, and grid attention: a grid of G x G tokens spread
evenly over the picture attends within itself. Each attention has a learnt bias for every offset and is followed by
feed-forward. Any two tokens are two steps apart, at 2 P^2 pairs a token.

    x <- MBConv(x);  x <- x + A_windows(norm x);  x <- x + F(norm x);  x <- x + A_grid(norm x);  x <- x + F(norm x)

Departs from the paper: one stage of two such blocks at one resolution, which have as many attention layers as the
arena's four; the widening (4 in the paper), one number for MBConv and feed-forward, is what the arena's weights allow.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.nets import grids, ungridded
>>> x = torch.arange(64.0).view(1, 8, 8, 1)
>>> grids(x, 4)[0, :5, 0].tolist(), torch.equal(ungridded(grids(x, 4), 4, 8), x)      # every second token
([0.0, 2.0, 4.0, 6.0, 16.0], True)
"""

from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Block, Gridded, MBConv, Windowed
from methods.kit.method import Beats, Card, Matches, Paper


class Maxvit(VisionMixersMethod):
    card = Card(
        title="MaxViT",
        papers=(Paper("MaxViT: Multi-Axis Vision Transformer", 2022, arxiv="2204.01697"),),
        fidelity="faithful",
        claims=(Beats("window-attention", on="label_bits", setting="far", by=0.05),
                Beats("window-attention", on="label_bits", by=0.02), Beats("shifted-window", on="label_bits"),
                Beats("mbconv-only", on="label_bits", setting="far"),
                Matches("full-attention", on="label_bits", within=0.03, cost="pairs")),
    )

    def stack(self, site):
        return nn.Sequential(*(layer for _ in range(site.layers // 2) for layer in (
            MBConv(site.width, site.hidden), Block(site, Windowed(site)), Block(site, Gridded(site)))))
