"""Feature-mean loss: features are drawn to the mean of their class.

    loss = CE + weight * sum_y mean_{x of y} |z(x) - M_y|^2

RIDG with features in the place of rationales: what holding features alone does. The pace is RIDG's, and
the weight the best of the same three.

>>> import torch
>>> from methods.arenas.domain_generalization.stage.means import RunningMeans
>>> RunningMeans(0.001).loss(torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([1, 1])).item()
1.0
"""

import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.means import RunningMeans
from methods.kit.method import Card
from methods.kit.params import param


class FeatureMeanLoss(DomainGeneralizationMethod):
    card = Card(title="Distance to the class's mean features", reduces_to=("erm", {"weight": 0.0}))

    weight: float = param(1e-4, "weight of the distance to the mean", low=0.0, high=0.1)
    momentum: float = param(0.001, "how far the mean moves in a step", low=0.0, high=1.0)

    def fit(self, task):
        self.means = RunningMeans(self.momentum)
        return super().fit(task)

    def loss(self, net, batch, task):
        z = net.features(batch.x)
        return F.cross_entropy(net.head(z), batch.y) + self.weight * self.means.loss(z, batch.y)
