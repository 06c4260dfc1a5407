"""GC ViT: in every second block the windows are asked by queries that the whole picture has made.

A small network of convolutions and pooling brings all tokens of the stage, before its blocks, down to as many as a
window has. Odd blocks use them as the queries of every window, whose own tokens give keys and values; even blocks are
plain window attention. Both have a learnt bias for every offset.

    g = heads of pool(e + W (SE(GELU(DW e)))), e = tokens of the stage
    odd blocks: softmax(g k^T / sqrt d + b) v in each window;  even blocks: softmax(q k^T / sqrt d + b) v

Departs from the paper: one stage of four blocks; no layer scale, as in its smaller models; SE has biases, and SiLU
between its layers, not GELU.

>>> import torch
>>> from methods.arenas.vision_mixers.stage.nets import Site
>>> stack = GcVit().stack(Site(8, 1, 8, 4, 8, 4))
>>> tuple(stack.queries(torch.randn(2, 8, 8, 8)).shape)                # pictures, heads, tokens of a window, width
(2, 1, 16, 8)
"""

from torch import nn

from methods.arenas.vision_mixers.arena import VisionMixersMethod
from methods.arenas.vision_mixers.stage.nets import (
    Bias,
    Block,
    Feed,
    SqueezeExcite,
    Windowed,
    attend,
    unwindowed,
    windows,
)
from methods.kit.method import Beats, Card, Paper


class Shrunk(nn.Module):
    """x + a fused MBConv of (N, D, H, W), then pooled to half the side."""

    def __init__(self, width):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, groups=width, bias=False), nn.GELU(),
                                  SqueezeExcite(width, width // 4), nn.Conv2d(width, width, 1, bias=False))
        self.pool = nn.MaxPool2d(3, 2, 1)

    def forward(self, x):
        return self.pool(x + self.conv(x))


class Asked(nn.Module):
    """A block whose windows are asked by queries (N, heads, T, d) from outside."""

    def __init__(self, site):
        super().__init__()
        self.heads, self.size, self.side, self.pairs = site.heads, site.window, site.side, site.window ** 2
        self.first, self.second = nn.LayerNorm(site.width), nn.LayerNorm(site.width)
        self.tell, self.out = nn.Linear(site.width, 2 * site.width), nn.Linear(site.width, site.width)
        self.bias, self.feed = Bias(site.window, site.heads), Feed(site.width, site.hidden)

    def forward(self, x, queries):
        k, v = self.tell(windows(self.first(x), self.size)).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        queries = queries.repeat_interleave(len(k) // len(x), 0)
        x = x + unwindowed(self.out(attend(queries, k, v, self.bias())), self.size, self.side)
        return x + self.feed(self.second(x))


class Stage(nn.Module):
    def __init__(self, site):
        super().__init__()
        self.heads = site.heads
        halvings = (site.side // site.window).bit_length() - 1
        self.shrink = nn.Sequential(*(Shrunk(site.width) for _ in range(halvings)))
        self.blocks = nn.ModuleList(Asked(site) if i % 2 else Block(site, Windowed(site)) for i in range(site.layers))

    def queries(self, x):
        return self.shrink(x.permute(0, 3, 1, 2)).flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3)

    def forward(self, x):
        queries = self.queries(x)
        for block in self.blocks:
            x = block(x, queries) if isinstance(block, Asked) else block(x)
        return x


class GcVit(VisionMixersMethod):
    card = Card(
        title="GC ViT",
        papers=(Paper("Global Context Vision Transformers", 2022, arxiv="2206.09959"),),
        fidelity="faithful",
        claims=(Beats("shifted-window", on="label_bits", setting="far", by=0.05),
                Beats("shifted-window", on="label_bits"), Beats("window-attention", on="label_bits", setting="far")),
    )

    def stack(self, site):
        return Stage(site)
