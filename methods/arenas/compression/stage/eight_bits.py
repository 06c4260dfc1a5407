"""Maps and embeddings of eight bits, through which gradients go straight."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.compression.stage.packed import WORD


def eight(x: Tensor, most: Tensor) -> Tensor:
    """x on the grid of 255 values from -most to most; gradients go through as if nothing had happened."""
    scale = 127 / most.clamp(min=1e-8)
    near = (x * scale).clamp(-127, 127).round() / scale
    return x + (near - x).detach()


class Eight(nn.Module):
    """A map with weights and inputs of eight bits; the largest input is a moving average of what training showed, or,
    where it is watched `always`, of what comes."""

    def __init__(self, linear: nn.Linear, momentum: float, always: bool = False):
        super().__init__()
        self.weight, self.bias, self.momentum, self.watching = linear.weight, linear.bias, momentum, always
        self.register_buffer("most", torch.zeros((), device=linear.weight.device))

    def forward(self, x: Tensor) -> Tensor:
        if self.training or self.watching:
            now = x.detach().abs().max()
            self.most = now if self.most == 0 else self.momentum * self.most + (1 - self.momentum) * now
        return F.linear(eight(x, self.most), eight(self.weight, self.weight.detach().abs().max()), self.bias)

    def stored_bits(self) -> float:
        return 8 * self.weight.numel() + WORD * self.bias.numel() + 2 * 32


class EightRows(nn.Module):
    """Embeddings of eight bits."""

    def __init__(self, rows: Tensor):
        super().__init__()
        self.rows = nn.Parameter(rows.detach().clone())

    @property
    def weight(self) -> Tensor:
        return eight(self.rows, self.rows.detach().abs().max())

    @property
    def embedding_dim(self) -> int:
        return self.rows.shape[1]

    def forward(self, ids: Tensor) -> Tensor:
        return F.embedding(ids, self.weight)

    def stored_bits(self) -> float:
        return 8 * self.rows.numel() + 32
