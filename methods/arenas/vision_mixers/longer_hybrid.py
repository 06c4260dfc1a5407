"""Longer hybrid: dense convolution and full attention, with more weights and three times the steps.

The upper bound: what the same tokens allow when budget does not bind.
"""

from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Block, Everywhere, conved
from methods.kit.method import Card


class Hybrid(nn.Module):
    """x + conv3x3(norm(x)), then a block of full attention."""

    def __init__(self, site):
        super().__init__()
        self.conv = nn.Sequential(nn.BatchNorm2d(site.width), nn.Conv2d(site.width, site.width, 3, 1, 1), nn.GELU())
        self.block = Block(site, Everywhere(site))

    def forward(self, x):
        return self.block(x + conved(self.conv, x))


class LongerHybrid(VisionMixersMethod):
    card = Card(title="Convolution and attention, three times as long")
    steps = 3.0
    free_size = True

    def block(self, site, layer):
        return Hybrid(site)
