"""Labels only: learn from the few pictures that have labels, in weak views.

What the labels alone are worth with the same network and number of steps. The reference of this arena.

    loss = mean -log p(y | weak x)

>>> import torch
>>> round(named(torch.tensor([[0.0, 0.0]]), torch.tensor([1])).item(), 4)                                # -log(1/2)
0.6931
"""

import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Card


def named(logits, y):
    return F.cross_entropy(logits, y)


class LabelsOnly(SemiSupervisedMethod):
    card = Card(title="Labels only")

    rate: float = rate_factor(1.0)

    def loss(self, net, batch, task):
        return named(net(batch.x), batch.y)
