"""Fixed windows with a convolution of positions: VSA whose windows neither move nor grow.

    x <- x + DW(x);  x <- x + A_windows(norm x);  x <- x + F(norm x)

Tells what varied windows give from what the convolution before them gives.
"""

from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Block, Windowed
from methods.kit.method import Card


class Positioned(nn.Module):
    """
    >>> from methods.arenas.vision_mixers.stage.nets import Site
    >>> Positioned(Site(8, 1, 8, 4, 8, 4)).place.kernel_size
    (5, 5)
    """

    def __init__(self, site):
        super().__init__()
        kernel = 2 * (site.window // 2) + 1
        self.place = nn.Conv2d(site.width, site.width, kernel, 1, kernel // 2, groups=site.width)
        self.block = Block(site, Windowed(site))

    def forward(self, x):
        return self.block(x + self.place(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))


class FixedWindows(VisionMixersMethod):
    card = Card(title="Window attention after a convolution")

    def block(self, site, layer):
        return Positioned(site)
