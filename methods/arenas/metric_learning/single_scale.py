"""Single scale: the omni-scale network with one stream of four convolutions, wider until it has as many weights.

The rival that says what streams of several lengths are worth.

Follows the textbook.
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.omni import OmniNet, wide_enough
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card


class SingleScale(MetricMethod):
    card = Card(title="Single scale")

    rate: float = rate_factor(1.0)

    def network(self, task):
        whole = OmniNet(task.features, task.wide, (1, 2, 3, 4), ("none", "none"))
        width = wide_enough(task.features, (4,), sum(p.numel() for p in whole.parameters()))
        return OmniNet(task.features, width, (4,), ("none", "none")).to(task.train.x.device)

    def head(self, task):
        return nn.Linear(task.features, task.kinds)

    def loss(self, z, y, task):
        return F.cross_entropy(self.trained_head(z), y, label_smoothing=0.1)
