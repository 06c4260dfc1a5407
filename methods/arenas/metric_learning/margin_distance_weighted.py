"""Distance-weighted margin: draw negatives from all distances alike, and learn a border between near and far.

On a sphere nearly all drawings lie at one distance, so even draws see nothing else. Weighing by the inverse of how many
lie at a distance, cut off where it would be noise, draws from everywhere.

    Pr(n | a) ~ 1 / q(max(d_an, 0.5)) on d_an < 1.4,   q(d) ~ d^(D-2) (1 - d^2/4)^((D-3)/2)
    loss = mean over what is not far enough of (0.2 + d_ap - beta)+ and (0.2 + beta - d_an)+,   beta learnt from 1.2

Departs from the paper: one border for all kinds; as in public code, distances under 0.5 count as 0.5 where the paper
caps the weight, and none from 1.4 on is drawn (where all are so far, all alike). Weights are scaled by each anchor's
largest.

>>> import torch
>>> drawn = weights(torch.tensor([[0.6, 1.0, 1.3]]), torch.tensor([[True, True, False]]), 3)
>>> [round(v, 3) for v in drawn[0].tolist()]
[1.0, 0.6, 0.0]
"""

import torch
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import distances, margin_loss, positives, same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper


def weights(d, other, wide):
    """How likely each negative is (B, N), up to a constant, by distances on the sphere of `wide` dimensions."""
    d = d.detach().clamp(min=0.5)
    log_q = (wide - 2) * d.log() + (wide - 3) / 2 * (1 - d.square() / 4).clamp(min=1e-8).log()
    log_w = torch.where(other & (d < 1.4), -log_q, -torch.inf)
    w = (log_w - log_w.amax(1, keepdim=True).clamp(min=-1e30)).exp()
    return torch.where(w.sum(1, keepdim=True) > 0, w, other.to(w.dtype))


class MarginDistanceWeighted(MetricMethod):
    card = Card(
        title="Distance-weighted margin loss",
        papers=(Paper("Sampling Matters in Deep Embedding Learning", 2017, arxiv="1706.07567"),),
        fidelity="core",
        claims=(Beats("margin-random", on="r1"), Beats("triplet-semi-hard", on="r1"), Beats("contrastive", on="r1")),
    )

    rate: float = rate_factor(3.0)

    def head(self, task):
        head = nn.Module()
        head.beta = nn.Parameter(torch.tensor(1.2))
        return head

    def loss(self, z, y, task):
        d = distances(z)
        anchor, positive = positives(y)
        chances = weights(d, same_and_other(y)[1], z.shape[1])[anchor]
        negative = torch.multinomial(chances.cpu(), 1, generator=task.generator)[:, 0].to(z.device)
        return margin_loss(d, anchor, positive, negative, self.trained_head.beta, 0.2)
