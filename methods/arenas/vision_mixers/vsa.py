"""VSA: each head looks into a window whose size and place it learns from what the window holds.

For every window and head, a scale s and an offset o for both axes come from the window's mean token; keys and values
are read, between tokens, at as many points of the moved window as it has tokens; queries stay.

    o, s = W LeakyReLU(mean of the window),  W = 0 at the start
    point = centre + (1 + s) (place in the window) + o / (windows a side);  softmax(q k^T / sqrt d + b) v at the points

Where W is nought this is window attention with a depthwise convolution of positions before it.

Departs from the paper: one stage; all blocks of a stage are varied windows, none shifted, as in the paper.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.nets import Site
>>> mixer = VariedWindows(Site(8, 1, 8, 4, 8, 4))
>>> points = mixer.points(torch.zeros(1, 8, 8, 8))                    # (x, y) from -1 to 1: still the windows' tokens
>>> [round(value, 2) for value in points[0, 0, :5, 0].tolist()]
[-1.0, -0.71, -0.43, -0.14, 0.14]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import Bias, Block, attend, unwindowed, windows
from methods.kit.method import Beats, Card, GainGrows, Paper


class VariedWindows(nn.Module):
    def __init__(self, site):
        super().__init__()
        self.heads, self.side, self.size = site.heads, site.side, site.window
        self.many, self.pairs = site.side // site.window, site.window ** 2
        self.offset, self.scale = (nn.Linear(site.width, 2 * site.heads) for _ in range(2))
        for layer in (self.offset, self.scale):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.ask, self.out = nn.Linear(site.width, 3 * site.width), nn.Linear(site.width, site.width)
        self.bias = Bias(site.window, site.heads)
        at = torch.linspace(-1, 1, site.side)
        grid = torch.stack([at.expand(site.side, -1), at[:, None].expand(-1, site.side)], -1)     # (H, W, 2): x, y
        self.register_buffer("grid", windows(grid[None], site.window), persistent=False)          # (windows, T, 2)

    def points(self, x):
        """(N * heads, H, W, 2) where the keys and values of each place are read."""
        mean = F.leaky_relu(windows(x, self.size).mean(1)).view(len(x), -1, x.shape[-1])          # (N, windows, D)
        offset, scale = (layer(mean).unflatten(-1, (self.heads, 1, 2)).permute(0, 2, 1, 3, 4)
                         for layer in (self.offset, self.scale))                            # (N, heads, windows, 1, 2)
        centre = self.grid.mean(1, keepdim=True)
        points = centre + (1 + scale) * (self.grid - centre) + offset / self.many
        return unwindowed(points.flatten(0, 2), self.size, self.side)

    def forward(self, x):
        points = self.points(x)
        q, k, v = self.ask(x).unflatten(-1, (3, self.heads, -1)).permute(3, 0, 4, 5, 1, 2)        # (N, heads, d, H, W)
        k, v = F.grid_sample(torch.cat([k, v], 2).flatten(0, 1), points, align_corners=True).chunk(2, 1)
        q, k, v = (windows(part.reshape(-1, *part.shape[-3:]).permute(0, 2, 3, 1), self.size)
                   .unflatten(0, (len(x), self.heads, -1)).transpose(1, 2).flatten(0, 1) for part in (q, k, v))
        return self.out(unwindowed(attend(q, k, v, self.bias()), self.size, self.side))


class Positioned(nn.Module):
    """A depthwise convolution added to the tokens, then a block."""

    def __init__(self, site):
        super().__init__()
        kernel = 2 * (site.window // 2) + 1
        self.place = nn.Conv2d(site.width, site.width, kernel, 1, kernel // 2, groups=site.width)
        self.block = Block(site, VariedWindows(site))

    def forward(self, x):
        return self.block(x + self.place(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))


class Vsa(VisionMixersMethod):
    card = Card(
        title="VSA",
        papers=(Paper("VSA: Learning Varied-Size Window Attention in Vision Transformers", 2022,
                      arxiv="2204.08446"),),
        fidelity="faithful",
        claims=(Beats("shifted-window", on="label_bits", by=0.02), Beats("fixed-windows", on="label_bits"),
                Beats("fixed-windows", on="label_bits", setting="sizes"),
                GainGrows("shifted-window", on="label_bits", to="sizes")),
    )

    def block(self, site, layer):
        return Positioned(site)
