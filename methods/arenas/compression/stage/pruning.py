"""Which weights, heads or blocks stay."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.compression.stage.packed import WORD, Sparse, replace_maps, room, stored_bits
from methods.kit.lm_nets import Body


def density(net: nn.Module, budget: float, block: int = 1) -> float:
    """The share of weights that can be kept at 16 bits each, when places take a bit a block."""
    return min(1.0, max(0.0, (room(net, budget) - 1 / block ** 2) / WORD))


def top(scores: Tensor, share: float) -> Tensor:
    """A mask of the highest scores, as many as `share` allows.

    >>> top(torch.tensor([[3.0, 1.0], [2.0, 0.0]]), 0.5).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    order = scores.flatten().argsort(descending=True)
    return torch.zeros(scores.numel(), device=scores.device).index_fill_(
        0, order[:int(share * scores.numel())], 1.0).view_as(scores)


def pruned(net: nn.Module, score: Callable[[Tensor], Tensor], share: float) -> nn.Module:
    """The model with the weights that score highest in each matrix; the others are zero and stay so."""
    replace_maps(net, lambda linear: Sparse(linear, top(score(linear.weight.detach()), share)))
    return net


def influence(net: Body, windows: Tensor) -> list[float]:
    """BI_l = 1 - E cos(x_l, x_l+1): how much each block turns the stream."""
    ids = windows[:, :-1].long()
    with torch.no_grad():
        streams = [net.enter(ids), *net.states(ids)]
    return [1 - F.cosine_similarity(a, b, dim=-1).mean().item() for a, b in zip(streams, streams[1:], strict=False)]


def affordable(net: Body, budget: float) -> int:
    """How many whole blocks may stay."""
    one = stored_bits(net.blocks[0])
    return max(1, min(len(net.blocks), int((budget - stored_bits(net) + len(net.blocks) * one) / one)))
