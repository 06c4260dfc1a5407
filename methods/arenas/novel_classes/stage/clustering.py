"""Clusters of embeddings without training."""

from __future__ import annotations

import torch
from torch import Tensor


def k_means(x: Tensor, many: int, generator: torch.Generator, *, starts: int = 5, rounds: int = 25,
            fixed: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Clusters (N,) and centres (K, D) of the best of several starts by k-means++; `fixed` (F, D) are centres that
    come first and stay.

    >>> x = torch.tensor([[0.0], [0.1], [5.0], [5.1]])
    >>> clusters, centres = k_means(x, 2, torch.Generator().manual_seed(0))
    >>> sorted(round(c, 2) for c in centres.flatten().tolist())
    [0.05, 5.05]
    """
    best: tuple[float, Tensor, Tensor] | None = None
    kept = 0 if fixed is None else len(fixed)
    for _ in range(starts):
        centres = _spread(x, many, generator) if fixed is None else torch.cat([fixed, _spread(
            x, many - kept, generator, torch.cdist(x, fixed).square().min(1).values)])
        for _ in range(rounds):
            clusters = torch.cdist(x, centres).argmin(1)
            share = torch.zeros(many, device=x.device).index_add_(0, clusters, torch.ones(len(x), device=x.device))
            means = torch.zeros_like(centres).index_add_(0, clusters, x) / share.clamp(min=1)[:, None]
            moved = torch.where((share > 0)[:, None], means, centres)
            if fixed is not None:
                moved = torch.cat([fixed, moved[kept:]])
            if torch.equal(moved, centres):
                break
            centres = moved
        apart, clusters = torch.cdist(x, centres).min(1)
        total = apart.square().sum().item()
        if best is None or total < best[0]:
            best = total, clusters, centres
    assert best is not None
    return best[1], best[2]


def _spread(x: Tensor, many: int, generator: torch.Generator, nearest: Tensor | None = None) -> Tensor:
    """Rows drawn one after another with chances as the squared distance to those drawn before."""
    chosen: list[int] = []
    for _ in range(many):
        chances = torch.ones(len(x)) if nearest is None else nearest.clamp(min=1e-12).cpu()
        chosen.append(int(torch.multinomial(chances, 1, generator=generator)))
        apart = (x - x[chosen[-1]]).square().sum(1)
        nearest = apart if nearest is None else torch.minimum(nearest, apart)
    return x[chosen]
