"""Hidden patches that stay in their place: as a learnt token, or replaced by something else."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.arenas.visual_pretraining.stage.nets import Encoder


class MaskToken(nn.Module):
    """A learnt token for hidden patches, and a layer that says the dots of all places (N, T, dots)."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.token, self.say = nn.Parameter(0.02 * torch.randn(encoder.width)), nn.Linear(encoder.width, encoder.dots)

    def tokens(self, encoder: Encoder, patches: Tensor, hidden: Tensor) -> Tensor:
        """What the encoder makes (N, T, width) of patches of which `hidden` (N, T) are replaced by the token."""
        embedded = torch.where(hidden[:, :, None], self.token, encoder.embed(patches))
        return encoder.run(embedded + encoder.place)

    def forward(self, encoder: Encoder, patches: Tensor, hidden: Tensor) -> Tensor:
        return self.say(self.tokens(encoder, patches, hidden))


def shares(many: int, dropped: float, swapped: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """For each picture how much of it is replaced (N,) and whether by another picture (N,), as for every second one:
    then `swapped`, else what noise replaces, between half (or `dropped`, if that is less) and `dropped`."""
    alien, low = torch.rand(many, generator=generator) < 0.5, min(0.5, dropped)
    noisy = low + (dropped - low) * torch.rand(many, generator=generator)
    return torch.where(alien, torch.full((many,), swapped), noisy), alien


def replaced(patches: Tensor, noise: Tensor, where: Tensor, alien: Tensor) -> Tensor:
    """Patches (N, T, D), those `where` (N, T) replaced by the next picture's for `alien` (N,) ones, by noise for
    others."""
    other = torch.where(alien[:, None, None], patches.roll(-1, 0), noise)
    return torch.where(where[:, :, None], other, patches)


def restorer(encoder: Encoder) -> nn.Sequential:
    """Two layers from tokens to dots."""
    return nn.Sequential(nn.Linear(encoder.width, encoder.width), nn.GELU(), nn.Linear(encoder.width, encoder.dots))
