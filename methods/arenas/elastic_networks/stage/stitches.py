"""Two trained networks joined by a linear map."""

from __future__ import annotations

from torch import Tensor, nn

from methods.arenas.elastic_networks.stage.nets import Net


class Stitched(nn.Module):
    """The first `place` blocks of a smaller network, a linear map, and the other blocks of a larger one."""

    def __init__(self, small: Net, large: Net, place: int, stitch: nn.Linear):
        super().__init__()
        self.small, self.large, self.place, self.stitch = small, large, place, stitch
        self.cost = small.enter.weight.numel() + stitch.weight.numel() + large.head.weight.numel() + sum(
            block.cost for block in [*small.blocks[:place], *large.blocks[place:]])  # type: ignore[misc]

    def forward(self, x: Tensor) -> Tensor:
        h = self.small.enter(x)
        for block in self.small.blocks[:self.place]:
            h = block(h)
        h = self.stitch(h)
        for block in self.large.blocks[self.place:]:
            h = block(h)
        return self.large.logits(h)
