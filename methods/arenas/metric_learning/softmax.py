"""Softmax: learn to name the kinds with a linear layer, and keep what comes before it.

The reference of this arena: no pairs, no margins, no sphere.

Follows the textbook.
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Card


class Softmax(MetricMethod):
    card = Card(title="Softmax")

    rate: float = rate_factor(3.0)

    def head(self, task):
        return nn.Linear(task.features, task.kinds)

    def loss(self, z, y, task):
        return F.cross_entropy(self.trained_head(z), y)
