"""A feed-forward part that is many small ones, of which each piece uses some."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.lm_nets import Feed

Choice = tuple[Tensor, Tensor, Tensor]          # chances (N, E) of all experts, weights and numbers (N, k) of some
Gate = Callable[["Experts", Tensor], Choice]


class Experts(nn.Module):
    """(…, D) -> (…, D): sum over the chosen experts of weight times what each makes of the piece.

    `router` says how well each expert suits; `gate` makes a choice of that. After a pass `logits` (N, E) and what the
    gate chose are those of the pass. `shared`, where there is one, is added for every piece.
    """

    logits: Tensor
    chances: Tensor
    weights: Tensor
    index: Tensor
    shared: nn.Module | None

    def __init__(self, width: int, hidden: int, many: int, gate: Gate, router: nn.Module | None = None,
                 shared: nn.Module | None = None):
        super().__init__()
        self.rise = nn.Parameter(0.05 * torch.randn(many, width, hidden))
        self.rise_bias = nn.Parameter(torch.zeros(many, 1, hidden))
        self.out = nn.Parameter(0.02 / math.sqrt(2) * torch.randn(many, hidden, width))
        self.out_bias = nn.Parameter(torch.zeros(many, 1, width))
        self.router = nn.Linear(width, many, bias=False) if router is None else router
        self.gate, self.shared = gate, shared

    @property
    def many(self) -> int:
        return len(self.rise)

    @torch.no_grad()
    def append(self, feed: Feed) -> None:
        """One more expert; a linear router gets a row for it as it gave the others."""
        parts = feed.rise.weight.T[None], feed.rise.bias[None, None], feed.out.weight.T[None], feed.out.bias[None, None]
        for name, part in zip(("rise", "rise_bias", "out", "out_bias"), parts, strict=True):
            setattr(self, name, nn.Parameter(torch.cat([getattr(self, name), part])))
        if isinstance(self.router, nn.Linear):
            old = self.router.weight
            self.router = nn.Linear(old.shape[1], self.many, bias=False).to(old.device)
            self.router.weight[:-1] = old

    @torch.no_grad()
    def take(self, feeds: list[Feed]) -> None:
        """Expert i becomes feeds[i]."""
        self.rise = nn.Parameter(torch.stack([f.rise.weight.T for f in feeds]).contiguous())
        self.rise_bias = nn.Parameter(torch.stack([f.rise.bias[None] for f in feeds]))
        self.out = nn.Parameter(torch.stack([f.out.weight.T for f in feeds]).contiguous())
        self.out_bias = nn.Parameter(torch.stack([f.out.bias[None] for f in feeds]))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(0, -2)
        self.logits = self.router(flat)
        self.chances, self.weights, self.index = self.gate(self, flat)
        y = self.mix(flat).view_as(x)
        return y if self.shared is None else y + self.shared(x)

    def mix(self, x: Tensor) -> Tensor:
        """Each expert works on the pieces (N, D) that chose it, in rows padded to the longest."""
        slots, places = seats(self.index, self.many)
        rows = torch.cat([x, x.new_zeros(1, x.shape[1])])[slots]                          # (E, most, D)
        y = torch.baddbmm(self.out_bias, F.gelu(torch.baddbmm(self.rise_bias, rows, self.rise)), self.out)
        return (y.flatten(0, 1)[places] * self.weights[..., None]).sum(1)


def seats(index: Tensor, many: int) -> tuple[Tensor, Tensor]:
    """Which pieces (E, most) each expert works on, N where none, and where (N, k) the answers to a piece lie.

    >>> [each.tolist() for each in seats(torch.tensor([[1], [0], [1]]), 2)]
    [[[1, 3], [0, 2]], [[2], [0], [3]]]
    """
    flat = index.flatten()
    counts = torch.bincount(flat, minlength=many)
    order, most = flat.argsort(stable=True), int(counts.max())
    chosen = flat[order]
    at = chosen * most + torch.arange(len(flat), device=flat.device) - (counts.cumsum(0) - counts)[chosen]
    slots = torch.full((many * most,), len(index), device=flat.device)
    slots[at] = order // index.shape[1]
    return slots.view(many, most), torch.empty_like(flat).scatter_(0, order, at).view_as(index)


def best(chances: Tensor, k: int, renormalise: bool = True) -> Choice:
    """The k experts of highest chance; their weights are their chances, made to sum to one where wanted.

    >>> [each.tolist() for each in best(torch.tensor([[0.25, 0.5, 0.25]]), 1)[1:]]
    [[[1.0]], [[1]]]
    """
    weights, index = chances.topk(min(k, chances.shape[1]), 1)
    return chances, weights / weights.sum(1, keepdim=True) if renormalise else weights, index


def balance(chances: Tensor, index: Tensor) -> Tensor:
    """E sum_i f_i P_i, with f_i the share of choices that fell on expert i and P_i its mean chance; 1 where even.

    >>> float(balance(torch.full((4, 2), 0.5), torch.tensor([[0], [1], [0], [1]])))
    1.0
    """
    many = chances.shape[1]
    share = torch.bincount(index.flatten(), minlength=many).to(chances) / index.numel()
    return many * (share * chances.mean(0)).sum()
