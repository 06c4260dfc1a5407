"""Soft contrastive: HIB's loss on points, its rival without clouds.

    p(m | x1, x2) = sigmoid(-a |z1 - z2| + b),   loss = mean over pairs of -log p(match) or -log(1 - p(match))

Departs from the paper: eight dimensions, of a layer on the arena's network; drawings are compared by cosine; a batch
gives all pairs of one kind, and as many of two.

>>> import torch
>>> round(matching(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2), torch.tensor(1.0), torch.tensor(5.0)).item(), 4)
0.5
"""

import torch
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card, Paper


def matching(one, other, a, b):
    """Match probability (P,) of points (P, D)."""
    return torch.sigmoid(b - a * ((one - other).square().sum(1) + 1e-12).sqrt())


class SoftContrastive(MetricMethod):
    card = Card(
        title="Soft contrastive loss",
        papers=(Paper("Modeling Uncertainty with Hedged Instance Embedding", 2018, arxiv="1810.00319",
                      covers="the rival with point embeddings"),),
        fidelity="core",
    )

    rate: float = rate_factor(3.0)

    def network(self, task):
        return nn.Sequential(task.network(), nn.ReLU(), nn.Linear(task.features, 8)).to(task.train.x.device)

    def head(self, task):
        head = nn.Module()
        head.a, head.b = nn.Parameter(torch.tensor(0.0)), nn.Parameter(torch.tensor(0.0))
        return head

    def loss(self, z, y, task):
        same, other = (torch.nonzero(pairs.triu(1)) for pairs in same_and_other(y))
        other = other[torch.randperm(len(other), generator=task.generator)[:len(same)].to(z.device)]
        one, two = torch.cat([same, other]).T
        p = matching(z[one], z[two], self.trained_head.a.exp(), self.trained_head.b).clamp(1e-6, 1 - 1e-6)
        own = torch.arange(len(p), device=z.device) < len(same)
        return -torch.where(own, p, 1 - p).log().mean()
