"""SupCon: each drawing is told from all others as belonging to every one of its kind.

    loss = mean_i  -1/|P(i)| sum_{p in P(i)} log exp(z_i z_p / tau) / sum_{a != i} exp(z_i z_a / tau),   tau = 0.1

Departs from the paper: the embedding itself is compared, without a projector that is thrown away; a batch has four
drawings of a kind in place of two views of each.

>>> import torch
>>> z = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
>>> round(supervised(z, torch.tensor([0, 0, 1, 1]), 1.0).item(), 4)                     # -log(e / (e + 2))
0.5514
"""

import torch
import torch.nn.functional as F

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def supervised(z, y, tau):
    """The supervised contrast of embeddings (B, D) of kinds (B,)."""
    z = F.normalize(z, dim=1)
    said = (z @ z.T / tau).fill_diagonal_(-torch.inf).log_softmax(1)
    same = same_and_other(y)[0]
    return -(said.masked_fill(~same, 0.0).sum(1) / same.sum(1).clamp(min=1)).mean()


class Supcon(MetricMethod):
    card = Card(
        title="SupCon",
        papers=(Paper("Supervised Contrastive Learning", 2020, arxiv="2004.11362"),),
        fidelity="core",
        claims=(Beats("softmax", on="r1"),),
    )

    rate: float = rate_factor(3.0)
    tau: float = param(0.1, "temperature of the contrast", low=0.02, high=1.0)

    def loss(self, z, y, task):
        return supervised(z, y, self.tau)
