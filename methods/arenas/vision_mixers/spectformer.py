"""SpectFormer: the first blocks weigh the frequencies of the picture, the others attend.

    spectral block: x + F(norm IFFT2(K * FFT2(norm x))),  K a complex weight for each frequency and channel
    attention block: x + A(norm x), then + F(norm x)

The paper takes 4 spectral blocks of 12; here alpha is 1 of 4. None makes it a plain vision transformer.

Departs from the paper: one stage; size and classifier are the arena's.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.spectral import Spectrum
>>> layer, x = Spectrum(8, 4), torch.randn(1, 4, 4, 8)
>>> with torch.no_grad():
...     _ = layer.weight.zero_(), layer.weight[..., 0].fill_(2.0)     # all frequencies doubled: so is the picture
>>> torch.allclose(layer(x), 2 * x, atol=1e-5)
True
"""

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Block, Everywhere
from methods.arenas.vision_mixers.stage.spectral import SpectralBlock
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Spectformer(VisionMixersMethod):
    card = Card(
        title="SpectFormer",
        papers=(Paper("SpectFormer: Frequency and Attention is what you need in a Vision Transformer", 2023,
                      arxiv="2304.06446"),),
        fidelity="faithful",
        claims=(Beats("full-attention", on="label_bits", by=0.02), Beats("gfnet", on="label_bits", by=0.02),
                Beats("attention-first", on="label_bits")),
        reduces_to=("full-attention", {"alpha": 0}),
    )

    alpha: int = param(1, "spectral blocks before the attention", low=0, high=4)

    def block(self, site, layer):
        return SpectralBlock(site) if layer < self.alpha else Block(site, Everywhere(site))
