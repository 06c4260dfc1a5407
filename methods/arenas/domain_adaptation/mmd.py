"""MMD: features of both domains have the same mean under every kernel of a family.

    loss = CE(head(z_s), y_s) + weight * (mean k(s, s') + mean k(t, t') - 2 mean k(s, t))           (eq. 1, 4)
    k = mean over m of exp(-|a - b|^2 / (m * d)),   m = 1/4, 1/2, 1, 2, 4;  d the batch's mean squared distance

Departs from the paper: one adapted layer, five kernels of equal weight around a batch's mean distance instead of a
wider, weighted family around the median, and all pairs of a batch instead of the linear estimate.

>>> import torch
>>> round(discrepancy(torch.zeros(2, 1), torch.zeros(2, 1)).item(), 4)   # the same points
0.0
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.domain_adaptation.arena import SOURCE_GONE, DomainAdaptationMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def discrepancy(z: Tensor, v: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of z (B, D) and v (B', D)."""
    both = torch.cat([z, v])
    far = (both[:, None] - both[None]).square().sum(2)
    width = far.detach().mean().clamp_min(1e-6)
    k = torch.stack([(-far / (m * width)).exp() for m in (0.25, 0.5, 1.0, 2.0, 4.0)]).mean(0)
    n = len(z)
    return k[:n, :n].mean() + k[n:, n:].mean() - 2 * k[:n, n:].mean()


class Mmd(DomainAdaptationMethod):
    card = Card(
        title="Multi-kernel MMD (DAN)",
        papers=(Paper("Learning Transferable Features with Deep Adaptation Networks", 2015, arxiv="1502.02791"),),
        fidelity="core",
        claims=(Beats("source-only", on="target_accuracy"),),
        waivers=SOURCE_GONE,
    )

    weight: float = param(1.0, "how much the discrepancy counts", low=0.0, high=5.0)

    def loss(self, net, task):
        (x, y), (_, u) = task.source(), task.target()
        z, v = net.features(x), net.features(u) if len(u) > 1 else net.features(u.repeat(2, 1, 1, 1))
        return F.cross_entropy(net.head(z), y) + self.weight * discrepancy(z, v)
