"""Contextual similarity: two drawings are alike when their nearest neighbours are the same ones.

Whether j is among the k nearest of i is a step, which is passed backwards as if it were a line; neighbourhoods that
overlap are similar. This similarity is fitted to the labels beside a contrast of cosines.

    n_ij = [s_ij >= s_i(k)],   w_ij = n_ij sum_l n_il n_jl / sum_l n_il
    w' = mean of w over the k/2 reciprocal neighbours, then made symmetric
    loss = 0.4 mean (y_ij - w'_ij)^2 + 0.6 contrast + 0.1 (mean s)^2
    contrast = mean of (0.75 - s)+ over pairs of a kind + mean of (s - 0.6)+ over others

Departs from the paper: written from its description. Its public code weights the contrast by 0.5 and takes its mean
over pairs that are within the margin; pulls the mean similarity to 0.25, not 0; counts what is near neither, too, half
and half; leaves the diagonal out of the fit; gives steps a slack of 0.05, the k-th similarity no gradient and the
reciprocal neighbours one. The slope of a step passed backwards is ours (1, better than 10 on a seed never scored; its
code has 10, on squared distances); k is the number of a kind in a batch.

>>> import torch
>>> s = torch.tensor([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]])
>>> overlap(s, 2, 1.0).tolist()                                   # two are each other's, the third looks at the second
[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.5, 1.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


class Step(torch.autograd.Function):
    """1 where x >= 0, else 0; backwards as if it were x times a constant."""

    @staticmethod
    def forward(ctx, x, slope):
        ctx.slope = slope
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return ctx.slope * gradient, None


def overlap(s, k, slope):
    """w_ij above (B, B) of similarities (B, B), whose steps are passed backwards as lines of this slope."""
    near = Step.apply(s - s.topk(k, 1).values[:, -1:], slope)
    return near * (near @ near.T) / near.detach().sum(1, keepdim=True)


def expanded(w, s, k):
    """Each row the mean over its k reciprocal neighbours, then symmetric."""
    with torch.no_grad():
        near = s >= s.topk(max(1, k), 1).values[:, -1:]
        both = (near & near.T).to(w.dtype)
        both = both / both.sum(1, keepdim=True)
    w = both @ w
    return (w + w.T) / 2


class ContextualLoss(MetricMethod):
    card = Card(
        title="Contextual loss",
        papers=(Paper("Supervised Metric Learning to Rank for Retrieval via Contextual Similarity Optimization", 2022,
                      arxiv="2210.01908"),),
        fidelity="core",
        claims=(Beats("contrastive", on="r1", by=0.5),
                GainGrows("contrastive", on="r1", from_="default", to="noisy-labels")),
    )

    rate: float = rate_factor(3.0)
    share: float = param(0.4, "weight of the contextual part", low=0.0, high=1.0)
    slope: float = param(1.0, "of the line that stands for a step backwards", low=0.1, high=20.0)
    level: float = param(0.1, "weight of the mean similarity", low=0.0, high=1.0)

    def loss(self, z, y, task):
        z = F.normalize(z, dim=1)
        s = z @ z.T
        same, other = same_and_other(y)
        w = expanded(overlap(s, task.each, self.slope), s, task.each // 2)
        fitted = (w - (y[:, None] == y[None]).to(w.dtype)).square().mean()
        contrast = (0.75 - s[same]).clamp(min=0).mean() + (s[other] - 0.6).clamp(min=0).mean()
        return self.share * fitted + (1 - self.share) * contrast + self.level * s.mean().square()
