"""Linear attention that forgets: TransNormer's mixer and feed-forward part, and what is left when a part is missing."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.sequence_mixers.stage.nets import Site, heads, joined, mixed_linearly


def slopes(many: int) -> Tensor:
    """(heads,) how fast each forgets in the first layer: 2^(-8 h / H).

    >>> slopes(4).tolist()
    [0.25, 0.0625, 0.015625, 0.00390625]
    """
    return 2.0 ** (-8 * torch.arange(1, many + 1) / many)


def unit(x: Tensor) -> Tensor:
    """x / (|x| / sqrt d), with nothing to learn.

    >>> unit(torch.tensor([3.0, 4.0])).square().sum().item()
    2.0
    """
    return F.normalize(x, dim=-1) * x.shape[-1] ** 0.5


class Forgetting(nn.Module):
    """norm(sum_{s <= t} (q_t . k_s) lam^(t - s) v_s) * u, then one map; q and k through Swish, in the first layer
    turned by learnt angles. `decays` and `gated` say whether lam < 1 and whether u is there."""

    slope: Tensor

    def __init__(self, site: Site, decays: bool = True, gated: bool = True):
        super().__init__()
        self.heads = site.heads
        self.ask, self.out = nn.Linear(site.width, 3 * site.width), nn.Linear(site.width, site.width)
        self.gate = nn.Linear(site.width, site.width) if gated else None
        d = site.width // site.heads
        self.angle = nn.Parameter(10_000.0 ** (-2 / d * torch.arange(d))) if site.layer == 0 else None
        left = 1 - site.layer / max(1, site.layers - 1) + 1e-5
        self.register_buffer("slope", slopes(site.heads) * left if decays else None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (heads(part, self.heads) for part in self.ask(x).chunk(3, -1))
        q, k = F.silu(q), F.silu(k)
        if self.angle is not None:
            turned = torch.arange(x.shape[1], device=x.device)[:, None] * self.angle
            q, k = (torch.cat([part * turned.cos(), part * turned.sin()], -1) for part in (q, k))
        mixed = unit(joined(mixed_linearly(q, k, v, self.slope)[0]))
        return self.out(mixed * self.gate(x) if self.gate else mixed)


class Glu(nn.Module):
    """(V x * U x) W, without an activation."""

    def __init__(self, site: Site):
        super().__init__()
        self.rise, self.beside = nn.Linear(site.width, site.hidden), nn.Linear(site.width, site.hidden)
        self.out = nn.Linear(site.hidden, site.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rise(x) * self.beside(x))
