"""Linear: a layer on dots, without a network.

    f(x) = W x + b

What is to be had without learning features: the lower end of this arena, not a contestant.

>>> from torch import nn
>>> nn.Linear(2, 3).weight.numel()
6
"""

from torch import nn

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.kit.method import Card


class Linear(DomainGeneralizationMethod):
    card = Card(title="Linear (lower bound)")

    def net(self, task):
        return nn.Sequential(nn.Flatten(), nn.Linear(2 * task.side ** 2, task.classes))
