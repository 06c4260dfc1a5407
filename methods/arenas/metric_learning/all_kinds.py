"""All kinds: learn from other drawings of the very kinds that are asked.

The bound of this arena: the same network, steps and loss as the plain softmax, without anything new to be found.

Follows the textbook.
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card


class AllKinds(MetricMethod):
    sees_asked = True
    card = Card(title="All kinds learnt")

    rate: float = rate_factor(3.0)

    def head(self, task):
        return nn.Linear(task.features, task.kinds)

    def loss(self, z, y, task):
        return F.cross_entropy(self.trained_head(z), y)
