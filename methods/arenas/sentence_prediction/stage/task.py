"""What a method is given: vectors of sentences in their order, and a small causal network over them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from methods.kit.lm_nets import Attention, Block, Feed

CONTEXT = 8


class Reader(nn.Module):
    """Vectors (B, T, D) of sentences -> states (B, T, H), each of what stands up to it."""

    def __init__(self, size: int, width: int, blocks: int):
        super().__init__()
        self.enter = nn.Linear(size, width)
        self.blocks = nn.ModuleList(Block(width, Attention(width, max(1, width // 16)), Feed(width, 4 * width))
                                    for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, size)

    def states(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) a vector for what follows each sentence."""
        return self.leave(self.states(x))


class Task:
    """`size` is that of vectors; every direction has mean 0 and deviation 1 over the text. `known` (N, 9, D) are runs
    of nine sentences, `beyond` (N, D) what follows each, for an upper bound alone. `step` counts to `steps`."""

    def __init__(self, data, trial):
        o = trial.options
        self.options, self.device, self.size = o, trial.device, data.runs.shape[-1]
        self.known, self.beyond = data.runs, data.beyond
        self.generator, self.steps, self.step = trial.generator("choice"), o.steps, 0

    def reader(self) -> Reader:
        return Reader(self.size, self.options.width, self.options.blocks).to(self.device)

    def noise(self, *shape: int) -> Tensor:
        """Normal numbers."""
        return torch.randn(shape, generator=self.generator).to(self.device)

    def lots(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1)."""
        return torch.rand(shape, generator=self.generator).to(self.device)
