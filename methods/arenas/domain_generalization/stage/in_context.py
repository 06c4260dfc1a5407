"""A network that reads pictures one after another and says of each what it is, given those before it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.arenas.domain_generalization.stage.nets import FEATURES, Net


class Reader(nn.Module):
    """Pictures (M, T, 2, S, S) -> logits (M, T, classes), each from its picture and those to its left; maps are
    normalised within a picture, so that no other way leads from one to another."""

    def __init__(self, side: int, classes: int, width: int, longest: int, layers: int = 2, heads: int = 4):
        super().__init__()
        self.see = Net(side, classes, width)
        self.see.early[1], self.see.middle[1] = nn.GroupNorm(2, width), nn.GroupNorm(2, 2 * width)
        self.place = nn.Parameter(0.02 * torch.randn(longest, FEATURES))
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(FEATURES, heads, 4 * FEATURES, 0.0, "gelu",
                                                               batch_first=True, norm_first=True)
                                    for _ in range(layers))
        self.norm = nn.LayerNorm(FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.see.features(x.flatten(0, 1)).view(*x.shape[:2], -1))

    def read(self, z: Tensor) -> Tensor:
        """Logits (M, T, classes) of features (M, T, D)."""
        z = z + self.place[:z.shape[1]]
        later = torch.full((z.shape[1], z.shape[1]), -torch.inf, device=z.device).triu(1)
        for block in self.blocks:
            z = block(z, src_mask=later)
        return self.see.head(self.norm(z))

    def after(self, x: Tensor, context: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, 2, S, S), each after the same context (C, 2, S, S)."""
        z = self.see.features(torch.cat([context, x]))
        before, asked = z[:len(context)], z[len(context):]
        return self.read(torch.cat([before[None].expand(len(x), -1, -1), asked[:, None]], 1))[:, -1]
