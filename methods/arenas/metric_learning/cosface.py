"""CosFace: a softmax over cosines in which the own kind's cosine is made smaller by a margin.

    loss = CE(s (cos theta_k - m [k = y]), y),   s = 64, m = 0.35

Departs from the paper: drawings, network and batches are the arena's.

>>> import torch
>>> from methods.arenas.metric_learning.stage.losses import angular
>>> round(angular(torch.tensor([[0.5, 0.0]]), torch.tensor([0]), 0.0, 0.5, 2.0).item(), 4)      # both 0 now: log 2
0.6931
"""

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import Proxies, angular
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Cosface(MetricMethod):
    card = Card(
        title="CosFace",
        papers=(Paper("CosFace: Large Margin Cosine Loss for Deep Face Recognition", 2018, arxiv="1801.09414"),),
        fidelity="faithful",
        claims=(Beats("norm-softmax", on="r1"), Beats("softmax", on="r1")),
    )

    rate: float = rate_factor(3.0)
    margin: float = param(0.35, "taken off the own kind's cosine", low=0.0, high=1.0)
    scale: float = param(64.0, "of the cosines", low=1.0, high=128.0)

    def head(self, task):
        return Proxies(task.kinds, task.features)

    def loss(self, z, y, task):
        return angular(self.trained_head(z), y, 0.0, self.margin, self.scale)
