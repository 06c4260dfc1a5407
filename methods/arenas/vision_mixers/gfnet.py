"""Global filters: every block weighs the frequencies of the picture; none attends.

    x + F(norm IFFT2(K * FFT2(norm x)))

Departs from the paper: one stage; size and classifier are the arena's.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.spectral import Spectrum
>>> Spectrum(8, 4).weight.numel()                                     # 4 * 3 frequencies, 8 channels, 2 parts
192
"""

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.spectral import SpectralBlock
from methods.kit.method import Beats, Card, Paper


class Gfnet(VisionMixersMethod):
    card = Card(
        title="Global filters (GFNet)",
        papers=(Paper("Global Filter Networks for Image Classification", 2021, arxiv="2107.00645"),),
        fidelity="core",
        claims=(Beats("full-attention", on="label_bits"),),
    )

    def block(self, site, layer):
        return SpectralBlock(site)
