"""HIB: embed a drawing as a cloud, and let it be wide where the drawing can be several things.

Network and samples give the probability that two drawings match; a bottleneck keeps clouds from shrinking to points.

    p(m | x1, x2) = mean over 8 x 8 samples of sigmoid(-a |z1 - z2| + b),   z ~ N(mu(x), diag sigma(x)^2), a > 0
    loss = mean over pairs of -log p(match) or -log(1 - p(match)) + 1e-4 (KL1 + KL2) from N(0, I)
    uncertainty = 1 - p(m | x, x)

Departs from the paper: eight dimensions, of a layer on the arena's network; drawings are compared by the cosine of
their means; a batch gives all pairs of one kind, and as many of two.

>>> import torch
>>> one = torch.tensor(1.0)
>>> round(matched(torch.zeros(1, 2, 1), torch.tensor([[[1.0], [-1.0]]]), one, one).item(), 4)
0.5
"""

import torch
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import same_and_other
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

WIDTH, SAMPLES = 8, 8


def matched(one, other, a, b):
    """Match probability (P,) of samples (P, K, D)."""
    gap = ((one[:, :, None] - other[:, None]).square().sum(-1) + 1e-12).sqrt()
    return torch.sigmoid(b - a * gap).mean((1, 2))


class Hib(MetricMethod):
    card = Card(
        title="HIB",
        papers=(Paper("Modeling Uncertainty with Hedged Instance Embedding", 2018, arxiv="1810.00319"),),
        fidelity="core",
        claims=(Beats("soft-contrastive", on="pair_auroc", setting="degraded"),
                Beats("untrained", on="uncertainty_auroc", setting="degraded", by=5)),
    )

    rate: float = rate_factor(3.0)
    beta: float = param(1e-4, "weight of the bottleneck", low=0.0, high=1.0)

    def network(self, task):
        return nn.Sequential(task.network(), nn.ReLU(), nn.Linear(task.features, 2 * WIDTH)).to(task.train.x.device)

    def head(self, task):
        head = nn.Module()
        head.a, head.b = nn.Parameter(torch.tensor(0.0)), nn.Parameter(torch.tensor(0.0))
        return head

    def _drawn(self, mean, deviation, task):
        noise = torch.randn(len(mean), SAMPLES, WIDTH, generator=task.generator).to(mean.device)
        return mean[:, None] + deviation[:, None] * noise

    def loss(self, z, y, task):
        mean, deviation = z[:, :WIDTH], z[:, WIDTH:].exp()
        samples = self._drawn(mean, deviation, task)
        same, other = (torch.nonzero(pairs.triu(1)) for pairs in same_and_other(y))
        other = other[torch.randperm(len(other), generator=task.generator)[:len(same)].to(z.device)]
        one, two = torch.cat([same, other]).T
        p = matched(samples[one], samples[two], self.trained_head.a.exp(), self.trained_head.b).clamp(1e-6, 1 - 1e-6)
        own = torch.arange(len(p), device=z.device) < len(same)
        kl = 0.5 * (mean.square() + deviation.square() - 1).sum(1) - z[:, WIDTH:].sum(1)
        return -torch.where(own, p, 1 - p).log().mean() + self.beta * (kl[one] + kl[two]).mean()

    def after_step(self, net, task):
        self._task = task

    def embed(self, net, x):
        return net(x)[:, :WIDTH]

    def uncertainty(self, net, x):
        z = net(x)
        mean, deviation = z[:, :WIDTH], z[:, WIDTH:].exp()
        one, two = (self._drawn(mean, deviation, self._task) for _ in (0, 1))
        return 1 - matched(one, two, self.trained_head.a.exp(), self.trained_head.b)
