"""All labels: the same network with the labels of all pictures.

What the pictures without labels would be worth with them: the upper end of this arena, not a contestant.

    loss = mean CE(y, p(x)) over the views of all pictures of the batch

>>> import torch
>>> all_of(torch.tensor([1]), torch.tensor([2, 3])).tolist()
[1, 2, 3, 2, 3]
"""

import torch
import torch.nn.functional as F

from methods.arenas.semi_supervised.arena import SemiSupervisedMethod
from methods.arenas.semi_supervised.stage.task import rate_factor
from methods.kit.method import Card


def all_of(y, free_y):
    """Labels of the labelled, the weak and the strong views."""
    return torch.cat([y, free_y, free_y])


class AllLabels(SemiSupervisedMethod):
    card = Card(title="All labels (upper bound)")
    sees_labels = True

    rate: float = rate_factor(3.0)

    def loss(self, net, batch, task):
        return F.cross_entropy(net(torch.cat([batch.x, batch.weak, batch.strong])), all_of(batch.y, batch.free_y))
