"""Proxy anchor: every learnt direction pulls all drawings of its kind in the batch and pushes all the others.

    loss = mean over kinds k in the batch of log(1 + sum_{x of k} exp(-32 (s(x, p_k) - 0.1)))
           + mean over all kinds of log(1 + sum_{x of others} exp(32 (s(x, p_k) + 0.1)))

Departs from the paper: directions learn at the arena's rate, not at a hundred times the network's.

>>> import torch
>>> s = torch.tensor([[0.1, -0.1]])                                                  # one drawing of the first of two
>>> round(anchored(s, torch.tensor([0]), 32.0, 0.1).item(), 4)                       # log 2 + log 2 / 2
1.0397
"""

import torch
import torch.nn.functional as F

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import Proxies
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def anchored(s, y, alpha, margin):
    """The loss of cosines (B, K) with the directions of all kinds."""
    own = F.one_hot(y, s.shape[1]).bool()
    zero = s.new_zeros(1, s.shape[1])
    pulled = torch.cat([zero, torch.where(own, -alpha * (s - margin), -torch.inf)]).logsumexp(0)
    pushed = torch.cat([zero, torch.where(own, -torch.inf, alpha * (s + margin))]).logsumexp(0)
    return pulled[own.any(0)].mean() + pushed.mean()


class ProxyAnchor(MetricMethod):
    card = Card(
        title="Proxy anchor",
        papers=(Paper("Proxy Anchor Loss for Deep Metric Learning", 2020, arxiv="2003.13911"),),
        fidelity="core",
        claims=(Beats("multi-similarity", on="r1"), Beats("norm-softmax", on="r1")),
    )

    rate: float = rate_factor(3.0)
    alpha: float = param(32.0, "scale of the cosines", low=1.0, high=64.0)
    margin: float = param(0.1, "of the cosines", low=0.0, high=0.5)

    def head(self, task):
        return Proxies(task.kinds, task.features)

    def loss(self, z, y, task):
        return anchored(self.trained_head(z), y, self.alpha, self.margin)
