"""CORAL: features of every two domains are to have the same mean and covariance.

    loss = CE + weight * mean_{i < j} (mean |m_i - m_j|^2 + mean |C_i - C_j|^2)

Departs from the paper: means are matched as well and squares averaged, as in DomainBed, which made it a method for
domains that are not seen. The weight is the best here of its 1, a tenth and a hundredth: the hundredth. With one
domain it is ERM.

>>> import torch
>>> from methods.arenas.domain_generalization.stage.nets import apart
>>> apart(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [3.0]])).item()
1.0
"""

import itertools

import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.nets import apart
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Coral(DomainGeneralizationMethod):
    card = Card(
        title="CORAL",
        papers=(Paper("Deep CORAL: Correlation Alignment for Deep Domain Adaptation", 2016, arxiv="1607.01719"),),
        fidelity="core",
        reduces_to=("erm", {"weight": 0.0}),
    )

    weight: float = param(0.01, "weight of the distance", low=0.0, high=100.0)

    def loss(self, net, batch, task):
        z = net.features(batch.x)
        pairs = list(itertools.combinations(batch.by_domain(z), 2))
        distance = sum((apart(a, b) for a, b in pairs), z.new_zeros(())) / max(1, len(pairs))
        return F.cross_entropy(net.head(z), batch.y) + self.weight * distance
