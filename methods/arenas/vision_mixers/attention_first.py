"""Attention first: SpectFormer's blocks in the other order, the spectral one last.

Tells whether it matters that frequencies come first.
"""

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Block, Everywhere
from methods.arenas.vision_mixers.stage.spectral import SpectralBlock
from methods.kit.method import Card


class AttentionFirst(VisionMixersMethod):
    card = Card(title="SpectFormer, attention first")

    def block(self, site, layer):
        return SpectralBlock(site) if layer == site.layers - 1 else Block(site, Everywhere(site))
