"""DINOv2, uncurated: the same on all pictures.

For the question what leaving out other pictures is worth.

    loss = CE(S(slow(v1)), f(v2)) + mean CE(S(slow(hidden patch)), g(patch)) + 0.1 KoLeo over each view

>>> import torch
>>> round(spread(torch.tensor([[1.0, 0.0], [-1.0, 0.0]])).item(), 4)             # -log 2
-0.6931
"""

from methods.arenas.visual_pretraining.arena import VisualPretrainingMethod
from methods.arenas.visual_pretraining.stage.dinov2 import dinov2_loss, dinov2_network
from methods.arenas.visual_pretraining.stage.distilled import let_follow, spread  # noqa: F401
from methods.arenas.visual_pretraining.stage.task import rate_factor
from methods.kit.method import Card
from methods.kit.params import param


class Dinov2Uncurated(VisualPretrainingMethod):
    card = Card(title="DINOv2 on all pictures")

    rate: float = rate_factor(1.0)
    momentum: float = param(0.99, "what the slow copy keeps of itself in the first step", low=0.0, high=0.999)
    koleo: float = param(0.1, "weight of the spreading", low=0.0, high=2.0)

    def network(self, task):
        return dinov2_network(task)

    def loss(self, net, x, task):
        return dinov2_loss(net, x, task, self.koleo)

    def after_step(self, net, task):
        let_follow(net, self.momentum, task.progress)
