"""Untrained: the network with the weights that everybody starts from.

What random convolutions find. Training that ends below has unlearnt something.

Follows the textbook.
"""

from methods.arenas.metric_learning.arena import MetricMethod
from methods.kit.method import Card


class Untrained(MetricMethod):
    card = Card(title="Untrained network")

    def fit(self, task):
        task.trial.record(1, 1, loss=0.0)
        task.trial.count(gradients=0)
        return task.settle(self.network(task))
