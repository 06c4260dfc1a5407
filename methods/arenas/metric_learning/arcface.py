"""ArcFace: a softmax over cosines in which the own kind's angle is made wider by a margin.

    loss = CE(s cos(theta_k + m [k = y]), y),   s = 64, m = 0.5

Departs from the paper: drawings, network and batches are the arena's; an angle that would pass pi stays there, without
a gradient (the authors' code goes on with cos theta less m sin m).

>>> import torch
>>> from methods.arenas.metric_learning.stage.losses import angular
>>> at = torch.tensor([[1.0, 0.0]])
>>> round(angular(at, torch.tensor([0]), 0.0, 0.0, 1.0).item(), 4)                              # log(1 + exp(-1))
0.3133
>>> round(angular(at * 0.999999, torch.tensor([0]), 0.5, 0.0, 1.0).item(), 3)                   # log(1 + exp(-cos .5))
0.348
"""

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.losses import Proxies, angular
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Arcface(MetricMethod):
    card = Card(
        title="ArcFace",
        papers=(Paper("ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2018, arxiv="1801.07698"),),
        fidelity="faithful",
        claims=(Beats("cosface", on="r1"), Beats("norm-softmax", on="r1")),
    )

    rate: float = rate_factor(3.0)
    margin: float = param(0.5, "radians added to the own kind's angle", low=0.0, high=1.0)
    scale: float = param(64.0, "of the cosines", low=1.0, high=128.0)

    def head(self, task):
        return Proxies(task.kinds, task.features)

    def loss(self, z, y, task):
        return angular(self.trained_head(z), y, self.margin, 0.0, self.scale)
