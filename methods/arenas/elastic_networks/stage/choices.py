"""A network whose every block may be one of several."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from methods.arenas.elastic_networks.stage.nets import BLOCKS, CLASSES, Block

STREAM, HIDDEN = 64, (8, 48, 112, 192)
Paths = tuple[int, tuple[tuple[int, ...], ...]]        # how many first blocks are shared, and each path's choices


class Choices(nn.Module):
    """A stream of 64 through four blocks, each one of four of other hidden widths. Paths share their first blocks."""

    def __init__(self, pixels: int, smaller: int = 1):
        super().__init__()
        width = STREAM // smaller
        self.enter, self.norm = nn.Linear(pixels, width), nn.LayerNorm(width)
        self.layers = nn.ModuleList(nn.ModuleList(Block(width, hidden // smaller) for hidden in HIDDEN)
                                    for _ in range(BLOCKS))
        self.head = nn.Linear(width, CLASSES)
        self.ends = (pixels + CLASSES) * width
        self.allowed = [list(range(len(HIDDEN))) for _ in range(BLOCKS)]

    def outputs(self, x: Tensor, paths: Paths) -> Tensor:
        """(K, N, 10) logits of each path."""
        shared, chosen = paths
        h = self.enter(x)
        for i in range(shared):
            h = self.layers[i][chosen[0][i]](h)  # type: ignore[index]
        said = []
        for path in chosen:
            own = h
            for i in range(shared, BLOCKS):
                own = self.layers[i][path[i]](own)  # type: ignore[index]
            said.append(self.head(self.norm(own)))
        return torch.stack(said)

    def cost(self, paths: Paths) -> int:
        """Multiply-adds a picture; what is shared counts once, and so does everything of equal paths."""
        shared, chosen = paths
        blocks = [(i, chosen[0][i]) for i in range(shared)]
        for path in dict.fromkeys(chosen):
            blocks += [(i, path[i]) for i in range(shared, BLOCKS)]
        return self.ends + sum(self.layers[i][choice].cost for i, choice in blocks)  # type: ignore[index, union-attr, misc]

    def draw(self, below: Callable[[int], int], many: int) -> Paths:
        """Paths that share some first blocks, all else drawn evenly from what is allowed; `below`
        draws a number."""
        def path() -> tuple[int, ...]:
            return tuple(allowed[below(len(allowed))] for allowed in self.allowed)
        shared = below(BLOCKS) if many > 1 else 0
        first = path()
        return shared, (first, *(first[:shared] + path()[shared:] for _ in range(many - 1)))


class Ensemble(nn.Module):
    """The mean of what paths say."""

    def __init__(self, net: Choices, paths: Paths):
        super().__init__()
        self.net, self.paths = net, paths

    def forward(self, x: Tensor) -> Tensor:
        return self.net.outputs(x, self.paths).mean(0)
