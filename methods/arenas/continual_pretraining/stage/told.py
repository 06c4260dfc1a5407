"""Models that look at the first pieces of a passage, and read the rest in a way that depends on them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

FIRST = 16      # pieces that are looked at; they are themselves read as if nothing were known of the passage


class Told(nn.Module):
    """ids (B, T) -> logits (B, T, V). Subclasses say what is `plain`, and what follows from the first pieces."""

    def plain(self, ids: Tensor) -> Tensor:
        raise NotImplementedError

    def following(self, ids: Tensor, first: Tensor) -> Tensor:
        """Logits of all of ids, knowing what `first` (B, FIRST) is."""
        raise NotImplementedError

    def forward(self, ids: Tensor) -> Tensor:
        first = ids[:, :FIRST]
        if ids.shape[1] <= FIRST:
            return self.plain(ids)
        return torch.cat([self.plain(first), self.following(ids, first)[:, FIRST:]], 1)


def prompted(body: nn.Module, ids: Tensor, prompts: Tensor) -> list[Tensor]:
    """The states (B, T, D) of a body after every block, with prompts (B or 1, P, D) in front of the passage."""
    x = torch.cat([prompts.expand(len(ids), -1, -1), body.enter(ids)], 1)
    states = []
    for block in body.blocks:
        x = block(x)
        states.append(x[:, prompts.shape[1]:])
    return states
